"""What people allow, what they withdraw, and who gets nothing more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.actions.base import User, audit, ip_hash, locked
from jouren.contacts.actions.peace import BY_STAFF, SIGNED_UP, come_back
from jouren.contacts.errors import BadValue
from jouren.contacts.models import (
    LEFT_IN_PEACE,
    Consent,
    ConsentRecord,
    ConsentText,
    Suppression,
    SuppressionReason,
)
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event, record_events

_sql = load_sql("contacts")
HEARSAY = frozenset({"import", "shop"})
"""Ways by which others say that somebody agreed. They never take back what the person has asked for here."""
_OWN_WISH = (SuppressionReason.UNSUBSCRIBED, SuppressionReason.UNNEEDED)


def keep_consent_text(text: str) -> ConsentText:
    """The stored version of a consent text, word for word; the same text has one version. Raises BadValue if empty."""
    plain = text.strip().replace("\x00", "")
    if not plain:
        raise BadValue(_("The consent text is empty."))
    digest = hashlib.sha256(plain.encode()).hexdigest()
    return ConsentText.objects.get_or_create(digest=digest, defaults={"text": plain, "created_at": clock.now()})[0]


@transaction.atomic
def grant_consent(
    contact_id: int,
    channel: str,
    topic: str,
    *,
    via: str,
    text: ConsentText | None = None,
    page: str = "",
    ip: str = "",
    at: datetime | None = None,
    by: User | None = None,
) -> bool:
    """Record that a person allows a topic on a channel, with the proof.

    ``via`` says how, for example ``form``, ``preferences``, ``staff``, ``import``, ``shop``. Given by the person, it
    also lifts what they themselves had asked to stop, and brings them back who were left in peace. An import, or a
    shop, never overrides a withdrawal: it returns False.
    Returns whether anything changed or new proof was kept.
    """
    contact = locked(contact_id)
    at = at or clock.now()
    current = Consent.objects.filter(contact=contact, channel=channel, topic=topic).first()
    if via in HEARSAY and (
        (current and not current.is_granted)
        or Suppression.objects.filter(contact=contact, channel__in=["", channel], lifted_at=None).exists()
    ):
        return False
    if via not in HEARSAY and by is None:
        _lift_own_wish(contact.pk, channel)
        come_back(contact.pk, via=SIGNED_UP)
    if current and current.is_granted and _has_proof(contact.pk, channel, topic, text):
        return False
    proof = {"channel": channel, "topic": topic, "at": at, "via": via, "page": page, "ip_hash": ip_hash(ip)}
    _keep(ConsentRecord(contact=contact, is_granted=True, text=text, **proof))
    record_event(
        NewEvent("consent.granted", contact.pk, {"channel": channel, "topic": topic, "via": via}, occurred_at=at)
    )
    audit(contact.pk, "grant_consent", by, {"channel": channel, "topic": topic})
    return True


def _lift_own_wish(contact_id: int, channel: str) -> None:
    stopped = Suppression.objects.filter(
        contact_id=contact_id, channel__in=["", channel], reason__in=_OWN_WISH, lifted_at=None
    )
    for where, reason in list(stopped.values_list("channel", "reason")):
        lift_suppression(contact_id, channel=where, reason=reason)


def _has_proof(contact_id: int, channel: str, topic: str, text: ConsentText | None) -> bool:
    records = ConsentRecord.objects.filter(contact_id=contact_id, channel=channel, topic=topic)
    latest = records.order_by("-id").first()
    return latest is not None and latest.is_granted and (text is None or latest.text_id == text.pk)


@transaction.atomic
def withdraw_consent(
    contact_id: int,
    channel: str,
    topic: str,
    *,
    via: str,
    page: str = "",
    ip: str = "",
    at: datetime | None = None,
    by: User | None = None,
    delivery: int | None = None,
) -> bool:
    """Record that a person no longer allows a topic on a channel. Returns False when they had said so before.

    ``delivery``: the message by whose link they said so.
    """
    contact = locked(contact_id)
    at = at or clock.now()
    if Consent.objects.filter(contact=contact, channel=channel, topic=topic, is_granted=False).exists():
        return False
    proof = {"channel": channel, "topic": topic, "at": at, "via": via, "page": page, "ip_hash": ip_hash(ip)}
    _keep(ConsentRecord(contact=contact, is_granted=False, **proof))
    record_event(
        NewEvent(
            "consent.withdrawn",
            contact.pk,
            {"channel": channel, "topic": topic, "via": via} | ({"delivery": delivery} if delivery else {}),
            occurred_at=at,
        )
    )
    audit(contact.pk, "withdraw_consent", by, {"channel": channel, "topic": topic})
    return True


@transaction.atomic
def withdraw_all_consent(
    contact_id: int, channel: str = "", *, via: str, page: str = "", ip: str = "", delivery: int | None = None
) -> int:
    """Withdraw every consent a person gave on a channel (empty: on all). Returns how many there were."""
    contact = locked(contact_id)
    granted = Consent.objects.filter(contact=contact, is_granted=True)
    if channel:
        granted = granted.filter(channel=channel)
    pairs = list(granted.order_by("id").values_list("channel", "topic"))
    for each_channel, topic in pairs:
        withdraw_consent(contact.pk, each_channel, topic, via=via, page=page, ip=ip, delivery=delivery)
    return len(pairs)


def _keep(record: ConsentRecord) -> None:
    for name, value, limit in (("channel", record.channel, 20), ("topic", record.topic, 50), ("via", record.via, 50)):
        if not 0 < len(value) <= limit:
            raise BadValue(f"{name}: 1 to {limit} characters are needed.")
    Consent.objects.update_or_create(
        contact_id=record.contact_id,
        channel=record.channel,
        topic=record.topic,
        defaults={"is_granted": record.is_granted, "since": record.at},
    )
    record.page = record.page.replace("\x00", "")[:2000]
    record.save(force_insert=True)


def suppress(contact_id: int, reason: str, *, channel: str = "", detail: str = "", by: User | None = None) -> bool:
    """Send this person nothing more on ``channel`` (empty: on any). Returns False when that holds already."""
    with transaction.atomic():
        contact = locked(contact_id)
        done = bool(suppress_contacts([contact.pk], reason, channel=channel, detail=detail))
        if done:
            audit(contact.pk, "suppress", by, {"channel": channel, "reason": str(reason)})
    return done


@transaction.atomic
def suppress_contacts(contact_ids: Iterable[int], reason: str, *, channel: str = "", detail: str = "") -> list[int]:
    """:func:`suppress` for many, in two statements. Returns the ids of those for whom it is new.

    For reasons that stop promotion alone there is :func:`jouren.contacts.actions.peace.leave_in_peace`.
    """
    if reason not in SuppressionReason.values or reason in LEFT_IN_PEACE:
        raise BadValue(_("Unknown reason: %(reason)s.") % {"reason": reason[:20]})
    rows = _sql.all(
        "suppress",
        {
            "contact_ids": list(contact_ids),
            "channel": channel,
            "reason": str(reason),
            "detail": detail.replace("\x00", "")[:500],
            "now": clock.now(),
        },
    )
    suppressed = [contact_id for (contact_id,) in rows]
    payload = {"channel": channel, "reason": str(reason)}
    record_events([NewEvent("contact.suppressed", contact_id, payload) for contact_id in suppressed])
    return suppressed


@transaction.atomic
def lift_suppression(contact_id: int, *, channel: str = "", reason: str, by: User | None = None) -> bool:
    """Let messages go again where ``reason`` had stopped them on exactly ``channel``. False when it had not."""
    if reason == SuppressionReason.ERASED:
        raise BadValue(_("An erased person cannot be brought back."))
    if reason in LEFT_IN_PEACE:
        return come_back(contact_id, via=BY_STAFF, reasons={reason}, by=by)
    contact = locked(contact_id)
    lifted = Suppression.objects.filter(contact=contact, channel=channel, reason=reason, lifted_at=None).update(
        lifted_at=clock.now()
    )
    if lifted:
        record_event(NewEvent("contact.unsuppressed", contact.pk, {"channel": channel, "reason": str(reason)}))
        audit(contact.pk, "lift_suppression", by, {"channel": channel, "reason": str(reason)})
    return bool(lifted)
