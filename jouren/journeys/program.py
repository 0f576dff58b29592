"""A compiled journey: what the engine runs. Made from JSON, so that a version once published never changes.

The JSON, schema 2:

    {"schema": 2, "zone": "Asia/Tokyo", "first": STEP_ID | null,
     "triggers": [{"event": "order.paid", "match": {"kind": …}, "where": [TEST], "times": 1, "within_days": null}],
     "reentry": "once" | "again" | "after" | "keyed", "reentry_days": 30, "key": "order",
     "entry": TREE | null, "exits": [{"when": TREE, "reason": "…"}], "goal": TREE | null,
     "entries_per_hour": null,
     "steps": {STEP_ID: {"type": "send", …, "next": STEP_ID | null}, …}}

What a step of each type holds is said where the type is, in ``jouren.journeys.steps``. A step's id is the UUID of the
block it was written as; TREE is a condition of ``jouren.conditions``, TEST one of ``jouren.events.policies``. Schema 1
had one ``trigger`` and is still read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from jouren.conditions.registry import FactUse
from jouren.events.types import Event
from jouren.journeys.series.order import SeriesOrder

SCHEMA = 2

Condition = Callable[[tuple[Any, ...], datetime], bool]


class Facts(NamedTuple):
    """What is known of one person in a journey.

    ``values``: the program's facts, in its order. ``heard``: which of the events that the step waits for has come, by
    rank. ``closures``: the shop's own days off. ``key``: what this walk is about, such as an order, where a journey is
    walked once for each.

    ``series``: the published series that the program names, by id. ``place``: the slot of a series where the person
    stands; ``got``: which of the items that may come next they have got in this walk, by id; None when nobody looked,
    because they have only just come here.
    """

    values: tuple[Any, ...]
    entered_at: datetime
    arrived_at: datetime
    heard: int | None = None
    closures: Container[date] = ()
    contact_id: int = 0
    key: str = ""
    series: Mapping[int, SeriesOrder] = {}
    place: str | None = None
    got: Collection[str] | None = None


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
class Step:
    """One step of a program. Subclasses are the step types; :meth:`decide` is the rule of each.

    ``changes_facts``: what it does may change what is known of the person, so that facts are loaded anew after it.
    """

    id: str
    changes_facts: ClassVar[bool] = False

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        """Where a person goes from here. Pure: no database, no clock."""
        raise NotImplementedError

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
class Program:
    """A journey's version, ready to run.

    ``facts`` says what each tuple of values given to its tests holds; ``series`` are the ids of those that it sends.
    """

    first: str | None
    zone: ZoneInfo
    steps: Mapping[str, Step] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    reentry: str = "once"
    reentry_days: int = 0
    key: str = ""
    entry: Condition | None = None
    exits: tuple[tuple[Condition, str], ...] = ()
    goal: Condition | None = None
    entries_per_hour: int | None = None
    facts: tuple[FactUse, ...] = field(default=(), repr=False)
    series: tuple[int, ...] = ()
