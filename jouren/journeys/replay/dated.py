"""When somebody would come in by a day of theirs: what ``dated_entries`` asks, asked of one person's past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from jouren.conditions.moments import anniversary
from jouren.conditions.registry import FactType
from jouren.core.schedule import local_moment
from jouren.journeys.dated_entries import YEARS_BACK
from jouren.journeys.policies import key_of, pulls
from jouren.journeys.program import DatedTrigger, Program
from jouren.journeys.replay.life import Life


class DatedEntry(NamedTuple):
    """A moment at which somebody's day has come, by the ``trigger``-th of the journey's. Of several walks that begin
    with it, each about something else, this is the ``turn``-th."""

    at: datetime
    trigger: int
    turn: int
    key: str


def dated_entries(program: Program, life: Life, start: datetime, end: datetime) -> list[DatedEntry]:
    """The moments from ``start`` to ``end`` (aware) at which a person's day has come, in order."""
    found: list[DatedEntry] = []
    for place, trigger in enumerate(program.dates):
        keys: dict[datetime, list[str]] = {}
        for at, key in _moments(trigger, program, life, start, end):
            known = keys.setdefault(at, [])
            if start <= at <= end and key not in known:
                found.append(DatedEntry(at, place, len(known), key))
                known.append(key)
    return sorted(found)


def _moments(
    trigger: DatedTrigger, program: Program, life: Life, start: datetime, end: datetime
) -> Iterator[tuple[datetime, str]]:
    zone, offset = program.zone, timedelta(days=trigger.offset)
    if trigger.event is not None:
        for event in sorted(life.events, key=lambda event: event.id):
            if pulls(trigger.event, event.type, event.payload):
                at = local_moment(event.occurred_at.astimezone(zone).date() + offset, trigger.at, zone)
                if event.occurred_at <= at:
                    yield at, key_of(program, event.payload)
        return
    first, last = (moment.astimezone(zone).date() - offset for moment in (start, end))
    known = life.dates.get(trigger.id, ())
    for place, (since, day) in enumerate(known):
        until = known[place + 1][0] if place + 1 < len(known) else None
        for each in _days(trigger, day, first.year, last.year) if day is not None else ():
            at = local_moment(each + offset, trigger.at, zone)
            if since <= at and (until is None or at < until):
                yield at, ""


def _days(trigger: DatedTrigger, day: date, first: int, last: int) -> Iterator[date]:
    """The days of these years that a date is about: itself, or those on which it comes round."""
    assert trigger.fact is not None
    if not trigger.yearly:
        yield day
        return
    for year in range(first, last + 1):
        if trigger.fact.type == FactType.DATE or day.year <= year <= day.year + YEARS_BACK:
            yield anniversary(day, year)
