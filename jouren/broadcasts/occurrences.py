"""When the issues of a broadcast begin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jouren.broadcasts.audience import zones_of_people
from jouren.broadcasts.models import Broadcast
from jouren.broadcasts.policies import Rhythm, begin_of
from jouren.broadcasts.vocabulary import Timing
from jouren.core.zone import shop_zone


class Occurrence(NamedTuple):
    """An issue to come: its day, by the clock it goes by, and the moment (UTC) at which it begins."""

    day: date
    at: datetime


def rhythm_of(broadcast: Broadcast) -> Rhythm:
    """The days that its author chose."""
    return Rhythm(frozenset(broadcast.weekdays), frozenset(broadcast.month_days))


def first_occurrence(broadcast: Broadcast, now: datetime) -> Occurrence | None:
    """The first issue of a broadcast that is started now; None when there is no such day."""
    if broadcast.timing == Timing.REPEAT:
        return next_occurrence(broadcast, now)
    if broadcast.timing == Timing.ONCE and broadcast.day is not None:
        return Occurrence(broadcast.day, _begin(broadcast, broadcast.day, clocks_of(broadcast)))
    return Occurrence(now.astimezone(shop_zone()).date(), now)


def next_occurrence(broadcast: Broadcast, now: datetime) -> Occurrence | None:
    """The first issue of a rhythm that begins after ``now``; None when there is none up to its last day."""
    rhythm, clocks = rhythm_of(broadcast), clocks_of(broadcast)
    # Where the sun rises first it may be the day before.
    day: date | None = now.astimezone(shop_zone()).date() - timedelta(days=2)
    while day is not None and (day := rhythm.next_day(day, broadcast.until)) is not None:
        if (at := _begin(broadcast, day, clocks)) > now:
            return Occurrence(day, at)
    return None


def newest_due(broadcast: Broadcast, now: datetime) -> Occurrence:
    """Of the issues that should have begun by now, the newest: what was missed is not sent in a row."""
    assert broadcast.next_day is not None
    assert broadcast.next_at is not None
    due = Occurrence(broadcast.next_day, broadcast.next_at)
    if broadcast.timing != Timing.REPEAT:
        return due
    rhythm, clocks = rhythm_of(broadcast), clocks_of(broadcast)
    while (day := rhythm.next_day(due.day, broadcast.until)) is not None:
        if (at := _begin(broadcast, day, clocks)) > now:
            break
        due = Occurrence(day, at)
    return due


def clocks_of(broadcast: Broadcast) -> Sequence[ZoneInfo]:
    """The clocks that people live by, where a broadcast goes by them; empty: the shop's counts."""
    return zones_of_people() if broadcast.is_local else []


def _begin(broadcast: Broadcast, day: date, clocks: Sequence[ZoneInfo]) -> datetime:
    zone = shop_zone()
    return begin_of(day, broadcast.at, zone, [*clocks, zone] if clocks else [])
