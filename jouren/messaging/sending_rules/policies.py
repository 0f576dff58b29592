"""What the rules say to one message: it goes, it waits for a moment at which all would let it, or it never goes.

Pure: what went before, what helped, and the time are given.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jouren.messaging.gate import Verdict
from jouren.messaging.sending_rules.caps import Gone, counted_by, room_from
from jouren.messaging.sending_rules.hours import quiet_over, window_opens
from jouren.messaging.sending_rules.terms import Action, Cap, Rules, late
from jouren.messaging.vocabulary import Kind

QUIET, WINDOW, READY = "quiet", "window", "ready"
ASK_AGAIN = timedelta(days=1)
_MOST_MOVES = 100


class Candidate(NamedTuple):
    """A message that somebody in ``zone`` is to get at ``moment`` (aware)."""

    channel: str
    kind: str
    topic: str
    zone: ZoneInfo
    moment: datetime


class _Held(NamedTuple):
    """What one rule says: not before ``until`` (None: not at all)."""

    verdict: Verdict
    action: Action


class Rulebook:
    """A shop's rules, ready to judge one batch: what they say of an hour in a zone is worked out once.

    ``closures`` are the shop's days off.
    """

    def __init__(self, rules: Rules, closures: Container[date] = ()) -> None:
        self.rules = rules
        self._closures = closures
        self._hours: dict[tuple[ZoneInfo, datetime], _Held | None] = {}

    def judge(self, message: Candidate, gone: Sequence[Gone], reached: int, now: datetime) -> Verdict | None:
        """What the rules say to a message, asked at ``now``: None lets it go at its moment.

        ``gone`` is what went to the person before; ``reached`` how many messages that help did. Rules are asked in
        turn, hours before caps before readiness. Each that defers moves the moment on, and all are asked again for that
        one, so that the verdict names a moment at which every rule would let it go, as far as is known. The rule that
        moved it last gives the reason. A rule that skips is asked about the moment at which the message would go.
        """
        moment, verdict = message.moment, None
        for _move in range(_MOST_MOVES):
            held = self._first_to_hold(message, gone, reached, moment, now)
            if held is None:
                return verdict
            verdict = held.verdict
            if held.action == Action.SKIP or verdict.until is None:
                return verdict._replace(until=None)
            moment = verdict.until
        assert verdict is not None
        return verdict._replace(until=None, reason=late(verdict.reason))

    def _first_to_hold(
        self, message: Candidate, gone: Sequence[Gone], reached: int, moment: datetime, now: datetime
    ) -> _Held | None:
        if (held := self._by_hours(message.zone, moment)) is not None:
            return held
        for cap in self.rules.caps_on(message.channel, message.kind, message.topic):
            if (held := self._by_cap(cap, gone, moment)) is not None:
                return held
        # How many will have helped by a later moment is not known yet.
        return self._by_readiness(reached, moment) if message.kind == Kind.ASK and moment <= now else None

    def _by_hours(self, zone: ZoneInfo, moment: datetime) -> _Held | None:
        key = (zone, moment)
        if key not in self._hours:
            self._hours[key] = next(self._held_by_hours(zone, moment), None)
        return self._hours[key]

    def _held_by_hours(self, zone: ZoneInfo, moment: datetime) -> Iterator[_Held]:
        quiet, window = self.rules.quiet, self.rules.window
        if quiet is not None and (over := quiet_over(quiet, moment, zone)) > moment:
            yield _Held(Verdict(QUIET, over, QUIET), quiet.action)
        if window is not None and (opens := window_opens(window, moment, zone, self._closures)) != moment:
            yield _Held(Verdict(WINDOW, opens, WINDOW), window.action)

    def _by_cap(self, cap: Cap, gone: Sequence[Gone], moment: datetime) -> _Held | None:
        counted = counted_by(cap, moment, gone, self.rules.zone)
        until = room_from(cap, moment, counted, self.rules.zone)
        if until == moment:
            return None
        ids = [each.id for each in counted]
        return _Held(Verdict(cap.reason, until, f"cap:{cap.id}", ids), cap.action)

    def _by_readiness(self, reached: int, moment: datetime) -> _Held | None:
        readiness = self.rules.readiness
        if readiness is None or reached >= readiness.needed:
            return None
        return _Held(Verdict(readiness.reason(reached), moment + ASK_AGAIN, READY), readiness.action)


def within_delay(verdict: Verdict, since: datetime, longest: timedelta) -> Verdict:
    """The same, or a refusal where a message that has waited ``since`` then would wait longer than is allowed."""
    if verdict.until is None or verdict.until <= since + longest:
        return verdict
    return verdict._replace(until=None, reason=late(verdict.reason))
