"""What staff do with broadcasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.broadcasts.checking import check_broadcast
from jouren.broadcasts.engine import CHANNEL
from jouren.broadcasts.errors import InvalidBroadcast, Problem, WrongState
from jouren.broadcasts.issues import close_broadcast, start_rest
from jouren.broadcasts.models import MOST_VARIANTS, Broadcast, Issue, Variant
from jouren.broadcasts.occurrences import first_occurrence, next_occurrence
from jouren.broadcasts.vocabulary import BroadcastState, Decision, Stage, Timing
from jouren.core import clock
from jouren.core.wake import wake
from jouren.messaging.actions import cancel_run, hold_run, release_run

User = AbstractBaseUser | None
FIELDS = frozenset(
    {
        "name",
        "audience",
        "timing",
        "day",
        "at",
        "is_local",
        "weekdays",
        "month_days",
        "until",
        "per_hour",
        "test_percent",
        "wait_hours",
        "metric",
        "fallback",
        "again_hours",
        "again_subject",
        "is_archived",
        "is_searchable",
    }
)


class Wording(NamedTuple):
    """One version: a message by its id, and the subject that replaces its own (empty: its own)."""

    message_id: int
    subject: str = ""


@transaction.atomic
def create_broadcast(name: str, *, by: User = None) -> Broadcast:
    """A new draft."""
    broadcast = Broadcast.objects.create(name=name[:200], created_at=clock.now(), created_by_id=by.pk if by else None)
    log(instance=broadcast, action="wagtail.create", user=by)
    return broadcast


@transaction.atomic
def change_broadcast(
    broadcast_id: int, *, variants: Sequence[Wording] | None = None, by: User = None, **fields: Any
) -> Broadcast:
    """Change a draft: some of its ``fields`` (:data:`FIELDS`), and its versions where given. A draft may be unfinished.

    Raises:
        WrongState: it is no draft any more.
    """
    if unknown := fields.keys() - FIELDS:
        raise TypeError(f"A broadcast has no {sorted(unknown)}.")
    broadcast = _locked(broadcast_id)
    _want(broadcast.is_open, _("This broadcast is no draft any more and cannot be changed."))
    for name, value in fields.items():
        setattr(broadcast, name, value)
    broadcast.save()
    if variants is not None:
        broadcast.variants.all().delete()
        Variant.objects.bulk_create(
            Variant(broadcast=broadcast, place=place, message_id=wording.message_id, subject=wording.subject.strip())
            for place, wording in enumerate(variants[:MOST_VARIANTS])
        )
    log(instance=broadcast, action="wagtail.edit", user=by)
    return broadcast


@transaction.atomic
def copy_broadcast(broadcast_id: int, *, by: User = None) -> Broadcast:
    """A new draft that says the same to the same people."""
    source = Broadcast.objects.get(pk=broadcast_id)
    copy = create_broadcast(_("%(name)s (copy)") % {"name": source.name[:180]}, by=by)
    fields = {name: getattr(source, name) for name in FIELDS - {"name", "day"}}
    wordings = [Wording(each.message_id, each.subject) for each in source.variants.all()]
    return change_broadcast(copy.pk, variants=wordings, by=by, **fields)


@transaction.atomic
def start_broadcast(broadcast_id: int, *, by: User = None) -> Broadcast:
    """Send a draft: at once, or when its time comes.

    Raises:
        WrongState: it is no draft any more.
        InvalidBroadcast: with all that keeps it from being sent; nothing is changed.
    """
    broadcast = _locked(broadcast_id)
    _want(broadcast.is_open, _("This broadcast was started already."))
    now = clock.now()
    check_broadcast(broadcast, now)
    first = first_occurrence(broadcast, now)
    if first is None:
        raise InvalidBroadcast([Problem("when", _("There is no such day up to the last day."))])
    broadcast.state = BroadcastState.SCHEDULED
    broadcast.next_at, broadcast.next_day, broadcast.trouble = first.at, first.day, ""
    broadcast.save()
    log(instance=broadcast, action="broadcasts.start", user=by, data={"at": first.at.isoformat()})
    wake(CHANNEL)
    return broadcast


@transaction.atomic
def recall_broadcast(broadcast_id: int, *, by: User = None) -> Broadcast:
    """Make a draft of a broadcast again that has not begun yet.

    Raises:
        WrongState: it has begun.
    """
    broadcast = _locked(broadcast_id)
    is_waiting = broadcast.state == BroadcastState.SCHEDULED and not broadcast.issues.exists()
    _want(is_waiting, _("This broadcast has begun already. You can pause or cancel it."))
    broadcast.state, broadcast.next_at, broadcast.next_day = BroadcastState.DRAFT, None, None
    broadcast.held_at, broadcast.trouble = None, ""
    broadcast.save()
    log(instance=broadcast, action="broadcasts.recall", user=by)
    return broadcast


@transaction.atomic
def pause_broadcast(broadcast_id: int, *, by: User = None) -> None:
    """Let nothing more of it go out until it is resumed. Messages in a sender's hands go out still.

    Raises:
        WrongState: it is not under way, or paused already.
    """
    broadcast = _locked(broadcast_id)
    _want(_is_under_way(broadcast) and not broadcast.is_paused, _("Only a broadcast under way can be paused."))
    for issue in _open_issues(broadcast):
        hold_run(issue.run_id)
    broadcast.held_at = clock.now()
    broadcast.save(update_fields=["held_at"])
    log(instance=broadcast, action="broadcasts.pause", user=by)


@transaction.atomic
def resume_broadcast(broadcast_id: int, *, by: User = None) -> None:
    """Let a paused broadcast go on where it stopped. Issues of a rhythm that would have begun meanwhile are left out.

    Raises:
        WrongState: it is not paused.
    """
    broadcast = _locked(broadcast_id)
    _want(broadcast.is_paused, _("This broadcast is not paused."))
    for issue in _open_issues(broadcast):
        release_run(issue.run_id)
    now = clock.now()
    was_missed = broadcast.next_at is not None and broadcast.next_at <= now
    if broadcast.timing == Timing.REPEAT and was_missed and not broadcast.trouble:
        following = next_occurrence(broadcast, now)
        broadcast.next_at = following.at if following else None
        broadcast.next_day = following.day if following else None
    broadcast.held_at, broadcast.trouble = None, ""
    broadcast.save()
    if broadcast.next_at is None:
        close_broadcast(broadcast)
    log(instance=broadcast, action="broadcasts.resume", user=by)
    wake(CHANNEL)


@transaction.atomic
def cancel_broadcast(broadcast_id: int, *, by: User = None) -> None:
    """End a broadcast for good: nothing more of it goes out, what is planned is withheld, no further issue begins.

    Raises:
        WrongState: it is a draft, or has ended.
    """
    broadcast = _locked(broadcast_id)
    _want(_is_under_way(broadcast), _("Only a broadcast under way can be cancelled."))
    now = clock.now()
    for issue in _open_issues(broadcast):
        # A worker forgets its audience.
        issue.stage, issue.due_at, issue.ended_at = Stage.CANCELLED, now, now
        issue.save()
        cancel_run(issue.run_id)
    broadcast.state, broadcast.next_at, broadcast.next_day = BroadcastState.CANCELLED, None, None
    broadcast.held_at, broadcast.trouble = None, ""
    broadcast.save()
    log(instance=broadcast, action="broadcasts.cancel", user=by)
    wake(CHANNEL)


@transaction.atomic
def stop_repeating(broadcast_id: int, *, by: User = None) -> None:
    """Let the issue under way, if there is one, end as planned, and no further one begin.

    Raises:
        WrongState: nothing of it repeats any more.
    """
    broadcast = _locked(broadcast_id)
    repeats = broadcast.timing == Timing.REPEAT and broadcast.next_at is not None
    _want(repeats, _("This broadcast does not repeat any more."))
    broadcast.next_at, broadcast.next_day = None, None
    broadcast.save(update_fields=["next_at", "next_day"])
    close_broadcast(broadcast)
    log(instance=broadcast, action="broadcasts.stop", user=by)


@transaction.atomic
def choose_version(issue_id: int, place: int | None, *, by: User = None) -> None:
    """Let the rest of a test without a winner get version ``place`` (0 is A), or (None) all in equal shares.

    Raises:
        WrongState: nobody asks any more, or there is no such version.
    """
    _locked(Issue.objects.values_list("broadcast_id", flat=True).get(pk=issue_id))
    issue = Issue.objects.select_related("broadcast").get(pk=issue_id)
    places = {letter.place for letter in issue.letters.filter(is_again=False)}
    _want(issue.stage == Stage.ASKING, _("This has been decided already."))
    _want(place is None or place in places, _("There is no such version."))
    start_rest(issue, clock.now(), Decision.CHOSEN if place is not None else Decision.SPLIT, place)
    issue.save()
    log(instance=issue.broadcast, action="broadcasts.choose", user=by, data={"place": place})
    wake(CHANNEL)


@transaction.atomic
def delete_broadcast(broadcast_id: int, *, by: User = None) -> None:
    """Delete a draft. What was sent is kept.

    Raises:
        WrongState: it is no draft any more.
    """
    broadcast = _locked(broadcast_id)
    _want(broadcast.is_open, _("Only drafts can be deleted."))
    log(instance=broadcast, action="wagtail.delete", user=by)
    broadcast.delete()


@transaction.atomic
def change_archive(broadcast_id: int, *, is_archived: bool, is_searchable: bool, by: User = None) -> None:
    """Show a broadcast's letters in the archive on the web, or no longer; also after it was sent."""
    broadcast = _locked(broadcast_id)
    broadcast.is_archived, broadcast.is_searchable = is_archived, is_searchable
    broadcast.save(update_fields=["is_archived", "is_searchable"])
    log(instance=broadcast, action="broadcasts.archive", user=by, data={"is_archived": is_archived})


def _locked(broadcast_id: int) -> Broadcast:
    """Whoever holds a broadcast's row is alone with it and its issues; workers do, for the length of a batch."""
    return Broadcast.objects.select_for_update(no_key=True).get(pk=broadcast_id)


def _open_issues(broadcast: Broadcast) -> list[Issue]:
    return list(broadcast.issues.filter(ended_at=None).order_by("pk"))


def _is_under_way(broadcast: Broadcast) -> bool:
    return broadcast.state in {BroadcastState.SCHEDULED, BroadcastState.SENDING}


def _want(holds: bool, text: str) -> None:
    if not holds:
        raise WrongState(text)
