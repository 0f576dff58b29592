"""Hours: when quiet ends, when the window opens. Pure; right across summer time and leap days.

A time of day is turned into a moment by :func:`jouren.core.schedule.local_moment`: one that the clocks skip is the
first moment after the gap, one that they show twice is the first of the two. So every day has one span, and spans never
run backwards.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jpholiday

from jouren.core.schedule import local_moment
from jouren.messaging.sending_rules.terms import Quiet, Window

_ONE_DAY = timedelta(days=1)
_SEARCHED_DAYS = 367
_MINUTES_A_DAY = 24 * 60


def span(day: date, start: time, end: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments, in UTC, between ``start`` on ``day`` and ``end``, which is the next day's where it is not after."""
    last = day if end > start else day + _ONE_DAY
    return local_moment(day, start, zone), local_moment(last, end, zone)


def quiet_over(quiet: Quiet, moment: datetime, zone: ZoneInfo) -> datetime:
    """The first moment that is not quiet for somebody in ``zone``: ``moment`` itself, or the end of the quiet hours."""
    today = moment.astimezone(zone).date()
    for day in (today - _ONE_DAY, today, today + _ONE_DAY):
        start, end = span(day, quiet.start, quiet.end, zone)
        if start <= moment < end:
            moment = end
    return moment


def window_opens(window: Window, moment: datetime, zone: ZoneInfo, closures: Container[date] = ()) -> datetime | None:
    """The first moment from ``moment`` on at which the window is open for somebody in ``zone``.

    None when it does not open within a year, for example because the shop is closed every day.
    """
    yesterday = moment.astimezone(zone).date() - _ONE_DAY
    for ahead in range(_SEARCHED_DAYS):
        day = yesterday + timedelta(days=ahead)
        if not _opens_on(window, day, closures):
            continue
        start, end = span(day, window.start, window.end, zone)
        if start < end and moment < end:
            return max(start, moment)
    return None


def _opens_on(window: Window, day: date, closures: Container[date]) -> bool:
    return (
        day.weekday() in window.days
        and (window.on_holidays or not jpholiday.is_holiday(day))
        and (window.on_closures or day not in closures)
    )


def has_room(quiet: Quiet | None, window: Window | None) -> bool:
    """Whether any minute of an ordinary week is left for sending."""
    if window is not None and not window.days:
        return False
    silent = _minutes(quiet.start, quiet.end) if quiet else frozenset()
    opened = _minutes(window.start, window.end) if window else frozenset(range(_MINUTES_A_DAY))
    return bool(opened - silent)


def open_hours(quiet: Quiet | None, window: Window | None) -> frozenset[int]:
    """The full hours (0 to 23) at which sending is allowed, on days on which it is."""
    silent = _minutes(quiet.start, quiet.end) if quiet else frozenset()
    opened = _minutes(window.start, window.end) if window else frozenset(range(_MINUTES_A_DAY))
    return frozenset(hour for hour in range(24) if hour * 60 in opened - silent)


def _minutes(start: time, end: time) -> frozenset[int]:
    """The minutes of a day from ``start`` to ``end``, over midnight where ``end`` is not later; equal: all of them."""
    first, last = (at.hour * 60 + at.minute for at in (start, end))
    length = (last - first) % _MINUTES_A_DAY or _MINUTES_A_DAY
    return frozenset((first + minute) % _MINUTES_A_DAY for minute in range(length))
