"""What a person wants to get: seen and changed by the links at the foot of every mail."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.contacts.actions import (
    grant_consent,
    keep_consent_text,
    lift_suppression,
    suppress,
    withdraw_all_consent,
    withdraw_consent,
)
from jouren.contacts.models import Consent, Contact, Identity, IdentityKind, Suppression, SuppressionReason, Topic
from jouren.contacts.queries import canonical_id
from jouren.messaging.models import Delivery
from jouren.messaging.tracking import parse_token

CHANNELS = {IdentityKind.EMAIL.value: gettext_lazy("Mail"), IdentityKind.LINE.value: gettext_lazy("LINE")}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever holds the link of a delivery: the person, and what that delivery was about."""

    contact_id: int
    channel: str
    topic: str
    topic_name: str
    delivery_id: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be ticked: a topic on a channel."""

    channel: str
    topic: str
    name: str
    description: str
    is_wanted: bool

    @property
    def value(self) -> str:
        """How a form field names it."""
        return f"{self.channel}:{self.topic}"

    @property
    def channel_name(self) -> str:
        """The channel as people call it."""
        return str(CHANNELS[self.channel])


def find_reader(token: str) -> Reader | None:
    """Whom a link belongs to; None for a forged one, or when the person is gone."""
    delivery_id = parse_token(token)
    if delivery_id is None:
        return None
    delivery = Delivery.objects.select_related("message_version").filter(pk=delivery_id).first()
    if delivery is None:
        return None
    contact_id = canonical_id(delivery.contact_id)
    if not Contact.objects.filter(pk=contact_id, erased_at=None, merged_at=None).exists():
        return None
    topic = delivery.message_version.topic
    name = Topic.objects.filter(key=topic).values_list("name", flat=True).first() or topic
    return Reader(contact_id, delivery.channel, topic, name, delivery.pk)


def choices_of(contact_id: int) -> list[Choice]:
    """All that a person can have: offered topics and those they once allowed, on each channel that reaches them."""
    held = {
        (consent.channel, consent.topic): consent.is_granted for consent in Consent.objects.filter(contact=contact_id)
    }
    kinds = set(Identity.objects.filter(contact=contact_id).values_list("kind", flat=True))
    channels = [channel for channel in CHANNELS if channel in kinds]
    topics = [topic for topic in Topic.objects.all() if topic.is_offered or any(key == topic.key for _c, key in held)]
    stopped = set(
        Suppression.objects.filter(contact=contact_id, reason=SuppressionReason.UNNEEDED, lifted_at=None).values_list(
            "channel", flat=True
        )
    )
    return [
        Choice(
            channel,
            topic.key,
            topic.name,
            topic.description,
            # What was stopped on a channel does not come, whatever was once allowed; a new tick lifts the stop.
            held.get((channel, topic.key), False) and channel not in stopped,
        )
        for channel in channels
        for topic in topics
    ]


def addresses_of(contact_id: int) -> list[str]:
    """The mail addresses of a person."""
    identities = Identity.objects.filter(contact=contact_id, kind=IdentityKind.EMAIL)
    return list(identities.order_by("pk").values_list("value", flat=True))


def has_stopped(contact_id: int) -> bool:
    """Whether a person asked for no more messages at all."""
    return Suppression.objects.filter(
        contact=contact_id, channel="", reason=SuppressionReason.UNNEEDED, lifted_at=None
    ).exists()


@transaction.atomic
def save_choices(contact_id: int, wanted: set[str], *, page: str, ip: str = "", delivery: int | None = None) -> int:
    """Make the consents what was ticked (values of :class:`Choice`). Returns how many changed.

    What a person ticks is proved by the words they saw beside the box.
    """
    changed = 0
    for choice in choices_of(contact_id):
        if choice.value in wanted and not choice.is_wanted:
            text = keep_consent_text(_("Yes, send me: %(topic)s") % {"topic": choice.name})
            changed += grant_consent(
                contact_id, choice.channel, choice.topic, via="preferences", text=text, page=page, ip=ip
            )
        elif choice.is_wanted and choice.value not in wanted:
            changed += withdraw_consent(
                contact_id, choice.channel, choice.topic, via="preferences", page=page, ip=ip, delivery=delivery
            )
    return changed


@transaction.atomic
def stop_everything(contact_id: int, *, page: str, ip: str = "", delivery: int | None = None) -> None:
    """今後不必要な案内は出さない: every consent is withdrawn, and nothing but transactional mail goes out again."""
    withdraw_all_consent(contact_id, via="preferences", page=page, ip=ip, delivery=delivery)
    suppress(contact_id, SuppressionReason.UNNEEDED)


def allow_again(contact_id: int) -> None:
    """Take back :func:`stop_everything`; which topics are wanted is then chosen anew."""
    lift_suppression(contact_id, reason=SuppressionReason.UNNEEDED)


@transaction.atomic
def unsubscribe(reader: Reader, *, page: str, ip: str = "") -> None:
    """Withdraw consent for what a delivery was about; all of its channel when it was about no topic. Safe to repeat."""
    contact_id, channel, delivery = reader.contact_id, reader.channel, reader.delivery_id
    if reader.topic:
        withdraw_consent(contact_id, channel, reader.topic, via="unsubscribe", page=page, ip=ip, delivery=delivery)
        return
    withdraw_all_consent(contact_id, channel, via="unsubscribe", page=page, ip=ip, delivery=delivery)
    suppress(reader.contact_id, SuppressionReason.UNSUBSCRIBED, channel=reader.channel)
