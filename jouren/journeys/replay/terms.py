"""What replays are made of: what all of them share, and what is told of one."""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple

from jouren.events.types import Event
from jouren.journeys.engine import Walker
from jouren.journeys.precedence import Rank
from jouren.journeys.replay.offers import OffersThen
from jouren.journeys.series.order import SeriesOrder
from jouren.journeys.steps.attributes import SetAttribute
from jouren.journeys.versions import LoadedVersion
from jouren.messaging.gate import GateRule, gate_rules
from jouren.messaging.sending_rules.policies import Rulebook

Values = tuple[Any, ...]
SeriesPast = Sequence[tuple[datetime, SeriesOrder]]
"""Since when a series has stood in which order, the oldest first."""


MADE_BY_STEPS = frozenset(
    {
        "stage.entered",
        "contact.left_in_peace",
        "contact.came_back",
        "contact.changed",
        "tag.added",
        "tag.removed",
    }
)
"""The types of events that a replay makes of what steps do."""


class Wish(NamedTuple):
    """Somebody comes in at ``at``, and asks when they may begin. Of the same moment, by ``turn``."""

    at: datetime
    turn: tuple[int, ...]


Asking = Generator[datetime | Wish, Any, None]
"""Asks for the values of the program's facts at a moment, and by a wish for a moment."""


class Sent(NamedTuple):
    """A message version as the gate and events know it."""

    message: int | None
    title: str
    kind: str
    topic: str
    needed_offers: Sequence[int] = ()


@dataclass(frozen=True)
class Setting:
    """What all replays of one run share. ``start`` and ``end`` (aware) belong to it.

    ``messages``: by version id. ``control_share``: so many of a hundred get no marketing. ``rank``: where the journey
    stands, if others come before it. ``answers``: what the person does when a message has come, as later events.
    ``series``: those that the journey sends, by id. ``offers``: those without which some messages do not go; what they
    ask of people stands behind the version's own facts.
    """

    version: LoadedVersion
    start: datetime
    end: datetime
    messages: Mapping[int, Sent]
    book: Rulebook
    closures: Container[date] = ()
    rank: Rank | None = None
    control_share: int = 0
    answers: Callable[[int, Sent, str, datetime], Iterable[Event]] | None = None
    rules: Sequence[GateRule] = field(default_factory=gate_rules)
    series: Mapping[int, SeriesPast] = field(default_factory=dict)
    offers: OffersThen | None = None

    @cached_property
    def timeless(self) -> Sequence[GateRule]:
        """The first of the gate's rules: what they say of a person and a message is so until one of both changes."""
        return list(takewhile(lambda rule: rule.is_timeless, self.rules))

    @cached_property
    def entry_types(self) -> frozenset[str]:
        """The types of events that bring people in."""
        return frozenset(trigger.event for trigger in self.version.program.triggers)

    @cached_property
    def feeds_itself(self) -> bool:
        """Whether what the journey does to somebody may bring them in again."""
        program = self.version.program
        return (
            bool(self.entry_types & MADE_BY_STEPS)
            or any(
                trigger.fact is not None
                and isinstance(step, SetAttribute)
                and trigger.fact.given.get("key") == step.key
                for trigger in program.dates
                for step in program.steps.values()
            )
            or any(trigger.event is not None and trigger.event.event in MADE_BY_STEPS for trigger in program.dates)
        )

    def order_of(self, series_id: int, now: datetime) -> SeriesOrder | None:
        """In which order a series stood then; None: it was not published yet, or is gone."""
        return next((order for since, order in reversed(self.series.get(series_id, ())) if since <= now), None)

    def places(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        """Where a fact stands in the program's tuple, with its arguments."""
        facts = self.version.program.facts
        return [(place, dict(use.arguments)) for place, use in enumerate(facts) if use.name == name]


DATED = "dated"
"""What brings somebody in on a day of theirs."""


class Happening(NamedTuple):
    """Something that happened to the person. ``walk`` counts from 1.

    ``what``: ``entered``, ``step`` (reached), ``heard``, ``did``, ``planned``, ``sent``, ``held``, ``stopped``,
    ``finished``, ``left``. ``detail``: the reason, the event (:data:`DATED`: a day of theirs); ``until``: a message
    waits until then, or they begin then.
    """

    at: datetime
    what: str
    walk: int
    step: str = ""
    detail: str = ""
    until: datetime | None = None


class Letter(NamedTuple):
    """A message that is to go at ``try_at``."""

    try_at: datetime
    id: int
    step: str
    version_id: int
    channel: str
    walk: int
    due_at: datetime


@dataclass(slots=True)
class Inside:
    """A walk that goes on. ``got``: what it has brought, by step or item of a series."""

    walker: Walker
    due_at: datetime
    waits_for: str | None
    place: int
    reached: set[str] = field(default_factory=set)
    got: set[str] = field(default_factory=set)
