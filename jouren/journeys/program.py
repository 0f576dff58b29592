"""A compiled journey: what the engine runs. Made from JSON, so that a version once published never changes.

The JSON, schema 2:

    {"schema": 2, "zone": "Asia/Tokyo", "first": STEP_ID | null,
     "triggers": [{"event": "order.paid", "match": {"kind": …}, "where": [TEST], "times": 1, "within_days": null}],
     "reentry": "once" | "again" | "after" | "keyed", "reentry_days": 30, "key": "order",
     "entry": TREE | null, "exits": [{"when": TREE, "reason": "…"}], "goal": TREE | null,
     "endings": [{"event": "order.undone", "match": {…}, "where": [TEST], "keyed": "order", "reason": "…"}],
     "entries_per_hour": null, "precedence": 2, "holdout": 10 | null, "conversion": GOAL | null, "conversion_days": 30,
     "dates": [{"fact": NAME, "args": {…}, "offset": 0, "at": "09:00", "yearly": true},
               {"event": "order.paid", "match": {…}, "where": [TEST], "offset": 7, "at": "09:00"}],
     "steps": {STEP_ID: {"type": "send", …, "next": STEP_ID | null}, …}}

What a step of each type holds is said where the type is, in ``jouren.journeys.steps``. A step's id is the UUID of the
block it was written as; TREE is a condition of ``jouren.conditions``, TEST one of ``jouren.events.policies``, GOAL
described in ``conversions.py``. ``key``: what a walk is about; the order also where ``reentry`` lets a person walk only
once, if a message names it. ``dates``, ``endings``, ``holdout``, ``conversion`` and its days may be missing.
Schema 1 had one ``trigger`` and is still read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from jouren.conditions.registry import FactUse
from jouren.events.types import Event
from jouren.journeys.series.reading import SeriesRead

SCHEMA = 2
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""When somebody is due who waits for something that has no moment of its own."""

Condition = Callable[[tuple[Any, ...], datetime], bool]


class Facts(NamedTuple):
    """What is known of one person in a journey.

    ``values``: the program's facts, in its order. ``heard``: which of the events that the step waits for has come, by
    rank. ``closures``: the shop's own days off. ``key``: what this walk is about, such as an order, where a journey is
    walked once for each. ``best``: the hour at which the person tends to answer, and the zone it is told in, where
    the program asks for it.

    ``series``: the series whose step the person stands at; None when nobody looked, because they have only just come.
    ``place``: the slot of it whose item they got last.
    """

    values: tuple[Any, ...]
    entered_at: datetime
    arrived_at: datetime
    heard: int | None = None
    closures: Container[date] = ()
    contact_id: int = 0
    key: str = ""
    best: tuple[int, ZoneInfo] | None = None
    series: SeriesRead | None = None
    place: str | None = None


class Go(NamedTuple):
    """Do ``effect`` (if any), then arrive at ``next`` now; None is the end of the journey."""

    next: str | None
    effect: Step | None = None


class Stay(NamedTuple):
    """Stay at this step until then, or until one of these events, their types separated by spaces."""

    until: datetime
    waits_for: str | None = None


class Proceed(NamedTuple):
    """Do ``effect``, and go on at this same step from ``place``, as somebody who stands there ``since`` then."""

    effect: Step
    place: str
    since: datetime


class Leave(NamedTuple):
    """Leave the journey before its end, for that reason."""

    reason: str


Decision = Go | Stay | Proceed | Leave


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """One step of a program. Subclasses are the step types; :meth:`decide` is the rule of each.

    ``changes_facts``: what it does may change what is known of the person, so that facts are loaded anew after it.
    ``is_dated``: it waits for a date in the calendar, which no pause puts later. ``tells``: what it does reaches the
    person, and is left out for somebody who skips what is overdue. ``asks_best_hour``: it needs ``Facts.best``.
    ``is_alike``: all who come to it in one moment, and of whom the same ``Facts.values`` are known, go the same way; so
    it looks at nothing else of a person.
    """

    id: str
    asks_best_hour: ClassVar[bool] = False
    changes_facts: ClassVar[bool] = False
    is_dated: ClassVar[bool] = False
    tells: ClassVar[bool] = False
    is_alike: ClassVar[bool] = False

    @abstractmethod
    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        """Where a person goes from here. Pure: no database, no clock."""

    @property
    def written_as(self) -> str:
        """The step of the journey that this is a part of: itself, but for an item of a series."""
        return self.id

    @property
    def is_clocked(self) -> bool:
        """Whether it ends on a day or at a time of day, and not after a length of time."""
        return False

    @property
    def waits_for(self) -> str | None:
        """The types of events that may wake somebody who waits here, separated by spaces."""
        return None

    def hears(self, event: Event, arrived_at: datetime, key: str) -> int | None:
        """The rank of the way that an event opens for somebody who waits here; None when it means nothing to them."""
        return None


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event that brings people in: of that type and payload, the ``times``-th within so many days."""

    event: str
    match: Mapping[str, Any] = field(default_factory=dict)
    where: tuple[Mapping[str, Any], ...] = ()
    times: int = 1
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """An event that ends a walk wherever it stands. ``keyed``: only one that is about what the walk is about."""

    event: Trigger
    reason: str
    keyed: str = ""


@dataclass(frozen=True, slots=True)
class DatedTrigger:
    """A day that brings people in, at a time of the journey's zone: ``offset`` days after a date of theirs (``fact``,
    every year where ``yearly``), or after the day of an event. ``id`` is its fingerprint.
    """

    id: str
    offset: int
    at: time
    fact: FactUse | None = None
    yearly: bool = False
    event: Trigger | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A journey's version, ready to run.

    ``facts`` says what each tuple of values given to its tests holds; ``series``: by step, the id of the one it sends.
    ``holdout``: so many of a hundred people who would enter are held back, to compare.
    """

    first: str | None
    zone: ZoneInfo
    steps: Mapping[str, Step] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    dates: tuple[DatedTrigger, ...] = ()
    reentry: str = "once"
    reentry_days: int = 0
    key: str = ""
    entry: Condition | None = None
    exits: tuple[tuple[Condition, str], ...] = ()
    endings: tuple[Ending, ...] = ()
    goal: Condition | None = None
    entries_per_hour: int | None = None
    holdout: int = 0
    facts: tuple[FactUse, ...] = field(default=(), repr=False)
    series: Mapping[str | None, int] = field(default_factory=dict)

    @property
    def asks_best_hour(self) -> bool:
        """Whether a step needs to know when people tend to answer."""
        return any(step.asks_best_hour for step in self.steps.values())
