"""What is known of one person's past, as a replay reads it: plain values, no database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jouren.catalog.offers.queries import OfferPast
from jouren.events.types import Event
from jouren.journeys.policies import Past
from jouren.messaging.sending_rules.caps import Gone
from jouren.pyramid.past import Moved


class Stop(NamedTuple):
    """A suppression: on ``channel`` (empty: all), from ``at`` until ``lifted_at`` (None: it still holds)."""

    channel: str
    reason: str
    at: datetime
    lifted_at: datetime | None = None

    def holds(self, channel: str, now: datetime) -> bool:
        """Whether it stops messages on a channel at that moment."""
        return self.channel in ("", channel) and self.at <= now and (self.lifted_at is None or self.lifted_at > now)


@dataclass(slots=True)
class Life:
    """One person. ``events`` are the relevant ones, by when they happened.

    ``consents``: by channel and topic, what they said and when, in order. ``gone``: what went to them before;
    ``helped``: when messages that help came; ``firsts``: when journeys that come before this one wrote, and which.
    ``walks``: those of the journey that began before the replay does. ``best``: the hour at which they tend to answer.
    ``returns``: when they did what brings back whom a step left in peace, and what, in order. ``dates``: by dated
    trigger, since when which day of theirs was known. ``offers``: by offer, when they saw and took it. ``moved``:
    what lifts them in the pyramid in the replay's time, and where others put them; loaded only where a step moves
    people. ``is_held_out``: by lot, since before.
    """

    contact_id: int
    addresses: Mapping[str, str] = field(default_factory=dict)
    language: str = "ja"
    zone: str = ""
    is_erased: bool = False
    created_at: datetime | None = None
    events: list[Event] = field(default_factory=list)
    consents: dict[tuple[str, str], list[tuple[datetime, bool]]] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    helped: list[datetime] = field(default_factory=list)
    firsts: list[tuple[datetime, int]] = field(default_factory=list)
    walks: list[Past] = field(default_factory=list)
    best: tuple[int, ZoneInfo] | None = None
    dates: dict[str, list[tuple[datetime, date | None]]] = field(default_factory=dict)
    offers: dict[int, OfferPast] = field(default_factory=dict)
    returns: list[tuple[datetime, str]] = field(default_factory=list)
    moved: Moved = field(default_factory=lambda: Moved([], []))
    is_held_out: bool = False

    def allows(self, channel: str, topic: str, now: datetime) -> bool | None:
        """What they had last said of a topic by then; None: nothing."""
        for at, is_granted in reversed(self.consents.get((channel, topic), ())):
            if at <= now:
                return is_granted
        return None

    def reasons(self, channel: str, now: datetime) -> list[str]:
        """Why messages on a channel were stopped then, the oldest first."""
        return [stop.reason for stop in self.stops if stop.holds(channel, now)]


class Remembered:
    """The past that sending rules count in a replay: one person's, with what the replay itself has sent."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.held: dict[int, datetime] = {}
        self.now: datetime | None = None

    def went_to(self, contact_ids: Collection[int], since: datetime, *, is_sending: bool) -> dict[int, list[Gone]]:
        """See :class:`jouren.messaging.sending_rules.gate_rule.Past`. What goes later is not known yet."""
        assert self.now is not None
        gone = [each for each in self.life.gone if since <= each.at <= self.now]
        return {self.life.contact_id: gone}

    def help_reached(self, contact_ids: Collection[int], needed: int) -> dict[int, int]:
        """See :class:`jouren.messaging.sending_rules.gate_rule.Past`."""
        assert self.now is not None
        reached = sum(at <= self.now for at in self.life.helped)
        return {self.life.contact_id: min(reached, needed)}

    def first_held(self, delivery_ids: Sequence[int]) -> dict[int, datetime]:
        """See :class:`jouren.messaging.sending_rules.gate_rule.Past`."""
        return {id_: self.held[id_] for id_ in delivery_ids if id_ in self.held}
