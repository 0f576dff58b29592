"""Caps: how many messages a person got in a period, and when there is room for one more. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jouren.core.schedule import local_moment
from jouren.messaging.sending_rules.terms import Cap, Unit


class Gone(NamedTuple):
    """A message that went to a person, is going, or may have gone: at ``at`` (aware)."""

    id: int
    at: datetime
    channel: str
    kind: str
    topic: str


def counted_from(cap: Cap, moment: datetime, zone: ZoneInfo) -> datetime:
    """Since when a cap counts at ``moment``. A rolling period leaves the instant out, a calendar's begins with it."""
    period = cap.period
    return calendar_start(cap.unit, moment, zone) if period is None else moment - period


def counted_by(cap: Cap, moment: datetime, gone: Sequence[Gone], zone: ZoneInfo) -> list[Gone]:
    """Those of ``gone`` that a cap counts at ``moment``, the earliest first.

    Whatever is later than ``moment`` counts too: another sender's clock may be a little ahead.
    """
    since, is_rolling = counted_from(cap, moment, zone), cap.period is not None
    found = [
        each
        for each in gone
        if cap.covers(each.channel, each.kind, each.topic) and (each.at > since if is_rolling else each.at >= since)
    ]
    return sorted(found, key=lambda each: each.at)


def room_from(cap: Cap, moment: datetime, counted: Sequence[Gone], zone: ZoneInfo) -> datetime:
    """The first moment from ``moment`` on at which the cap has room for one more, if nothing else goes meanwhile.

    ``counted``: what :func:`counted_by` gave for this moment.
    """
    if len(counted) < cap.most:
        return moment
    period = cap.period
    if period is None:
        return calendar_end(cap.unit, max(moment, counted[-cap.most].at), zone)
    return counted[-cap.most].at + period


def calendar_start(unit: Unit, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, of the day, week (from Monday) or month that ``moment`` is in."""
    day = moment.astimezone(zone).date()
    if unit == Unit.WEEK:
        day -= timedelta(days=day.weekday())
    elif unit == Unit.MONTH:
        day = day.replace(day=1)
    return local_moment(day, time(0), zone)


def calendar_end(unit: Unit, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, after the day, week or month that ``moment`` is in."""
    day = calendar_start(unit, moment, zone).astimezone(zone).date()
    if unit == Unit.MONTH:
        day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    else:
        day += timedelta(days=7 if unit == Unit.WEEK else 1)
    return local_moment(day, time(0), zone)
