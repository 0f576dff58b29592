"""Pure rules of broadcasts: on which days one goes, when each person's turn is, who is drawn for which version."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from jouren.core import lots
from jouren.core.schedule import local_moment

HOUR = timedelta(hours=1)
LAST_DAY = 31
"""As a day of the month: the last one, whatever its number."""
_LOOK_AHEAD = 400  # days: no rhythm has a longer pause


@dataclass(frozen=True)
class Rhythm:
    """On which days: those of the week (0 is Monday) or of the month (1 to 31). What a month lacks is its last day."""

    weekdays: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()

    def falls_on(self, day: date) -> bool:
        """Whether ``day`` is one of them."""
        last = calendar.monthrange(day.year, day.month)[1]
        return day.weekday() in self.weekdays or any(min(wanted, last) == day.day for wanted in self.month_days)

    def next_day(self, after: date, until: date | None = None) -> date | None:
        """The first such day after ``after``; None when there is none up to ``until``."""
        for ahead in range(1, _LOOK_AHEAD):
            day = after + timedelta(days=ahead)
            if until is not None and day > until:
                return None
            if self.falls_on(day):
                return day
        return None


def begin_of(day: date, at: time, shop_zone: ZoneInfo, zones: Iterable[ZoneInfo] = ()) -> datetime:
    """When an issue begins, in UTC: when the first clock of ``zones`` (none: the shop's) shows ``at``."""
    return min((local_moment(day, at, zone) for zone in zones), default=local_moment(day, at, shop_zone))


def turns(due: Sequence[datetime], next_slot: datetime | None, now: datetime, per_hour: int | None) -> list[datetime]:
    """When each of these goes, in their order: when it is due, and no more than ``per_hour`` an hour, evenly apart.

    ``next_slot`` is the first moment that is free. What was missed while nothing could be planned is not caught up on.
    """
    if per_hour is None:
        return list(due)
    free = max(next_slot, now) if next_slot is not None else now
    moments = []
    for wanted in due:
        moment = max(wanted, free)
        moments.append(moment)
        free = moment + pace(per_hour)
    return moments


def pace(per_hour: int) -> timedelta:
    """The time from one message to the next, rounded up, so that no hour has more."""
    return timedelta(microseconds=-(-3_600_000_000 // per_hour))


def room_until(until: datetime, next_slot: datetime | None, now: datetime, per_hour: int | None, most: int) -> int:
    """How many messages may be planned that go up to ``until``, at most ``most``."""
    if per_hour is None:
        return most
    free = max(next_slot, now) if next_slot is not None else now
    return 0 if free > until else min(most, (until - free) // pace(per_hour) + 1)


def lot_subject(issue_id: int) -> str:
    """What the lots of an issue are drawn for (see ``core.lots``)."""
    return f"broadcast {issue_id}"


def lot(issue_id: int, contact_id: int) -> float:
    """A number from 0 to below 1, drawn for a person of an issue: always the same one. SQL draws it as well."""
    return lots.lot(lot_subject(issue_id), contact_id) / lots.LOTS


def place_of(drawn: float, share: float, variants: int) -> int | None:
    """The variant of whoever drew that number, in a test among ``share`` (0 to 1) of all; None: of the rest."""
    return min(int(drawn / share * variants), variants - 1) if drawn < share else None


def place_in_rest(drawn: float, share: float, variants: int) -> int:
    """The variant of one of the rest, when all are sent in equal shares."""
    return min(int((drawn - share) / (1 - share) * variants), variants - 1)
