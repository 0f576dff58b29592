"""What an edit would do to the people in a journey, found before it is made.

The people at the steps that the edit touches are walked through the new program by the engine's own code, with a
collector in place of the database. Nothing is written. Of more than :data:`MOST` people a part is walked, and numbers
are scaled up from it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.journeys.changes import Changes, compare
from jouren.journeys.engine import Move, Walker, advance
from jouren.journeys.models import EnrolmentState, Journey, JourneyVersion
from jouren.journeys.passage import passage
from jouren.journeys.shape import Compiled, ahead
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.steps import does_something, is_wait
from jouren.journeys.versions import LoadedVersion, load_program
from jouren.journeys.writers import Collector

_sql = load_sql("journeys")
MOST = 100_000
SHOWN = 10
_BATCH = 5_000
_ROUNDS = 10
Sent = tuple[str, int, int]
"""A message of a walk: step, person, occurrence."""


@dataclass
class Sending:
    """A message that would go at once: from which step, to how many, and the first of them."""

    step: str
    people: float = 0
    first: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Missing:
    """People who would not come to a step. ``is_new``: it was put in behind them; else it lay ahead, and would not."""

    step: str
    people: int
    is_new: bool


@dataclass
class Impact:
    """What would happen to ``people`` on the way. Numbers by step; ``ends`` by (state, reason).

    ``standing``: people at each step that was changed, moved or is gone. ``is_about``: numbers of what would happen at
    once are scaled up from a part of the people, or what they do would change what is known of them.
    """

    changes: Changes
    people: int = 0
    touched: int = 0
    standing: Counter[str] = field(default_factory=Counter)
    sendings: dict[str, Sending] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    ends: dict[tuple[int, str], float] = field(default_factory=lambda: defaultdict(float))
    over: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    is_about: bool = False

    @property
    def sent_at_once(self) -> int:
        """How many messages would go at once."""
        return round(sum(sending.people for sending in self.sendings.values()))


def impact_of(
    journey: Journey, compiled: Compiled, origins: Iterable[JourneyVersion], *, goes_on: bool = False, most: int = MOST
) -> Impact:
    """What moving the people of ``origins`` to the program ``compiled`` would do.

    ``goes_on``: the journey stands still, and would go on with it. The first of ``origins`` is what ``compiled`` is
    compared with.
    """
    versions = list(origins)
    impact = Impact(compare(versions[0].compiled, compiled) if versions else Changes((), ()))
    target = LoadedVersion(0, journey.pk, 0, journey.name, load_program(compiled))
    counts = _counts(journey)
    for version in versions:
        here = counts.get(version.pk, Counter())
        impact.people += here.total()
        _count_standing(impact, version.compiled, compiled, here)
        _count_missing(impact, version.compiled, compiled, here)
        _DryRun(impact, version, compiled, target).walk(goes_on=goes_on, most=most)
    return impact


def _counts(journey: Journey) -> dict[int, Counter[str | None]]:
    """Where people stand: by version and step."""
    counts: dict[int, Counter[str | None]] = defaultdict(Counter)
    for version_id, step, people in _sql.all("active_versions", {"journey_id": journey.pk}):
        counts[version_id][step] = people
    return counts


def _count_standing(impact: Impact, old: Compiled, new: Compiled, here: Mapping[str | None, int]) -> None:
    for change in compare(old, new).steps:
        if people := here.get(change.step, 0):
            impact.standing[change.step] += people


def _count_missing(impact: Impact, old: Compiled, new: Compiled, here: Mapping[str | None, int]) -> None:
    """Add who would not come to what, by where they stand: what lay ahead of them, and what would."""
    instead = passage(old, new).instead
    acting = [step for compiled in (old, new) for step, raw in compiled["steps"].items() if does_something(raw)]
    missing: Counter[tuple[str, bool]] = Counter({(each.step, each.is_new): each.people for each in impact.missing})
    for step, people in here.items():
        lay, lies = ahead(old, step), ahead(new, instead.get(step or "", step))
        for acted in dict.fromkeys(acting):
            if acted not in lies and (acted in lay or acted not in old["steps"]):
                missing[acted, acted not in old["steps"]] += people
    impact.missing = [Missing(step, people, is_new) for (step, is_new), people in missing.items()]


class _DryRun:
    """Walks the people of one version through the program that would come."""

    def __init__(self, impact: Impact, version: JourneyVersion, compiled: Compiled, target: LoadedVersion) -> None:
        self._impact = impact
        self._version = version
        self._way = passage(version.compiled, compiled)
        self._target = target
        self._now = clock.now()
        self._waits = {step for step, raw in compiled["steps"].items() if is_wait(raw)}

    def walk(self, *, goes_on: bool, most: int) -> None:
        """Add what would happen at once. Of more than ``most`` people a part is walked."""
        asked: dict[str, Any] = {
            "journey_id": self._version.journey_id,
            "version_id": self._version.pk,
            "steps": [UUID(step) for step in self._way.affected],
            "overdue": goes_on,
            "now": self._now,
        }
        row = _sql.one("count_standing_at", asked)
        people = row[0] if row else 0
        if not people:
            return
        one_in = -(-people // most)
        rows = _sql.all("standing_at", {**asked, "one_in": one_in})
        weight = people / len(rows) if rows else 1.0
        self._impact.touched += people
        self._impact.is_about |= one_in > 1
        for start in range(0, len(rows), _BATCH):
            carried = [
                self._way.carry(Walker(*row), self._target.id, self._now) for row in rows[start : start + _BATCH]
            ]
            moves = list(self._moves(carried))
            had = self._had([move for _began, move in moves])
            for began, move in moves:
                self._tally(began, move, weight, had)

    def _moves(self, walkers: list[Walker]) -> Iterator[tuple[str | None, Move]]:
        """All moves that these people would make at once. The first of each comes with the step it began at."""
        is_first = True
        for _round in range(_ROUNDS):
            if not walkers:
                return
            collector = Collector()
            advance(walkers, self._now, DatabaseFacts(), collector, lambda _id: self._target)
            for move in collector.moves:
                yield (move.walker.step if is_first else None), move
            walkers = [
                move.walker._replace(
                    step=move.step, arrived_at=move.arrived_at, heard=None, skips=move.skips, place=move.place
                )
                for move in collector.moves
                if move.state == EnrolmentState.ACTIVE and move.due_at == self._now and move.waits_for is None
            ]
            is_first = False

    def _had(self, moves: Iterable[Move]) -> set[Sent]:
        """Which of the messages that these moves would send were sent before: they do not go again."""
        sent = [_sent(effect.id, move.walker) for move in moves for effect in move.effects if effect.tells]
        if not sent:
            return set()
        steps, contact_ids, occurrences = map(list, zip(*sent, strict=True))
        asked = {
            "run_id": self._version.run_id,
            "steps": steps,
            "contact_ids": contact_ids,
            "occurrences": occurrences,
        }
        return {(row[0], row[1], row[2]) for row in _sql.all("planned_before", asked)}

    def _tally(self, began: str | None, move: Move, weight: float, had: set[Sent]) -> None:
        impact = self._impact
        for effect in move.effects:
            # What such a step does is not done in a dry run, so what follows is found with today's facts.
            impact.is_about |= effect.changes_facts
            if effect.tells and _sent(effect.id, move.walker) not in had:
                sending = impact.sendings.setdefault(effect.written_as, Sending(effect.written_as))
                sending.people += weight
                if len(sending.first) < SHOWN:
                    sending.first.append(move.walker.contact_id)
        has_gone_on = move.state != EnrolmentState.ACTIVE or move.step != began
        if began in self._waits and has_gone_on and move.walker.heard is None:
            impact.over[str(began)] += weight
        if move.state != EnrolmentState.ACTIVE:
            impact.ends[move.state, move.reason] += weight


def _sent(step: str, walker: Walker) -> Sent:
    return step, walker.contact_id, walker.occurrence
