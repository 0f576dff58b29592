"""Erasing a person: what is personal goes, a keyed hash stays so that no import brings them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from wagtail.models import ModelLogEntry

from jouren.contacts.actions.base import User, audit, identity_hash, locked
from jouren.contacts.actions.consent import suppress_contacts
from jouren.contacts.errors import ContactNotFound
from jouren.contacts.models import (
    Alias,
    Consent,
    ConsentRecord,
    Contact,
    ErasedIdentity,
    Identity,
    Problem,
    Suppression,
    SuppressionReason,
    Tag,
)
from jouren.contacts.queries import canonical_id
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event, redact_events, stop_reactions

Eraser = Callable[[Sequence[int]], None]
_erasers: dict[str, Eraser] = {}

BLANK = {
    "family_name": "",
    "given_name": "",
    "family_kana": "",
    "given_kana": "",
    "kana_key": "",
    "search": [],
    "attributes": {},
    "source": {},
}


def register_eraser(name: str, eraser: Eraser) -> None:
    """Have a room erase what it knows of people. ``eraser`` gets their ids (merged ones too), in the transaction.

    Their identities are still there: a room may need an address to find what it has to forget.
    """
    _erasers[name] = eraser


@transaction.atomic
def erase_contact(contact_id: int, *, by: User | None = None) -> bool:
    """Erase a person everywhere. Returns False when that was done before or nobody has the id.

    Their row stays, empty, for the rooms that hold its id; so do their consent records (the law asks for them),
    without page and IP hash. Nothing is ever sent to them again.
    """
    # A reaction under way has the payload in its hands, and may yet write it down.
    stop_reactions([canonical_id(contact_id)])
    try:
        contact = locked(contact_id)
    except ContactNotFound:
        return False
    now = clock.now()
    ids = [contact.pk, *Alias.objects.filter(to=contact).values_list("from_id", flat=True)]
    for eraser in _erasers.values():
        eraser(ids)
    identities = Identity.objects.filter(contact_id__in=ids)
    ErasedIdentity.objects.bulk_create(
        [ErasedIdentity(hash=identity_hash(i.kind, i.value), at=now) for i in identities], ignore_conflicts=True
    )
    identities.delete()
    Problem.objects.filter(contact_id__in=ids).delete()
    Tag.objects.filter(contact_id__in=ids).delete()
    Consent.objects.filter(contact_id__in=ids).update(is_granted=False, since=now)
    ConsentRecord.objects.filter(contact_id__in=ids).update(page="", ip_hash="")
    Suppression.objects.filter(contact_id__in=ids).update(detail="")
    suppress_contacts([contact.pk], SuppressionReason.ERASED)
    Contact.objects.filter(pk__in=ids).update(**BLANK, confirmed_at=None, erased_at=now)
    redact_events(ids)
    _forget_in_audit_log(ids)
    record_event(NewEvent("contact.erased", contact.pk))
    audit(contact.pk, "erase", by)
    return True


def _forget_in_audit_log(ids: Sequence[int]) -> None:
    """Other screens may have logged a person under their name."""
    entries = ModelLogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Contact), object_id__in=[str(each) for each in ids]
    )
    entries.update(label="", data={})
