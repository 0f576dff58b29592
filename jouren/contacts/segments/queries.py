"""What reads segments. Nothing here counts people one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from jouren.conditions.moments import day_of
from jouren.contacts.models import Contact
from jouren.contacts.segments.models import Segment
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.zone import shop_zone

_sql = load_sql("contacts")
LAST = 2**62


@dataclass(frozen=True, slots=True)
class Size:
    """How many people are in a segment, and when somebody last entered or left."""

    people: int = 0
    moved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a segment. ``since`` None: since the segment was made or its condition changed."""

    contact: Contact
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """How many people entered and left on a day of the shop."""

    day: date
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Membership:
    """A segment that somebody is in, and since when (None: since it was made or its condition changed)."""

    segment_id: int
    name: str
    since: datetime | None


def segments() -> QuerySet[Segment]:
    """All segments."""
    return Segment.objects.filter(deleted_at=None)


def segment_choices() -> list[tuple[int, str]]:
    """All segments by name, to choose one."""
    return list(segments().values_list("pk", "name"))


def sizes(segment_ids: Iterable[int]) -> dict[int, Size]:
    """The sizes of these segments; an empty one is left out."""
    rows = _sql.all("segment_totals", {"ids": list(segment_ids)})
    return {segment_id: Size(people, moved_at) for segment_id, people, moved_at in rows}


def people_in_segment(segment_id: int, *, before: int | None = None, limit: int = 50) -> list[Member]:
    """Who is in a segment, whoever became known last first; ``before``: the last contact id of the page before."""
    before = LAST if before is None else before
    rows = _sql.all("segment_people", {"id": segment_id, "before": before, "limit": limit})
    present = Contact.objects.filter(erased_at=None, merged_at=None)
    people = present.in_bulk([contact_id for contact_id, _since in rows])
    return [Member(people[contact_id], since) for contact_id, since in rows if contact_id in people]


def hold_people_in_segment(segment_id: int, *, after: int, by: datetime, limit: int) -> list[int]:
    """The ids of the next people (ascending, above ``after``) who came into a segment by a moment, and still are in it.

    Until the caller's transaction ends nobody erases or merges them.
    """
    rows = _sql.all("segment_members_held", {"id": segment_id, "after": after, "by": by, "limit": limit})
    return [row[0] for row in rows]


def growth(segment_id: int, days: int = 30) -> list[Day]:
    """The last days on which somebody entered or left, the latest first."""
    since = day_of(clock.now(), shop_zone()) - timedelta(days=days - 1)
    return [Day(*row) for row in _sql.all("segment_days", {"id": segment_id, "since": since})]


def segments_of(contact_id: int) -> list[Membership]:
    """The segments that a person is in."""
    return [Membership(*row) for row in _sql.all("segments_of", {"contact_id": contact_id})]
