"""Who is behind an address or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from jouren.contacts.actions.base import User, audit, identity_hash, locked, reindex
from jouren.contacts.actions.consent import lift_suppression
from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadValue, IdentityErased, IdentityTaken
from jouren.contacts.models import Contact, ErasedIdentity, Identity, IdentityKind, SuppressionReason
from jouren.contacts.policies import kana_key, search_tokens
from jouren.contacts.segments.keeping import note_new
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event

_sql = load_sql("contacts")
MAX_VALUE_LENGTH = 254


_KINDS = frozenset(IdentityKind.values)


@dataclass(frozen=True, slots=True)
class NormalIdentity:
    """An identity in its normal form."""

    kind: str
    value: str
    as_given: str
    is_odd: bool = False

    @property
    def local(self) -> str:
        """What a person can be searched by: the part before the @ of a mail address."""
        return self.value.partition("@")[0] if self.kind == IdentityKind.EMAIL else ""


def normalise_identity(kind: str, value: str) -> NormalIdentity:
    """Check and normalise an identity. Raises BadAddress or BadValue."""
    if kind == IdentityKind.EMAIL:
        address = normalise_email(value)
        return NormalIdentity(kind, address.value, value.strip()[:MAX_VALUE_LENGTH], address.is_odd)
    if kind not in _KINDS:
        raise BadValue(_("Unknown kind of identity: %(kind)s.") % {"kind": kind[:20]})
    plain = value.strip()
    if not 0 < len(plain) <= MAX_VALUE_LENGTH or not plain.isprintable():
        raise BadValue(_("A customer number must have 1 to %(limit)s characters.") % {"limit": MAX_VALUE_LENGTH})
    return NormalIdentity(kind, plain, plain)


def keep_identity(contact: Contact, wanted: NormalIdentity, *, allow_erased: bool) -> bool:
    """Store an identity of a locked contact. False when they have it. Raises IdentityTaken, IdentityErased."""
    erased = ErasedIdentity.objects.filter(hash=identity_hash(wanted.kind, wanted.value))
    if allow_erased:
        erased.delete()
    elif erased.exists():
        raise IdentityErased(_("The person with this address was erased at their own wish."))
    details = {"contact": contact, "as_given": wanted.as_given, "is_odd": wanted.is_odd, "created_at": clock.now()}
    identity, made = Identity.objects.get_or_create(kind=wanted.kind, value=wanted.value, defaults=details)
    if identity.contact_id != contact.pk:
        raise IdentityTaken(_("This address or number belongs to somebody else."), identity.contact_id)
    return made


@transaction.atomic
def attach_identity(
    contact_id: int,
    kind: str,
    value: str,
    *,
    verified_at: datetime | None = None,
    by: User | None = None,
    allow_erased: bool = False,
) -> Identity:
    """Give a person another address or number. ``allow_erased``: the person comes back by an act of their own.

    Raises:
        BadAddress, BadValue: it is not well-formed.
        IdentityTaken: it belongs to somebody else.
        IdentityErased: its person was erased.
        ContactNotFound: nobody has ``contact_id``.
    """
    wanted = normalise_identity(kind, value)
    contact = locked(contact_id)
    if keep_identity(contact, wanted, allow_erased=allow_erased):
        reindex(contact)
        contact.save(update_fields=["kana_key", "search"])
        record_event(NewEvent("identity.attached", contact.pk, {"kind": kind}))
        audit(contact.pk, "attach_identity", by, {"kind": kind})
    if verified_at is not None:
        verify_identity(contact.pk, kind, wanted.value, at=verified_at)
    return Identity.objects.get(kind=wanted.kind, value=wanted.value)


@transaction.atomic
def verify_identity(contact_id: int, kind: str, value: str, *, at: datetime | None = None) -> bool:
    """Note that the person has shown an identity to be theirs. Returns False when they had done so before.

    A verified mail address is one that works, so an earlier hard bounce no longer holds.
    """
    wanted = normalise_identity(kind, value)
    contact = locked(contact_id)
    at = at or clock.now()
    changed = Identity.objects.filter(contact=contact, kind=wanted.kind, value=wanted.value, verified_at=None).update(
        verified_at=at
    )
    if not changed:
        return False
    Contact.objects.filter(pk=contact.pk, confirmed_at=None).update(confirmed_at=at)
    if kind == IdentityKind.EMAIL:
        lift_suppression(contact.pk, channel=kind, reason=SuppressionReason.HARD_BOUNCE)
    record_event(NewEvent("identity.verified", contact.pk, {"kind": kind}, occurred_at=at))
    return True


def resolve_contacts(
    identities: Sequence[tuple[str, str]],
    *,
    language: str = "ja",
    source: dict[str, str] | None = None,
    historical: Sequence[bool] = (),
) -> list[int | None]:
    """Find the people behind identities, or make them: ``(kind, value)`` in, contact ids out, in the same order.

    For batches: one statement where everybody is known, five otherwise. None stands for somebody who was erased.
    ``historical`` says of each identity whether it only comes with imported history.

    Raises:
        BadAddress, BadValue: one of them is not well-formed; nothing is made.
    """
    wanted = [normalise_identity(kind, value) for kind, value in identities]
    if not wanted:
        return []
    found = _find(wanted)
    missing = {(w.kind, w.value): w for position, w in enumerate(wanted) if position not in found}
    if missing:
        flags = historical or [False] * len(wanted)
        live = {(w.kind, w.value) for w, is_old in zip(wanted, flags, strict=True) if not is_old}
        with transaction.atomic():
            made = _make(list(missing.values()), language, source or {})
            if made:
                note_new([contact_id for contact_id, _who in made], [who not in live for _id, who in made])
        found |= _find(wanted)
    return [found.get(position) for position in range(len(wanted))]


def known_contacts(identities: Sequence[tuple[str, str]]) -> list[int | None]:
    """The people behind identities, in one query; None for each that nobody has. Raises BadAddress, BadValue."""
    wanted = [normalise_identity(kind, value) for kind, value in identities]
    found = _find(wanted) if wanted else {}
    return [found.get(position) for position in range(len(wanted))]


def _find(wanted: Sequence[NormalIdentity]) -> dict[int, int]:
    rows = _sql.all("find_identities", {"kinds": [w.kind for w in wanted], "values": [w.value for w in wanted]})
    return {position - 1: contact_id for position, contact_id in rows}


def _make(wanted: Sequence[NormalIdentity], language: str, source: dict[str, str]) -> list[tuple[int, tuple[str, str]]]:
    """Make people of identities; whom another process has just made is left out. Returns ids with their identity."""
    by_hash = {identity_hash(w.kind, w.value): w for w in wanted}
    for (erased,) in _sql.all("erased_hashes", {"hashes": list(by_hash)}):
        del by_hash[erased]
    fresh = list(by_hash.values())
    if not fresh:
        return []
    rows = _sql.all(
        "make_contacts",
        {
            "kinds": [w.kind for w in fresh],
            "values": [w.value for w in fresh],
            "as_given": [w.as_given for w in fresh],
            "is_odd": [w.is_odd for w in fresh],
            "kana_keys": [kana_key("", "", other=w.local) for w in fresh],
            "searches": [" ".join(search_tokens([w.local])) for w in fresh],
            "language": language,
            "source": Jsonb(source),
            "now": clock.now(),
        },
    )
    return [(contact_id, (kind, value)) for contact_id, kind, value in rows]
