"""Makers of what tests about messages need: a shop, a published message, people who agreed to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from jouren.contacts.actions.consent import grant_consent
from jouren.contacts.actions.people import ensure_contact
from jouren.contacts.models import Contact, Topic
from jouren.core import clock
from jouren.messaging.actions import PlannedDelivery, create_run
from jouren.messaging.models import Message, MessageVersion, ShopSettings
from jouren.messaging.publishing import publish_message
from jouren.messaging.vocabulary import Lane, RunKind


def make_shop(**changed: str) -> ShopSettings:
    """A shop with all that the law asks for."""
    shop, _created = ShopSettings.objects.update_or_create(
        pk=1,
        defaults={
            "name": "やまだ屋",
            "sender_name": "やまだ屋の花子",
            "sender_address": "shop@example.jp",
            "postal_address": "東京都千代田区1-1",
            "complaints_email": "help@example.jp",
        }
        | changed,
    )
    return shop


def draft(*blocks: tuple[str, Any], subject: str = "お知らせ", preheader: str = "", **fields: Any) -> Message:
    """An unsaved message whose mail has these blocks, one paragraph when none are given."""
    topic, _created = Topic.objects.get_or_create(key="newsletter", defaults={"name": "メルマガ"})
    if fields.get("kind") == "transactional":
        # Such mail is built in: it always has a purpose.
        fields.setdefault("purpose", f"test-{uuid.uuid4().hex[:8]}")
    message = Message(**{"name": "お知らせ", "kind": "help", "stage": 2, "topic": topic, "language": "ja"} | fields)
    content = [{"type": kind, "value": value} for kind, value in blocks or [("text", "<p>{{ contact.name }}</p>")]]
    field: Any = Message._meta.get_field("bodies")
    body = {"subject": subject, "preheader": preheader, "content": content}
    message.bodies = field.stream_block.to_python([{"type": "email", "value": body}])
    return message


def published(*blocks: tuple[str, Any], **fields: Any) -> MessageVersion:
    """A published message."""
    make_shop()
    return publish_message(draft(*blocks, **fields))


def reader(email: str, *, agrees: bool = True, **details: Any) -> Contact:
    """Somebody who agreed to the newsletter."""
    contact, _created = ensure_contact(email, **details)
    if agrees:
        grant_consent(contact.pk, "email", "newsletter", via="form")
    return contact


def planned(
    version: MessageVersion,
    contact: Contact,
    *,
    lane: int = Lane.TRIGGERED,
    due_at: datetime | None = None,
    occurrence: int = 0,
    context: dict[str, Any] | None = None,
) -> PlannedDelivery:
    """A delivery of this version to this person, due now, in a run of the version's own."""
    run = create_run(RunKind.BROADCAST, version.name, f"test-{version.pk}")
    step = uuid.UUID(int=version.pk)
    return PlannedDelivery(
        run.pk, step, contact.pk, occurrence, version.pk, "email", lane, due_at or clock.now(), context
    )
