"""Takes the people of one version along to another. Inside the transaction of an edit that holds the journey."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from jouren.core.sql import load_sql
from jouren.journeys.engine import Walker, advance
from jouren.journeys.models import EnrolmentState, JourneyVersion
from jouren.journeys.passage import passage
from jouren.journeys.program import Program
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.steps import is_wait
from jouren.journeys.versions import load_version
from jouren.journeys.writers import Collector

_sql = load_sql("journeys")
_BATCH = 5_000


def move_people(origin: JourneyVersion, target: JourneyVersion, now: datetime, *, stands_still: bool) -> int:
    """Let everybody on the way through ``origin`` go on in ``target``. Returns how many.

    Their rows are locked by the caller. ``stands_still``: the journey does, and so do they.
    """
    way = passage(origin.compiled, target.compiled)
    program = load_version(target.pk).program
    anew = sorted(way.anew)
    heard = sorted(way.ways)
    moved = _sql.run(
        "move_people",
        {
            "journey_id": target.journey_id,
            "from_id": origin.pk,
            "to_id": target.pk,
            "now": now,
            "stands_still": stands_still,
            "gone": [UUID(step) for step in way.instead],
            "instead": [UUID(step) if step else None for step in way.instead.values()],
            "keeps_time": [step in way.replaced for step in way.instead],
            "instead_waits_for": [_waits_for(program, step) for step in way.instead.values()],
            "anew": [UUID(step) for step in anew],
            "anew_waits_for": [_waits_for(program, step) for step in anew],
            "way_steps": [UUID(step) for step, _number in heard],
            "ways_before": [number for _step, number in heard],
            "ways_now": [way.ways[each] for each in heard],
        },
    )
    if stands_still and moved:
        places = {step for step in (*anew, *way.instead.values()) if step and is_wait(target.compiled["steps"][step])}
        _find_moments(target, places, now)
    return moved


def _waits_for(program: Program, step: str | None) -> str | None:
    return program.steps[step].waits_for if step else None


def _find_moments(version: JourneyVersion, steps: Iterable[str], now: datetime) -> None:
    """For those who stand still at these steps: when they would be looked at, as the engine itself decides."""
    after, places = 0, [UUID(step) for step in sorted(steps)]
    while True:
        rows = _sql.all(
            "held_to_look_at",
            {
                "journey_id": version.journey_id,
                "version_id": version.pk,
                "steps": places,
                "after": after,
                "limit": _BATCH,
            },
        )
        if not rows:
            return
        after = rows[-1][0]
        collector = Collector()
        advance([Walker(*row) for row in rows], now, DatabaseFacts(), collector)
        stay = [
            (move.walker.enrolment_id, move.due_at)
            for move in collector.moves
            if move.state == EnrolmentState.ACTIVE and move.step == move.walker.step
        ]
        _sql.run("hold_until", {"ids": [each[0] for each in stay], "at": [each[1] for each in stay]})
