"""What reads people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress
from jouren.contacts.models import Alias, ConsentRecord, Contact, Identity, IdentityKind
from jouren.contacts.policies import withdrawal_behind
from jouren.contacts.search import search_contacts
from jouren.core.sql import load_sql

__all__ = [
    "Asked",
    "Withdrawal",
    "alias_ids",
    "canonical_id",
    "canonical_ids",
    "find_by_email",
    "find_by_identity",
    "find_contact_by_public_id",
    "known_tags",
    "present_contacts",
    "search_contacts",
    "withdrawals_behind",
]

_sql = load_sql("contacts")


class Asked(NamedTuple):
    """A message that did not go: to whom, by what, about what, and when it was planned (aware)."""

    contact_id: int
    channel: str
    topic: str
    planned_at: datetime


class Withdrawal(NamedTuple):
    """When, and by what way, consent was taken back: ``unsubscribe``, ``preferences``, ``staff``."""

    at: datetime
    via: str


def canonical_id(contact_id: int) -> int:
    """The id a person has now: that of whom they were merged into, or their own."""
    return canonical_ids([contact_id]).get(contact_id, contact_id)


def canonical_ids(contact_ids: Iterable[int]) -> dict[int, int]:
    """From the ids of merged people to those they became; everybody else is left out."""
    return dict(_sql.all("aliases", {"contact_ids": list(contact_ids)}))


def alias_ids(contact_id: int) -> list[int]:
    """All ids that stand for a person in the log: their own first, then those merged into it."""
    own = canonical_id(contact_id)
    return [own, *Alias.objects.filter(to_id=own).order_by("from_id").values_list("from_id", flat=True)]


def find_contact_by_public_id(public_id: UUID | str) -> Contact | None:
    """The person of a public id, also one they had before a merge; None for an unknown or erased one."""
    try:
        contact = Contact.objects.filter(public_id=UUID(str(public_id))).first()
    except ValueError:
        return None
    if contact is not None and contact.merged_at is not None:
        contact = Contact.objects.get(pk=canonical_id(contact.pk))
    return contact if contact is not None and contact.is_present else None


def find_by_email(email: str) -> Contact | None:
    """The person with this mail address, however it is written; None also for what is no address."""
    try:
        value = normalise_email(email).value
    except BadAddress:
        return None
    return find_by_identity(IdentityKind.EMAIL, value)


def find_by_identity(kind: str, value: str) -> Contact | None:
    """The person with this (normalised) identity."""
    identity = Identity.objects.select_related("contact").filter(kind=kind, value=value).first()
    return identity.contact if identity else None


def withdrawals_behind(asked: Iterable[Asked]) -> dict[Asked, Withdrawal]:
    """What people had taken back when a message to them was withheld; who had taken nothing back is left out.

    That is the withdrawal that stood when the message was planned, or else the next one after it.
    """
    wanted = set(asked)
    records: dict[tuple[int, str, str], list[ConsentRecord]] = defaultdict(list)
    for record in ConsentRecord.objects.filter(contact_id__in={each.contact_id for each in wanted}).order_by(
        "at", "id"
    ):
        records[record.contact_id, record.channel, record.topic].append(record)
    found = {each: withdrawal_behind(records[each[:3]], each.planned_at) for each in wanted}
    return {each: Withdrawal(record.at, record.via) for each, record in found.items() if record is not None}


def present_contacts() -> QuerySet[Contact]:
    """Everybody who was neither erased nor merged into somebody else."""
    return Contact.objects.filter(erased_at=None, merged_at=None)


def known_tags(limit: int = 500) -> list[str]:
    """All tags that somebody carries, in their order, without looking through everybody."""
    return [row[0] for row in _sql.all("known_tags", {"limit": limit})]
