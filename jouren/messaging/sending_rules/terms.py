"""What a shop can set, as values: the rules in force, and how a rule's reason is written and read back.

A reason stands in a delivery for years, whatever becomes of the rule, so it says the rule's own terms:
``quiet``, ``window``, ``ready:3:1`` (needed, reached), ``cap:7:2:7d:email:ask:`` (id, most, period, channel, kind,
topic), ``journey:5`` (of the journeys' rule: which came first); with ``late:`` before it where the message would have
had to wait too long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from jouren.core.schedule import DEFAULT_ZONE
from jouren.messaging.vocabulary import Kind

EVERY_DAY = frozenset(range(7))
LATE = "late"
JOURNEY = "journey"


class Action(TextChoices):
    """What a rule does with a message that it does not let pass."""

    DEFER = "defer", _("Send it later")
    SKIP = "skip", _("Do not send it")


class Unit(TextChoices):
    """What a cap counts over: so many hours or days back from now, or a unit of the calendar in the shop's zone."""

    HOURS = "hours", _("hours, back from the moment of sending")
    DAYS = "days", _("days, back from the moment of sending")
    DAY = "day", _("day of the calendar, from midnight")
    WEEK = "week", _("week of the calendar, from Monday")
    MONTH = "month", _("month of the calendar, from the 1st")


ROLLING = frozenset({Unit.HOURS, Unit.DAYS})


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` messages a person in a period: of those on ``channel``, of ``kind``, of ``topic`` (empty: any).

    ``length`` is how many units a rolling period has; a unit of the calendar is one.
    """

    id: int
    most: int
    unit: Unit
    length: int = 1
    channel: str = ""
    kind: str = ""
    topic: str = ""
    action: Action = Action.DEFER

    def covers(self, channel: str, kind: str, topic: str) -> bool:
        """Whether a message is one of those that this cap counts, and holds back. Transactional ones never are."""
        return (
            kind != Kind.TRANSACTIONAL
            and self.channel in ("", channel)
            and self.kind in ("", kind)
            and self.topic in ("", topic)
        )

    @property
    def period(self) -> timedelta | None:
        """The length of a rolling period; None for one of the calendar."""
        if self.unit not in ROLLING:
            return None
        return timedelta(hours=self.length) if self.unit == Unit.HOURS else timedelta(days=self.length)

    @property
    def reason(self) -> str:
        """How a delivery names this cap."""
        period = f"{self.length}{self.unit[0]}" if self.unit in ROLLING else str(self.unit)
        return f"cap:{self.id}:{self.most}:{period}:{self.channel}:{self.kind}:{self.topic}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nobody gets a message between these times of their own day; from the evening to the morning where ``end`` is not
    after ``start``."""

    start: time
    end: time
    action: Action = Action.DEFER


@dataclass(frozen=True, slots=True)
class Window:
    """People get messages between these times of their own day only (the whole day where both are equal), on ``days``
    (0 is Monday), which are those on which it opens."""

    start: time = time(0)
    end: time = time(0)
    days: frozenset[int] = EVERY_DAY
    on_holidays: bool = True
    on_closures: bool = True
    action: Action = Action.DEFER


@dataclass(frozen=True, slots=True)
class Readiness:
    """信頼が先: nobody is asked to buy before ``needed`` messages that help have reached them."""

    needed: int
    action: Action = Action.DEFER

    def reason(self, reached: int) -> str:
        """How a delivery names this rule."""
        return f"ready:{self.needed}:{reached}"


@dataclass(frozen=True)
class Rules:
    """All rules of a shop. ``zone`` is its own; ``longest_delay`` is how long one message may be made to wait."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(DEFAULT_ZONE))
    longest_delay: timedelta = timedelta(days=3)
    quiet: Quiet | None = None
    window: Window | None = None
    caps: tuple[Cap, ...] = ()
    readiness: Readiness | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is ruled."""
        return not (self.quiet or self.window or self.caps or self.readiness)

    def bind(self, channel: str, kind: str, topic: str) -> bool:
        """Whether any rule could hold such a message back."""
        if kind == Kind.TRANSACTIONAL:
            return False
        return (
            self.quiet is not None
            or self.window is not None
            or (self.readiness is not None and kind == Kind.ASK)
            or any(True for _cap in self.caps_on(channel, kind, topic))
        )

    def caps_on(self, channel: str, kind: str, topic: str) -> Iterator[Cap]:
        """The caps that such a message has to keep to."""
        return (cap for cap in self.caps if cap.covers(channel, kind, topic))


def late(reason: str) -> str:
    """The reason of a message that ``reason`` would have made wait too long."""
    return f"{LATE}:{reason}"


@dataclass(frozen=True, slots=True)
class ReasonTerms:
    """A reason read back. ``rule`` is ``quiet``, ``window``, ``ready``, ``cap`` (as it was then) or ``journey``."""

    rule: str
    is_late: bool
    cap: Cap | None = None
    needed: int = 0
    reached: int = 0


def read_reason(reason: str) -> ReasonTerms | None:
    """What a sending rule's reason says; None for any other reason."""
    is_late = reason.startswith(f"{LATE}:")
    rule, *details = reason.removeprefix(f"{LATE}:").split(":")
    try:
        if rule in {"quiet", "window"} and not details:
            return ReasonTerms(rule, is_late)
        if rule == JOURNEY:
            (_id,) = map(int, details)
            return ReasonTerms(rule, is_late)
        if rule == "ready":
            needed, reached = map(int, details)
            return ReasonTerms(rule, is_late, needed=needed, reached=reached)
        if rule == "cap":
            return ReasonTerms(rule, is_late, cap=_read_cap(*details))
    except (TypeError, ValueError):
        pass
    return None


def _read_cap(id_: str, most: str, period: str, *covered: str) -> Cap:
    channel, kind, topic = covered
    length, unit = period[:-1], {"h": Unit.HOURS, "d": Unit.DAYS}.get(period[-1:])
    if unit is None or not length.isdecimal():
        unit, length = Unit(period), "1"
    return Cap(int(id_), int(most), unit, int(length), channel, kind, topic)
