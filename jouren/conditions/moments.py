"""Days and moments of conditions. Pure; a day is a calendar day of the named zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache


@lru_cache(maxsize=4096)
def start_of_day(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day, in UTC; where midnight is skipped by summer time, the moment it is skipped to."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The first moment after a day, in UTC."""
    return start_of_day(day + timedelta(days=1), zone)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The calendar day of a moment."""
    return moment.astimezone(zone).date()


def days_ago(now: datetime, days: int) -> datetime:
    """The moment that many times 24 hours ago."""
    return now - timedelta(days=days)


def anniversary(day: date, year: int) -> date:
    """The same day of another year; of 29 February the 28th where there is no 29th."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def anniversary_from(day: date, start: date) -> date:
    """The first anniversary on or after ``start``."""
    this_year = anniversary(day, start.year)
    return this_year if this_year >= start else anniversary(day, start.year + 1)
