"""The people of a segment, put into a journey by hand: in batches, each of which knows how far the last one came."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from django.db import DatabaseError
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from procrastinate.contrib.django.models import ProcrastinateJob
from wagtail.log_actions import log

from jouren.contacts.models import LEFT_IN_PEACE
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import hold_people_in_segment
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.journeys.actions import IsPaused, NotPublished, User, enrol_by_hand, enterable_version
from jouren.journeys.locks import trying_again
from jouren.journeys.models import GroupEntry, Journey
from jouren.journeys.versions import load_version

_sql = load_sql("journeys")
BATCH = 500
SECONDS_AT_ONCE = 20.0
"""So long one job works; others that wait come in between."""
_MOST_SHOWN = 5


class GroupProblem(UserError):
    """The people of a segment cannot be put into a journey now."""


class Stop(TextChoices):
    """Why not everybody was looked at."""

    NOT_PUBLISHED = "not_published", gettext_lazy("the journey was unpublished")
    PAUSED = "paused", gettext_lazy("the journey was paused, and lets nobody in")
    CHANGED = "changed", gettext_lazy("the segment was changed or deleted")
    BROKE_OFF = "broke_off", gettext_lazy("something went wrong that stands in the log")


@dataclass(frozen=True)
class Reach:
    """How many people are in a segment, and how many of them may enter a journey, if the lot holds nobody back.

    ``per_hour`` of them begin in an hour; None: all at once. Of those who may enter, ``unreached`` get no mail as
    things stand (they agreed to none, or are suppressed), and ``in_peace`` others get no promotion.
    """

    people: int
    most: int
    per_hour: int | None
    unreached: int = 0
    in_peace: int = 0


def enterable_journeys() -> list[Journey]:
    """Journeys that have a live version, by name."""
    return list(Journey.objects.filter(versions__live=True))


def reach_of(journey: Journey, segment: Segment) -> Reach:
    """Whom it would be about. Raises NotPublished, IsPaused, GroupProblem."""
    _counted(segment)
    program = load_version(enterable_version(journey).pk).program
    row = _sql.one(
        "group_may_enter",
        {
            "journey_id": journey.pk,
            "segment_id": segment.pk,
            "has_holdout": program.holdout > 0,
            "reentry": program.reentry,
            "days": program.reentry_days,
            "now": clock.now(),
            "in_peace": sorted(LEFT_IN_PEACE),
        },
    )
    people, most, unreached, in_peace = row or (0, 0, 0, 0)
    return Reach(people, most, program.entries_per_hour, unreached, in_peace)


def enter_journey(journey: Journey, segment: Segment, token: UUID, *, by: User | None = None) -> GroupEntry:
    """Have the people who are in a segment now put into a journey, as :func:`enrol_by_hand` does with one.

    The same ``token`` again changes nothing, and returns what was begun with it.

    Raises:
        NotPublished: the journey has no live version.
        IsPaused: it is paused, and lets nobody in.
        GroupProblem: the segment is being counted, or its people are on their way into this journey already.
    """
    from jouren.journeys.tasks import enter_segment

    def ask() -> GroupEntry:
        if begun := GroupEntry.objects.filter(token=token).first():
            return begun
        counted = _counted(segment)
        enterable_version(journey)
        if GroupEntry.objects.filter(journey=journey, segment_id=segment.pk, finished_at=None).exists():
            raise GroupProblem(
                _("The people of this segment are on their way into “%(name)s” already.") % {"name": journey}
            )
        entry = GroupEntry.objects.create(
            token=token,
            journey=journey,
            segment_id=segment.pk,
            segment_version=counted.version,
            by_id=by.pk if by else None,
            asked_at=clock.now(),
        )
        enter_segment.configure(lock=_lock(entry.pk)).defer(entry_id=entry.pk)
        log(instance=journey, action="journeys.enter_segment", user=by, data={"segment": segment.name})
        return entry

    return trying_again(ask)


def entries_of(segment_id: int) -> list[GroupEntry]:
    """What was asked for last with a segment, the latest first."""
    asked = GroupEntry.objects.filter(segment_id=segment_id).select_related("journey")
    return list(asked.order_by("-id")[:_MOST_SHOWN])


def go_on(entry_id: int, seconds: float = SECONDS_AT_ONCE) -> None:
    """Put people in for so long; then have the rest done by another job."""
    from jouren.journeys.tasks import enter_segment

    until = time.monotonic() + seconds
    try:
        while trying_again(lambda: _batch(entry_id)):
            if time.monotonic() > until:
                enter_segment.configure(lock=_lock(entry_id)).defer(entry_id=entry_id)
                return
    except DatabaseError:
        raise  # what hinders the database passes: the row stays open, and gets a job again
    except Exception:
        _finish(entry_id, Stop.BROKE_OFF)
        raise


def take_up_lost() -> None:
    """Give a job to everything that is not finished and has none."""
    from jouren.journeys.tasks import enter_segment

    jobs = ProcrastinateJob.objects.filter(task_name=enter_segment.name, status__in=["todo", "doing"])
    busy = {job.args.get("entry_id") for job in jobs}
    for pk in GroupEntry.objects.filter(finished_at=None).exclude(pk__in=busy).values_list("pk", flat=True):
        enter_segment.configure(lock=_lock(pk)).defer(entry_id=pk)


def _batch(entry_id: int) -> bool:
    """Put the next people in, and note how far it came, in one transaction. Returns whether there may be more."""
    entry = GroupEntry.objects.select_for_update(of=("self",)).select_related("journey").filter(pk=entry_id).first()
    if entry is None or entry.finished_at is not None:
        return False
    if not Segment.objects.filter(pk=entry.segment_id, version=entry.segment_version, deleted_at=None).exists():
        return _finish(entry_id, Stop.CHANGED)
    ids = hold_people_in_segment(entry.segment_id, after=entry.after_id, by=entry.asked_at, limit=BATCH)
    if not ids:
        return _finish(entry_id)
    try:
        entered = enrol_by_hand(entry.journey, ids)
    except NotPublished:
        return _finish(entry_id, Stop.NOT_PUBLISHED)
    except IsPaused:
        return _finish(entry_id, Stop.PAUSED)
    entry.after_id = ids[-1]
    entry.seen += len(ids)
    entry.entered += len(entered)
    entry.save(update_fields=["after_id", "seen", "entered"])
    return True


def _finish(entry_id: int, stop: Stop | None = None) -> bool:
    unfinished = GroupEntry.objects.filter(pk=entry_id, finished_at=None)
    unfinished.update(finished_at=clock.now(), stopped_by=stop or "")
    return False


def _counted(segment: Segment) -> Segment:
    """A segment as it is now. Raises GroupProblem where its people are not yet those of its condition."""
    now = Segment.objects.filter(pk=segment.pk, deleted_at=None).first()
    if now is None or not now.is_filled:
        raise GroupProblem(_("The people of this segment are being counted anew. Try again in a moment."))
    return now


def _lock(entry_id: int) -> str:
    """One job at a time works on one of these."""
    return f"journeys.enter_segment.{entry_id}"
