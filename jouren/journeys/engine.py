"""The advancer: moves everybody who is due, many at a time.

One tick is one transaction: claim due enrolments, load their facts in a query a version, :func:`decide` each step until
the person has to wait, and write all moves and deliveries back as sets. One person whose facts or writes fail is
set apart with the reason; the others of the batch go on.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import psycopg
from django.db import InterfaceError, OperationalError, transaction

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.journeys.decide import GOAL_REACHED, decide
from jouren.journeys.models import EnrolmentState
from jouren.journeys.program import Facts, Go, Proceed, Stay, Step
from jouren.journeys.series.reading import NO_SERIES, Reading
from jouren.journeys.sources import DatabaseFacts, FactSource
from jouren.journeys.versions import LoadedVersion, load_version
from jouren.journeys.writers import DatabaseWriter

logger = logging.getLogger(__name__)
_sql = load_sql("journeys")

CHANNEL = "jouren_advance"
BATCH = 1_000
MAX_STEPS_A_TICK = 50


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
    place: str | None = None


@dataclass(slots=True)
class Move:
    """What became of one walker in one tick."""

    walker: Walker
    version: LoadedVersion
    state: int
    step: str | None
    arrived_at: datetime
    due_at: datetime | None = None
    waits_for: str | None = None
    reason: str = ""
    effects: list[Step] = field(default_factory=list)
    place: str | None = None


class Writer(Protocol):
    """Where decisions go: the database, or a collector."""

    def write(self, moves: Sequence[Move], now: datetime) -> None:
        """Take all moves of one batch."""


def tick() -> int:
    """Advance the next batch of due enrolments. Returns how many."""
    now = clock.now()
    with transaction.atomic():
        walkers = [Walker(*row) for row in _sql.all("claim_due", {"now": now, "limit": BATCH})]
        if walkers:
            _advance_or_set_apart(walkers, now)
    return len(walkers)


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
        values = source.load(version.program.facts, [walker.contact_id for walker in group], now)
        closures = source.closures()
        series = source.series(version, group) if version.program.series else NO_SERIES
        moves += [walk(walker, version, values[walker.contact_id], closures, now, series=series) for walker in group]
    writer.write(moves, now)


def walk(
    walker: Walker,
    version: LoadedVersion,
    values: tuple[Any, ...],
    closures: Container[date],
    now: datetime,
    *,
    series: Reading = NO_SERIES,
) -> Move:
    """Decide step after step until the person has to wait, leaves, or has walked to the end.

    After a step that changes what is known of the person the walk pauses, to go on in the next tick with fresh facts.
    """
    program, steps = version.program, version.program.steps
    step_id = walker.step
    orders, place = series.orders, walker.place
    fixed = (closures, walker.contact_id, walker.key, orders)
    got = series.got.get(walker.enrolment_id)
    facts = Facts(values, walker.entered_at, walker.arrived_at, walker.heard, *fixed, place, got)
    effects: list[Step] = []
    for _ in range(MAX_STEPS_A_TICK):
        if step_id is None:
            return Move(walker, version, EnrolmentState.FINISHED, None, now, effects=effects)
        decision = decide(program, steps[step_id], facts, now)
        if isinstance(decision, Go):
            step_id, effect = decision
            if facts.arrived_at is not now or place is not None:
                place = None
                facts = Facts(values, walker.entered_at, now, None, *fixed)
            if effect is not None:
                effects.append(effect)
                if effect.changes_facts:
                    break
        elif isinstance(decision, Stay):
            until, waits_for = decision
            at = facts.arrived_at
            return Move(walker, version, EnrolmentState.ACTIVE, step_id, at, until, waits_for, "", effects, place)
        elif isinstance(decision, Proceed):
            effect, place, since = decision
            effects.append(effect)
            facts = Facts(values, walker.entered_at, since, None, *fixed, place)
        else:
            reason = decision.reason
            state = EnrolmentState.FINISHED if reason == GOAL_REACHED else EnrolmentState.LEFT
            at = facts.arrived_at
            return Move(walker, version, state, step_id, at, reason=reason, effects=effects, place=place)
    return Move(walker, version, EnrolmentState.ACTIVE, step_id, now, now, None, "", effects)


def next_due() -> datetime | None:
    """When the next enrolment is due after now; None when nobody waits for a moment."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_busy() -> bool:
    """True when somebody is due now."""
    row = _sql.one("is_due", {"now": clock.now()})
    return bool(row and row[0])
