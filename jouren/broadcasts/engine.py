"""The broadcaster: begins issues, and plans the deliveries of those that have begun.

Each tick is one transaction of one batch. Beginning an issue freezes its letters and its audience. After that people
are planned in the order of their turns, a thousand at a time: the batch's deliveries, and the cursor that says up to
whom people are planned, are committed together, so a crash between two batches leaves nobody out and nobody twice.
Whoever works on an issue holds its row and its broadcast's; others pass them by.

Nobody is planned much ahead of their turn, so that a broadcast that is paused or throttled has little under way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import override

from jouren.broadcasts.issues import begin_issue, end_issue, fill_again, forget_audience, settle_test
from jouren.broadcasts.models import Broadcast, Issue
from jouren.broadcasts.policies import lot, pace, place_in_rest, room_until, turns
from jouren.broadcasts.vocabulary import Decision, Phase, Stage
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.messaging.actions import PlannedDelivery, hold_run, plan_many
from jouren.messaging.vocabulary import Lane

logger = logging.getLogger(__name__)
_sql = load_sql("broadcasts")

CHANNEL = "jouren_broadcast"
BATCH = 1_000
HORIZON = timedelta(seconds=60)
"""How far ahead of their turn people are planned."""


def tick() -> bool:
    """Do one batch. Returns False when there is nothing to do."""
    now = clock.now()
    return _begin_next(now) or _go_on_with_next(now)


def _begin_next(now: datetime) -> bool:
    with transaction.atomic():
        row = _sql.one("claim_broadcast", {"now": now})
        if row is None:
            return False
        broadcast = Broadcast.objects.get(pk=row[0])
        _or_put_aside(broadcast.pk, lambda: begin_issue(broadcast, now))
    return True


def _go_on_with_next(now: datetime) -> bool:
    with transaction.atomic():
        row = _sql.one("claim_issue", {"now": now})
        if row is None:
            return False
        issue = Issue.objects.select_related("broadcast").get(pk=row[0])
        _or_put_aside(issue.broadcast_id, lambda: go_on(issue, now))
    return True


def _or_put_aside(broadcast_id: int, work: Callable[[], object]) -> None:
    """Do ``work`` in a savepoint. What fails is put on hold with the reason, so that it stands in no other's way."""
    try:
        with transaction.atomic(), override(settings.LANGUAGE_CODE):
            work()
    except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError):
        raise  # nobody's fault: it is tried again
    except Exception as error:
        if not isinstance(error, UserError):
            logger.exception("Broadcast %s is put on hold", broadcast_id)
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        trouble = reason.replace("\x00", "")[:500]
        Broadcast.objects.filter(pk=broadcast_id).update(held_at=clock.now(), trouble=trouble)
        for run_id in Issue.objects.filter(broadcast=broadcast_id, ended_at=None).values_list("run_id", flat=True):
            hold_run(run_id)


def go_on(issue: Issue, now: datetime) -> None:
    """The next batch of an issue; the caller holds its row, and its broadcast's."""
    match Stage(issue.stage):
        case Stage.FIRST | Stage.REST | Stage.AGAIN:
            if _plan_batch(issue, now):
                _enter_next_stage(issue, now)
        case Stage.TESTING:
            settle_test(issue, now)
        case Stage.PAUSE:
            fill_again(issue, now)
        case Stage.ENDING:
            end_issue(issue, now)
        case Stage.CANCELLED:
            if forget_audience(issue):
                issue.due_at = None
        case Stage.ASKING | Stage.DONE:
            issue.due_at = None
    issue.save()


def _plan_batch(issue: Issue, now: datetime) -> bool:
    """Plan the next people of the phase. Returns True when there are no more."""
    per_hour = issue.broadcast.per_hour
    until = now + HORIZON
    room = room_until(until, issue.next_slot_at, now, per_hour, BATCH)
    cursor = {"issue_id": issue.pk, "phase": issue.phase}
    rows = []
    if room:
        place = {"cursor_due": issue.cursor_due, "cursor_contact": issue.cursor_contact}
        rows = _sql.all("next_recipients", {**cursor, **place, "until": until, "limit": room})
    if rows:
        moments = turns([max(row[1], now) for row in rows], issue.next_slot_at, now, per_hour)
        version_of = _versions(issue)
        plan_many(
            [
                PlannedDelivery(
                    run_id=issue.run_id,
                    step=issue.step,
                    contact_id=contact_id,
                    occurrence=int(issue.phase == Phase.AGAIN),
                    message_version_id=version_of(place, frozen_id),
                    channel="email",
                    lane=Lane.BROADCAST,
                    due_at=moment,
                )
                for (contact_id, _due, place, frozen_id), moment in zip(rows, moments, strict=True)
            ],
            now,
        )
        issue.cursor_due, issue.cursor_contact = rows[-1][1], rows[-1][3]
        issue.planned += len(rows)
        issue.last_due_at = max(moments[-1], issue.last_due_at or moments[-1])
        if per_hour is not None:
            issue.next_slot_at = moments[-1] + pace(per_hour)
    place = {"cursor_due": issue.cursor_due, "cursor_contact": issue.cursor_contact}
    turn = _sql.one("next_turn", {**cursor, **place})
    if turn is None:
        return True
    free = issue.next_slot_at or now
    issue.due_at = max(now, max(turn[0], free) - HORIZON / 2)
    return False


def _versions(issue: Issue) -> Callable[[int, int], int]:
    """Which version a person gets, by the variant drawn for them and the id under which they were drawn."""
    letters = list(issue.letters.all())
    if issue.phase == Phase.AGAIN:
        (again,) = (letter.version_id for letter in letters if letter.is_again)
        return lambda place, frozen_id: again
    versions = {letter.place: letter.version_id for letter in letters if not letter.is_again}
    if issue.phase == Phase.FIRST:
        return lambda place, frozen_id: versions[place]
    if issue.decision != Decision.SPLIT:
        winner = versions[issue.winner or 0]
        return lambda place, frozen_id: winner
    share, number, issue_id = issue.broadcast.test_percent / 100, len(versions), issue.pk
    return lambda place, frozen_id: versions[place_in_rest(lot(issue_id, frozen_id), share, number)]


def _enter_next_stage(issue: Issue, now: datetime) -> None:
    """All people of a phase are planned."""
    broadcast = issue.broadcast
    last = max(issue.last_due_at or now, now)
    variants = sum(not letter.is_again for letter in issue.letters.all())
    if issue.stage == Stage.FIRST and variants > 1 and broadcast.test_percent < 100:
        issue.stage, issue.due_at = Stage.TESTING, last + timedelta(hours=broadcast.wait_hours)
    elif issue.stage != Stage.AGAIN and broadcast.again_hours is not None:
        issue.stage, issue.due_at = Stage.PAUSE, last + timedelta(hours=broadcast.again_hours)
    else:
        issue.stage, issue.due_at = Stage.ENDING, now
