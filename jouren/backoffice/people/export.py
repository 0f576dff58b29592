"""All that is kept about a person, as one JSON document: what they may ask for by law."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from wagtail.log_actions import log

from jouren.catalog.offers.people import offers_of_person
from jouren.contacts.models import Contact
from jouren.contacts.queries import alias_ids
from jouren.contacts.timeline import Cursor, timeline
from jouren.content.voices.queries import voices_of_person
from jouren.core import clock
from jouren.inbox.vocabulary import Question
from jouren.journeys.queries import walks_of
from jouren.mechanisms.queries import marks_for_export
from jouren.messaging.models import ClickHour, Delivery
from jouren.messaging.vocabulary import State
from jouren.orders.queries import orders_of, subscriptions_of
from jouren.pyramid.queries import stage_history, stage_of_contact

_PAGE = 1_000
_ORDER = (
    "source",
    "number",
    "kind",
    "state",
    "amount",
    "refunded",
    "currency",
    "products",
    "coupon",
    "reason",
    "placed_at",
    "paid_at",
    "shipped_at",
    "delivered_at",
    "cancelled_at",
)
_SUBSCRIPTION = (
    "source",
    "number",
    "state",
    "product",
    "every_days",
    "amount",
    "currency",
    "next_on",
    "started_at",
    "paused_until",
    "cancelled_at",
    "reason",
)
_VOICE = (
    "state",
    "original",
    "text",
    "shown_name",
    "age_group",
    "prefecture",
    "given",
    "satisfaction",
    "asked_at",
    "received_at",
    "permitted_at",
    "decided_at",
    "withdrawn_at",
)
_NAMES = ("family_name", "given_name", "family_kana", "given_kana", "language", "zone", "attributes", "source")


@transaction.atomic
def export_person(contact: Contact, by: AbstractBaseUser) -> dict[str, Any]:
    """The person's data by kind, and a line in the audit log that it was handed out."""
    log(instance=contact, action="contacts.export", user=by, title=str(contact.public_id))
    return {
        "exported_at": clock.now(),
        "person": {"id": contact.public_id, **{name: getattr(contact, name) for name in _NAMES}},
        "known_since": contact.created_at,
        "confirmed_at": contact.confirmed_at,
        "identities": list(contact.identities.values("kind", "as_given", "value", "verified_at", "created_at")),
        "problems": list(contact.problems.values("text", "noted_at", "solved_at", "source")),
        "tags": list(contact.tags.order_by("text").values("text", "at")),
        "consents": list(
            contact.consent_records.order_by("at").values(
                "channel", "topic", "is_granted", "at", "via", "page", "text__text"
            )
        ),
        "suppressions": list(contact.suppressions.values("channel", "reason", "at", "lifted_at", "detail")),
        "survey_answers": list(
            contact.survey_answers.order_by("answered_at", "pk").values("survey__name", "answered_at", *Question.values)
        ),
        "inquiries": list(contact.inquiries.order_by("at", "pk").values("kind", "text", "at", "handled_at", "note")),
        "marks": marks_for_export(contact.pk),
        "tasks": list(contact.tasks.order_by("at", "pk").values("kind__name", "state", "at", "done_at", "note")),
        "voices": [
            {name: getattr(voice, name) for name in _VOICE} | {"product": voice.product.name if voice.product else None}
            for voice in voices_of_person(contact.pk)
        ],
        "stage": stage_of_contact(contact.pk).key,
        "stages": list(stage_history(contact.pk).values("from_stage", "to_stage", "at", "reason")),
        "orders": list(orders_of(contact.pk).values(*_ORDER)),
        "subscriptions": list(subscriptions_of(contact.pk).values(*_SUBSCRIPTION)),
        "offers": offers_of_person(contact.pk),
        "journeys": [
            {"name": walk.journey, "entered_at": walk.entered_at, "ended_at": walk.ended_at, "reason": walk.reason}
            for walk in walks_of(contact.pk)
        ],
        "messages": _messages(contact),
        "clicks_by_hour": dict(
            ClickHour.objects.filter(contact_id=contact.pk).order_by("hour").values_list("hour", "clicks")
        ),
        "timeline": _events(contact),
    }


def _messages(contact: Contact) -> list[dict[str, Any]]:
    deliveries = Delivery.objects.filter(contact_id__in=alias_ids(contact.pk)).select_related("message_version")
    return [
        {
            "name": delivery.message_version.name,
            "channel": delivery.channel,
            "state": State(delivery.state).name.lower(),
            "reason": delivery.reason,
            "due_at": delivery.due_at,
            "sent_at": delivery.sent_at,
            "first_opened_at": delivery.first_opened_at,
            "first_clicked_at": delivery.first_clicked_at,
            "first_replied_at": delivery.first_replied_at,
        }
        for delivery in deliveries.order_by("id").iterator()
    ]


def _events(contact: Contact) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    before: Cursor | None = None
    while page := timeline(contact.pk, before=before, limit=_PAGE):
        told += [
            {"type": entry.event.type, "at": entry.event.occurred_at, "data": entry.event.payload} for entry in page
        ]
        before = (page[-1].event.occurred_at, page[-1].event.id)
    return told
