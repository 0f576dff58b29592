"""When: moments given as a shop gives them (day 3 at 8:00, business days only), turned into UTC."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import jpholiday

DEFAULT_ZONE = "Asia/Tokyo"


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, when clocks in ``zone`` show ``at`` on ``day``.

    A time that the clocks skip (spring) becomes the first moment after the gap; one that they show twice (autumn) is
    the first of the two. So nothing is early, and nothing happens twice.
    """
    wanted = datetime.combine(day, at)
    moment = wanted.replace(tzinfo=zone, fold=0).astimezone(UTC)
    back = moment.astimezone(zone).replace(tzinfo=None)
    if back == wanted:
        return moment
    before_gap = wanted.replace(tzinfo=zone, fold=0).utcoffset()
    after_gap = wanted.replace(tzinfo=zone, fold=1).utcoffset()
    assert before_gap is not None
    assert after_gap is not None
    gap = abs(before_gap - after_gap)
    # Walk to the end of the gap: the earliest local time that exists.
    latest = wanted + gap
    while (earlier := latest - timedelta(minutes=1)) > wanted and _exists(earlier, zone):
        latest = earlier
    return latest.replace(tzinfo=zone).astimezone(UTC)


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def is_business_day(day: date, closures: Container[date] = ()) -> bool:
    """True for a weekday that is neither a Japanese holiday nor one of the shop's own closures."""
    return day.weekday() < 5 and not jpholiday.is_holiday(day) and day not in closures


def next_business_day(day: date, closures: Container[date] = ()) -> date:
    """The first business day on or after ``day``; ``day`` itself when a year holds none."""
    for ahead in range(366):
        candidate = day + timedelta(days=ahead)
        if is_business_day(candidate, closures):
            return candidate
    return day


def add_business_days(day: date, count: int, closures: Container[date] = ()) -> date:
    """The ``count``-th business day after ``day`` (which itself does not count)."""
    for _ in range(count):
        day = next_business_day(day + timedelta(days=1), closures)
    return day


def anniversary(day: date, year: int) -> date:
    """The day of that year on which a yearly date falls: of 29 February, in other years, the 28th."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
