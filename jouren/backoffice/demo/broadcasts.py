"""The demo shop's newsletter: one that was sent weeks ago, with what became of it, and a draft in two versions for a
segment.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import F

from jouren.backoffice.demo import texts
from jouren.broadcasts import engine
from jouren.broadcasts.actions import Wording, change_broadcast, create_broadcast, start_broadcast
from jouren.broadcasts.models import Broadcast, Issue, Recipient
from jouren.broadcasts.vocabulary import BroadcastState, Stage, Timing
from jouren.contacts.segments.models import Segment
from jouren.core import clock
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.models import Delivery, Message, MessageVersion, Run
from jouren.messaging.vocabulary import State

_AGO = timedelta(days=30)


def make_broadcasts() -> None:
    """Make both."""
    _make_sent()
    make_draft()


def make_draft() -> None:
    """A draft in two versions, for the segment."""
    message_id = _message("winter").pk
    broadcast = create_broadcast(texts.BROADCASTS["winter"])
    wordings = [Wording(message_id), Wording(message_id, texts.WINTER_SUBJECT)]
    segment = Segment.objects.get(name=texts.SEGMENT_NAME)
    audience = {"all": [{"fact": "segment", "args": {"segment": segment.pk}, "op": "is", "value": True}]}
    change_broadcast(
        broadcast.pk, variants=wordings, audience=audience, timing=Timing.NOW, at=time(20, 0), test_percent=50
    )


def _make_sent() -> None:
    """By the way of any broadcast, but for the senders: nobody gets mail of a past that never was."""
    broadcast = create_broadcast(texts.BROADCASTS["autumn"])
    change_broadcast(broadcast.pk, variants=[Wording(_message("autumn").pk)], is_archived=True)
    start_broadcast(broadcast.pk)
    issue = None
    while issue is None or issue.stage != Stage.ENDING:
        engine.tick()
        issue = Issue.objects.filter(broadcast=broadcast).first()
    _put_into_the_past(broadcast, issue, clock.now() - _AGO)


def _put_into_the_past(broadcast: Broadcast, issue: Issue, then: datetime) -> None:
    deliveries = Delivery.objects.filter(run_id=issue.run_id)
    deliveries.filter(state=State.SUPPRESSED).delete()
    deliveries.update(state=State.SENT, reason="", due_at=then, try_at=then, planned_at=then, sent_at=then, attempts=1)
    # Every second one opened it, every fourth one clicked, in the evening of that day.
    evening = then + timedelta(hours=3)
    deliveries.annotate(kind=F("contact_id") % 4).filter(kind__in=(0, 2)).update(first_opened_at=evening)
    deliveries.annotate(kind=F("contact_id") % 4).filter(kind=0).update(first_clicked_at=evening)
    Run.objects.filter(pk=issue.run_id).update(created_at=then)
    MessageVersion.objects.filter(run_id=issue.run_id).update(created_at=then)
    Issue.objects.filter(pk=issue.pk).update(
        stage=Stage.DONE, due_at=None, begun_at=then, last_due_at=then, ended_at=evening, day=then.date()
    )
    Broadcast.objects.filter(pk=broadcast.pk).update(state=BroadcastState.SENT, created_at=then - timedelta(days=2))
    Recipient.objects.filter(issue_id=issue.pk).delete()
    record_events(
        [
            NewEvent(
                "message.sent",
                delivery.contact_id,
                {
                    "delivery": delivery.pk,
                    "message": delivery.message_version.message_id,
                    "title": delivery.message_version.name,
                    "channel": delivery.channel,
                },
                then,
                historical=True,
            )
            for delivery in deliveries.select_related("message_version")
        ]
    )


def _message(key: str) -> Message:
    return Message.objects.get(name=texts.MESSAGES[key].name)
