"""The advancer: moves everybody who is due, many at a time.

One tick is one transaction: claim due enrolments, load their facts in a query a version, :func:`decide` each step until
the person has to wait, and write all moves and deliveries back as sets. One person whose facts or writes fail is
set apart with the reason; the others of the batch go on.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import psycopg
from django.db import InterfaceError, OperationalError, transaction

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.journeys.decide import GOAL_REACHED, decide
from jouren.journeys.models import EnrolmentState
from jouren.journeys.program import Decision, Facts, Go, Proceed, Program, Stay, Step
from jouren.journeys.series.reading import SeriesRead, SeriesWalk
from jouren.journeys.sources import DatabaseFacts, FactSource
from jouren.journeys.versions import LoadedVersion, load_version
from jouren.journeys.writers import DatabaseWriter

logger = logging.getLogger(__name__)
_sql = load_sql("journeys")

CHANNEL = "jouren_advance"
BATCH = 1_000
MAX_STEPS_A_TICK = 50
_NOBODY: Mapping[int, SeriesRead] = {}


class Walker(NamedTuple):
    """One person in a journey, as claimed."""

    enrolment_id: int
    version_id: int
    contact_id: int
    occurrence: int
    step: str | None
    arrived_at: datetime
    entered_at: datetime
    heard: int | None
    key: str
    skips: bool = False
    journey_id: int = 0
    place: str | None = None


@dataclass(slots=True)
class Move:
    """What became of one walker in one tick. ``left_out``: what was skipped; ``skips``: so is what follows."""

    walker: Walker
    version: LoadedVersion
    state: int
    step: str | None
    arrived_at: datetime
    due_at: datetime | None = None
    waits_for: str | None = None
    reason: str = ""
    effects: list[Step] = field(default_factory=list)
    left_out: list[Step] = field(default_factory=list)
    trail: list[tuple[str, str | None]] = field(default_factory=list)
    skips: bool = False
    place: str | None = None


class Writer(Protocol):
    """Where decisions go: the database, or a collector."""

    def write(self, moves: Sequence[Move], now: datetime) -> None:
        """Take all moves of one batch."""


def tick() -> int:
    """Advance the next batch of due enrolments. Returns how many."""
    now = clock.now()
    with transaction.atomic():
        claimed = [Walker(*row) for row in _sql.all("claim_due", {"now": now, "limit": BATCH})]
        if walkers := _without_strays(claimed):
            _advance_or_set_apart(walkers, now)
    return len(claimed)


def _without_strays(walkers: Sequence[Walker]) -> list[Walker]:
    """Those who may go on. Who came into a journey just as it was paused is made to stand still with the others."""
    if not walkers:
        return []
    journey_ids = list({walker.journey_id for walker in walkers})
    still = {row[0] for row in _sql.all("standing_still", {"journey_ids": journey_ids})}
    if still:
        _sql.run("hold", {"ids": [walker.enrolment_id for walker in walkers if walker.journey_id in still]})
    return [walker for walker in walkers if walker.journey_id not in still]


def _advance_or_set_apart(walkers: Sequence[Walker], now: datetime) -> None:
    """Advance all in one savepoint; when that fails, in halves, until only those who fail are left."""
    try:
        with transaction.atomic():
            advance(walkers, now, DatabaseFacts(), DatabaseWriter())
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError):
        raise  # nobody's fault: the whole batch is tried again
    except Exception as error:
        if len(walkers) > 1:
            middle = len(walkers) // 2
            _advance_or_set_apart(walkers[:middle], now)
            _advance_or_set_apart(walkers[middle:], now)
            return
        logger.exception("Enrolment %s is stopped", walkers[0].enrolment_id)
        reason = f"{type(error).__name__}: {error}".replace("\x00", "")[:500]
        _sql.run("fail", {"ids": [walkers[0].enrolment_id], "now": now, "reason": reason})


def advance(
    walkers: Sequence[Walker],
    now: datetime,
    source: FactSource,
    writer: Writer,
    load: Callable[[int], LoadedVersion] = load_version,
) -> None:
    """Walk every walker as far as they can go now, with facts from ``source``, and hand the moves to ``writer``."""
    by_version: dict[int, list[Walker]] = defaultdict(list)
    for walker in walkers:
        by_version[walker.version_id].append(walker)
    moves = []
    for version_id, group in by_version.items():
        version = load(version_id)
        program, people = version.program, [walker.contact_id for walker in group]
        values = source.load(program.facts, people, now)
        best = source.best_hours(people, program.zone) if program.asks_best_hour else {}
        closures = source.closures()
        series = source.series(version.run_id, walks) if (walks := _in_series(program, group)) else _NOBODY
        alike: dict[Any, Move] = {}
        moves += [
            walk(
                walker,
                version,
                values[walker.contact_id],
                closures,
                now,
                best=best.get(walker.contact_id),
                series=series.get(walker.enrolment_id),
                alike=alike,
            )
            for walker in group
        ]
    writer.write(moves, now)


def _in_series(program: Program, walkers: Sequence[Walker]) -> list[SeriesWalk]:
    """Those who stand at a step that sends a series."""
    sending = program.series
    if not sending:
        return []
    return [
        SeriesWalk(walker.enrolment_id, sending[walker.step], walker.place)
        for walker in walkers
        if walker.step in sending
    ]


def walk(
    walker: Walker,
    version: LoadedVersion,
    values: tuple[Any, ...],
    closures: Container[date],
    now: datetime,
    *,
    best: tuple[int, ZoneInfo] | None = None,
    series: SeriesRead | None = None,
    trail: list[tuple[str, Decision]] | None = None,
    alike: dict[Any, Move] | None = None,
) -> Move:
    """Decide step after step until the person has to wait, leaves, or has walked to the end.

    After a step that changes what is known of the person the walk pauses, to go on in the next tick with fresh facts.
    ``trail`` gets every step that was decided, with what was decided. ``alike``: what others of the batch have walked
    from where they came to, to be looked up and added to, so that those who go the same way are decided once.
    """
    program, steps = version.program, version.program.steps
    facts = Facts(
        values,
        walker.entered_at,
        walker.arrived_at,
        walker.heard,
        closures,
        walker.contact_id,
        walker.key,
        best,
        series,
        walker.place,
    )
    move = Move(walker, version, EnrolmentState.ACTIVE, walker.step, now, now, skips=walker.skips)
    for _ in range(MAX_STEPS_A_TICK):
        if move.step is None:
            return _end(move, EnrolmentState.FINISHED, now)
        decision = decide(program, steps[move.step], facts, now)
        if trail is not None:
            trail.append((move.step, decision))
        if isinstance(decision, Go):
            move.trail.append((move.step, decision.next))
            move.step, effect = decision
            if effect is not None:
                (move.left_out if move.skips and effect.tells else move.effects).append(effect)
                if effect.changes_facts:
                    break
            if alike is not None and move.step is not None and not move.skips:
                return _go_on(move, _onward(move, values, closures, best, alike))
            if facts.arrived_at is not now or facts.place is not None:
                facts = Facts(values, walker.entered_at, now, None, closures, walker.contact_id, walker.key, best)
        elif isinstance(decision, Stay):
            move.due_at, move.waits_for = decision
            move.arrived_at, move.skips, move.place = facts.arrived_at, False, facts.place
            return move
        elif isinstance(decision, Proceed):
            (move.left_out if move.skips else move.effects).append(decision.effect)
            read = facts.series and facts.series._replace(got=None)
            facts = facts._replace(arrived_at=decision.since, heard=None, place=decision.place, series=read)
        else:
            state = EnrolmentState.FINISHED if decision.reason == GOAL_REACHED else EnrolmentState.LEFT
            move.place = facts.place
            return _end(move, state, facts.arrived_at, decision.reason)
    return move


def _onward(
    move: Move,
    values: tuple[Any, ...],
    closures: Container[date],
    best: tuple[int, ZoneInfo] | None,
    alike: dict[Any, Move],
) -> Move:
    """The rest of a walk from a step that somebody has come to this moment, as others of ``alike`` have walked it."""
    here: tuple[str | None, tuple[Any, ...]] | None = (move.step, values)
    try:
        if (known := alike.get(here)) is not None:
            return known
    except TypeError:  # a list of values cannot be looked up
        here = None
    arrived = move.walker._replace(step=move.step, arrived_at=move.arrived_at, heard=None, place=None)
    rest = walk(arrived, move.version, values, closures, move.arrived_at, best=best)
    steps = move.version.program.steps
    passed = [step for step, _next in rest.trail]
    if here is not None and all(steps[step].is_alike for step in (*passed, rest.step) if step is not None):
        alike[here] = rest
    return rest


def _go_on(move: Move, rest: Move) -> Move:
    move.state, move.step, move.arrived_at, move.due_at = rest.state, rest.step, rest.arrived_at, rest.due_at
    move.waits_for, move.reason, move.place, move.skips = rest.waits_for, rest.reason, rest.place, rest.skips
    move.effects += rest.effects
    move.trail += rest.trail
    return move


def _end(move: Move, state: int, arrived_at: datetime, reason: str = "") -> Move:
    move.state, move.arrived_at, move.due_at, move.reason, move.skips = state, arrived_at, None, reason, False
    return move


def next_due() -> datetime | None:
    """When the next enrolment is due after now; None when nobody waits for a moment."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_busy() -> bool:
    """True when somebody is due now."""
    row = _sql.one("is_due", {"now": clock.now()})
    return bool(row and row[0])
