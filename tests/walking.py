"""People who walk journeys in tests: made, bought for, moved on until nothing is left to do."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from jouren.contacts.actions import create_contact, grant_consent, keep_consent_text
from jouren.contacts.models import Contact, Topic
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import engine
from jouren.journeys.actions import freeze_version
from jouren.journeys.models import Enrolment, Journey
from jouren.messaging.models import Delivery, Message, MessageVersion

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class Time:
    """A clock that a test moves."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def pass_by(self, **duration: float) -> None:
        self.now += timedelta(**duration)


def newsletter() -> Topic:
    return Topic.objects.get_or_create(key="newsletter", defaults={"name": "Newsletter"})[0]


def make_message(name: str, kind: str = "help") -> Message:
    message = Message.objects.create(name=name, kind=kind, topic=newsletter(), language="ja", live=True)
    MessageVersion.objects.create(
        message=message, number=1, name=name, kind=kind, topic="newsletter", bodies={}, hash=name, created_at=START
    )
    return message


def make_reader(number: int = 1, **details: Any) -> Contact:
    """Somebody who agreed to the newsletter."""
    contact = create_contact(email=f"p{number}@example.jp", **details)
    grant_consent(contact.pk, "email", newsletter().key, text=keep_consent_text("I want it."), via="form")
    return contact


def step(kind: str, value: dict[str, Any], key: str = "") -> dict[str, Any]:
    return {"type": kind, "value": value, "id": str(uuid.uuid5(uuid.NAMESPACE_OID, key) if key else uuid.uuid4())}


def send(message: Message, key: str = "") -> dict[str, Any]:
    return step("send", {"message": message.pk}, key)


def wait(days: int, key: str = "wait") -> dict[str, Any]:
    return step("wait", {"amount": days, "unit": "days"}, key)


def draft_journey(steps: Sequence[dict[str, Any]], trigger: Any = None, **fields: Any) -> Journey:
    streams = {"steps": list(steps), "trigger": trigger or [{"type": "event", "value": {"event": "order.paid"}}]}
    journey = Journey(name=fields.pop("name", "Welcome"), **fields)
    for name, value in streams.items():
        setattr(journey, name, journey._meta.get_field(name).stream_block.to_python(value))  # type: ignore[union-attr]
    journey.save()
    return journey


def live_journey(steps: Sequence[dict[str, Any]], trigger: Any = None, **fields: Any) -> Journey:
    journey = draft_journey(steps, trigger, **fields)
    freeze_version(journey)
    return journey


def rewrite(journey: Journey, *steps: dict[str, Any], **streams: Any) -> Journey:
    """Change what the author has written, without publishing it."""
    for name, value in {"steps": list(steps), **streams}.items():
        block = getattr(journey._meta.get_field(name), "stream_block", None)
        setattr(journey, name, block.to_python(value) if block else value)
    journey.save()
    return journey


def buy(contact: Contact, order: str = "1", **payload: Any) -> None:
    paid = {"order": order, "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"], **payload}
    # A source tells of one order once: everybody in a test has a shop of their own.
    record_event(NewEvent("order.paid", contact.pk, paid, source=f"shop-{contact.pk}"))


def work() -> None:
    """What a worker does until nothing is left to do."""
    while reactor.tick() or engine.tick():
        pass


def got(contact: Contact) -> list[str]:
    """The names of all messages planned for a person, in order."""
    deliveries = Delivery.objects.filter(contact_id=contact.pk).order_by("id")
    return list(deliveries.values_list("message_version__name", flat=True))


def walks(contact: Contact) -> list[Enrolment]:
    return list(Enrolment.objects.filter(contact_id=contact.pk).order_by("occurrence"))


def walk_of(contact: Contact) -> Enrolment:
    """A person's only walk."""
    (walk,) = walks(contact)
    return walk
