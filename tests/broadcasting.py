"""Makers of what tests of broadcasts need, and a worker who does all there is to do."""

from __future__ import annotations

from typing import Any

from jouren.broadcasts import engine
from jouren.broadcasts.actions import Wording, change_broadcast, create_broadcast, start_broadcast
from jouren.broadcasts.models import Broadcast, Issue
from jouren.contacts.models import Consent, Contact, Identity
from jouren.core import clock
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.vocabulary import State
from tests.messages import published, reader


def readers(number: int, first: int = 0, **details: Any) -> list[Contact]:
    """So many people who agreed to the newsletter."""
    return [reader(f"r{n}@example.jp", **details) for n in range(first, first + number)]


def many_readers(number: int) -> None:
    """So many of them in a few statements, where only their number matters."""
    people = Contact.objects.bulk_create([Contact() for _each in range(number)])
    Identity.objects.bulk_create(
        [Identity(contact=person, kind="email", value=f"m{person.pk}@example.jp") for person in people]
    )
    now = clock.now()
    Consent.objects.bulk_create(
        [Consent(contact=each, channel="email", topic="newsletter", is_granted=True, since=now) for each in people]
    )


def draft_broadcast(*wordings: Wording, version: MessageVersion | None = None, **fields: Any) -> Broadcast:
    """A draft that says these, or one published message."""
    if not wordings:
        version = version or published()
        assert version.message_id is not None
        wordings = (Wording(version.message_id),)
    name = fields.pop("name", "11月号")
    return change_broadcast(create_broadcast(name).pk, variants=wordings, **fields)


def started(*wordings: Wording, **fields: Any) -> Broadcast:
    """A broadcast that its author has sent off."""
    return start_broadcast(draft_broadcast(*wordings, **fields).pk)


def work(most: int = 1_000) -> int:
    """What a worker does now. Returns how many batches that were."""
    for batches in range(most):
        if not engine.tick():
            return batches
    raise AssertionError("There is no end to it.")


def issue_of(broadcast: Broadcast) -> Issue:
    """A broadcast's only issue, as it stands."""
    return Issue.objects.select_related("broadcast").get(broadcast=broadcast)


def planned_for(broadcast: Broadcast) -> list[int]:
    """Who has a delivery of it, in their order; with each as often as they have one."""
    run_ids = Issue.objects.filter(broadcast=broadcast).values("run_id")
    return sorted(Delivery.objects.filter(run_id__in=run_ids).values_list("contact_id", flat=True))


def deliver_all(**changed: Any) -> None:
    """As if senders had handed over all that is due."""
    now = clock.now()
    changed = {"state": State.SENT, "sent_at": now, "try_at": now} | changed
    Delivery.objects.filter(state=State.PLANNED, try_at__lte=now).update(**changed)
