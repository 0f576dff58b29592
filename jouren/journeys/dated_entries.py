"""Brings people into journeys on a day of theirs: a birthday, a week after the delivery, a year after they came.

For each such trigger of a live journey one row says up to which moment it was looked at. When the next moment (a day at
the trigger's time, in the journey's zone) has come, everybody whose day it is enters, so many in a transaction. The row
is locked: of several workers one does it, once. Nobody is looked at in between.

Who gets their date after its moment, or whose event is told after it, waits for the next year or does not enter: as
with a step that waits for a date, what is over is over.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from jouren.conditions.moments import anniversary, end_of_day, start_of_day
from jouren.conditions.queries import contact_ids
from jouren.conditions.registry import FactType
from jouren.contacts.queries import present_contacts
from jouren.core import clock
from jouren.core.schedule import local_moment
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import stop_reactions
from jouren.journeys import engine
from jouren.journeys.program import DatedTrigger, Trigger
from jouren.journeys.purchases import is_meant
from jouren.journeys.reactions import admitted, enrol_contacts
from jouren.journeys.versions import LoadedVersion, live_versions

_sql = load_sql("journeys")

CHANNEL = "jouren_dated_entries"
BATCH = 500
YEARS_BACK = 50
MOST_LATE = timedelta(days=2)
"""Moments that were missed for longer, because no worker ran, bring nobody in: a birthday is over."""

_ONE_DAY = timedelta(days=1)
Wanted = Mapping[tuple[int, str], tuple[LoadedVersion, DatedTrigger]]


def tick() -> bool:
    """Bring in the next people whose moment has come. Returns whether there was a moment to look at."""
    wanted = _wanted()
    now = clock.now()
    for key, seen_until in _known(wanted).items():
        version, trigger = wanted[key]
        if _next_moment(trigger, version.program.zone, _since(seen_until, now)) <= now and _look(version, trigger, now):
            return True
    return False


def next_due() -> datetime | None:
    """The next moment at which somebody may enter; None when no live journey asks for dates."""
    now = clock.now()
    moments = (_next_moment(trigger, version.program.zone, now) for version, trigger in _wanted().values())
    return min(moments, default=None)


def is_busy() -> bool:
    """Whether a moment has come that was not looked at yet."""
    wanted, now = _wanted(), clock.now()
    return any(
        _next_moment(wanted[key][1], wanted[key][0].program.zone, _since(seen_until, now)) <= now
        for key, seen_until in _known(wanted).items()
    )


def _wanted() -> Wanted:
    """Every dated trigger of a live journey, by journey and fingerprint."""
    return {
        (version.journey_id, trigger.id): (version, trigger)
        for version in live_versions()
        for trigger in version.program.dates
    }


def _known(wanted: Wanted) -> dict[tuple[int, str], datetime]:
    """Up to when each was looked at; what is new begins with its version, what is over is forgotten."""
    known = {(row[0], row[1]): row[2] for row in _sql.all("dated_entries")}
    if new := wanted.keys() - known.keys():
        versions = {"version_ids": [wanted[key][0].id for key in new], "triggers": [key[1] for key in new]}
        _sql.run("dated_entries_begin", versions)
        known = {(row[0], row[1]): row[2] for row in _sql.all("dated_entries")}
    if over := known.keys() - wanted.keys():
        _sql.run("dated_entries_end", {"journey_ids": [key[0] for key in over], "triggers": [key[1] for key in over]})
    return {key: seen_until for key, seen_until in known.items() if key in wanted}


def _since(seen_until: datetime, now: datetime) -> datetime:
    return max(seen_until, now - MOST_LATE)


def _next_moment(trigger: DatedTrigger, zone: ZoneInfo, after: datetime) -> datetime:
    """The first moment of the trigger after another, in UTC."""
    day = after.astimezone(zone).date()
    while (moment := local_moment(day, trigger.at, zone)) <= after:
        day += _ONE_DAY
    return moment


@transaction.atomic
def _look(version: LoadedVersion, trigger: DatedTrigger, now: datetime) -> bool:
    place = {"journey_id": version.journey_id, "trigger": trigger.id}
    row = _sql.one("dated_entries_lock", place)
    if row is None:
        return False
    seen_until, after = row
    since = _since(seen_until, now)
    zone = version.program.zone
    moment = _next_moment(trigger, zone, since)
    if moment > now:
        return False
    day = moment.astimezone(zone).date() - timedelta(days=trigger.offset)
    people = _people(version, trigger, day, after if since == seen_until else 0)
    is_last = len(people) < BATCH
    progress = {"seen_until": moment, "after": 0} if is_last else {"seen_until": since, "after": max(people)}
    _sql.run("dated_entries_seen", {**place, **progress})
    if _enter(version, people, now):
        wake(engine.CHANNEL)
    return True


def _enter(version: LoadedVersion, people: Mapping[int, Sequence[str]], now: datetime) -> int:
    """Bring people in, each once for each key. Returns how many walks began."""
    stop_reactions(people)  # nobody is erased or merged meanwhile
    present = set(present_contacts().filter(pk__in=list(people)).values_list("pk", flat=True))
    entered = 0
    for keys in _rounds({contact_id: keys for contact_id, keys in people.items() if contact_id in present}):
        entered += len(enrol_contacts(version, admitted(version, keys, now), now))
    return entered


def _rounds(people: Mapping[int, Sequence[str]]) -> Iterator[dict[int, str]]:
    for turn in range(max(map(len, people.values()), default=0)):
        yield {contact_id: keys[turn] for contact_id, keys in people.items() if turn < len(keys)}


def _people(version: LoadedVersion, trigger: DatedTrigger, day: date, after: int) -> dict[int, list[str]]:
    """The next people whose day it is, with what their walks are about."""
    zone = version.program.zone
    if trigger.event is not None:
        return _by_event(trigger.event, version.program.key, day, zone, after)
    noon = datetime.combine(day, time(12), tzinfo=zone)
    return {
        contact_id: [""]
        for contact_id in contact_ids(_tree(trigger, day), after=after, limit=BATCH, now=noon, zone=zone)
    }


def _tree(trigger: DatedTrigger, day: date) -> dict[str, Any]:
    """The condition that holds for those whose day it is."""
    assert trigger.fact is not None
    asked = {
        "fact": trigger.fact.name,
        "args": {name: value for name, value in trigger.fact.arguments if value is not None},
    }
    if trigger.fact.type == FactType.DATE:
        if trigger.yearly:
            return {**asked, "op": "anniversary_within_days", "value": 0}
        return {**asked, "op": "eq", "value": day.isoformat()}
    days = _years_back(day) if trigger.yearly else [day]
    return {"any": [{**asked, "op": "on_local_date", "value": each.isoformat()} for each in days]}


def _years_back(day: date) -> list[date]:
    """The days of which this one is the anniversary, and it itself."""
    years = range(day.year - YEARS_BACK, day.year + 1)
    days = {anniversary(day, year) for year in years} | {date(year, 2, 29) for year in years if isleap(year)}
    return sorted(each for each in days if anniversary(each, day.year) == day)


def _by_event(event: Trigger, key: str, day: date, zone: ZoneInfo, after: int) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for contact_id, payload in _happened(event.event, day, zone, after):
        keys = found.setdefault(contact_id, [])
        if not is_meant(event.event, payload, event.match, event.where):
            continue
        about = str(payload.get(key) or "") if key else ""
        if about not in keys:
            keys.append(about)
    return found


def _happened(type: str, day: date, zone: ZoneInfo, after: int) -> Iterable[tuple[int, Mapping[str, Any]]]:
    between = {"start": start_of_day(day, zone).astimezone(UTC), "end": end_of_day(day, zone).astimezone(UTC)}
    return [
        (row[0], row[1])
        for row in _sql.all("happened_between", {"type": type, **between, "after": after, "limit": BATCH})
    ]
