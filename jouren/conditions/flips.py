"""When time alone changes an operator's answer: the next such moment after now, in Python and in SQL.

A moment may be named at which the answer turns out to stay as it is: it is only looked at again. None may be left out.
Moments after the year 9000 never come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from jouren.conditions.moments import anniversary_from, day_of, end_of_day, start_of_day

NEVER = "'infinity'::timestamptz"
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Flip:
    """``python(x, value, now, zone)``: the next moment or None. ``sql``: a ``timestamptz``, infinity for none.

    In ``sql``, ``{x}`` is the fact's value, ``{v}`` the operator's, ``{now}`` and ``{zone}`` what they say.
    """

    python: Callable[[Any, Any, datetime, tzinfo], datetime | None]
    sql: str


def _first_after(now: datetime, *moments: datetime) -> datetime | None:
    return min((moment for moment in moments if now < moment < END_OF_TIME), default=None)


def _sql_first_after(*moments: str) -> str:
    """The same for SQL: each moment that is over, or unknown, counts as never."""
    each = ", ".join(f"CASE WHEN {m} > {{now}} AND {m} < '9000-01-01Z' THEN {m} ELSE {NEVER} END" for m in moments)
    return f"least({each})"


def _moment_leaves(x: datetime, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    return _first_after(now, x, x + timedelta(days=days))


def _moment_ages(x: datetime, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    return _first_after(now, x + timedelta(days=days))


def _day_leaves(x: date, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    start = start_of_day(x, zone)
    return _first_after(now, start, start + timedelta(days=days))


def _day_ages(x: date, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    return _first_after(now, start_of_day(x, zone) + timedelta(days=days))


def _anniversary_nears(x: date, days: int, now: datetime, zone: tzinfo) -> datetime | None:
    coming = anniversary_from(x, day_of(now, zone))
    return _first_after(now, start_of_day(coming - timedelta(days=days), zone), end_of_day(coming, zone))


def _month_comes(x: date, wanted: bool, now: datetime, zone: tzinfo) -> datetime | None:
    first = day_of(now, zone).replace(day=1)
    return _first_after(now, start_of_day((first + timedelta(days=32)).replace(day=1), zone))


def next_anniversary_sql(x: str, today: str) -> str:
    """The first anniversary of a date on or after another."""
    years = f"(extract(year FROM {today}) - extract(year FROM {x}))::integer"
    this_year = f"({x} + make_interval(years => {years}))::date"
    next_year = f"({x} + make_interval(years => {years} + 1))::date"
    return f"(CASE WHEN {this_year} >= {today} THEN {this_year} ELSE {next_year} END)"


_DAYS = "{v}::integer * interval '24 hours'"
_START = "({x}::timestamp AT TIME ZONE {zone})"
_TODAY = "({now} AT TIME ZONE {zone})::date"
_COMING = next_anniversary_sql("{x}", _TODAY)
_NEXT_MONTH = f"((date_trunc('month', {_TODAY}::timestamp) + interval '1 month') AT TIME ZONE {{zone}})"

MOMENT_LEAVES = Flip(_moment_leaves, _sql_first_after("{x}", f"({{x}} + {_DAYS})"))
MOMENT_AGES = Flip(_moment_ages, _sql_first_after(f"({{x}} + {_DAYS})"))
DAY_LEAVES = Flip(_day_leaves, _sql_first_after(_START, f"({_START} + {_DAYS})"))
DAY_AGES = Flip(_day_ages, _sql_first_after(f"({_START} + {_DAYS})"))
ANNIVERSARY_NEARS = Flip(
    _anniversary_nears,
    _sql_first_after(
        f"(({_COMING} - {{v}}::integer)::timestamp AT TIME ZONE {{zone}})",
        f"(({_COMING} + 1)::timestamp AT TIME ZONE {{zone}})",
    ),
)
MONTH_COMES = Flip(_month_comes, f"CASE WHEN {{x}} IS NOT NULL THEN {_NEXT_MONTH} ELSE {NEVER} END")
