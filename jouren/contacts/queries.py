"""What reads people."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress, BadValue
from jouren.contacts.models import Alias, Contact, Identity, IdentityKind
from jouren.contacts.policies import fold, query_tokens
from jouren.core.sql import load_sql

_sql = load_sql("contacts")
Cursor = tuple[str, int]
"""Where a page ends: the ``kana_key`` and the id of its last person."""


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


def present_contacts() -> QuerySet[Contact]:
    """Everybody who was neither erased nor merged into somebody else."""
    return Contact.objects.filter(erased_at=None, merged_at=None)


def search_contacts(text: str = "", *, after: Cursor | None = None, limit: int = 50) -> list[Contact]:
    """People in the order of their ふりがな, at most ``limit`` (1 to 500), after ``after``.

    ``text`` finds parts of names, ふりがな (either kana) and mail addresses, and whole customer numbers; several words
    must all be found; a single character must begin a name. Empty: everybody. Fast on millions: see ``sql/README``.
    """
    if not 1 <= limit <= 500:
        raise BadValue("limit: 1 to 500")
    words = [fold(word) for word in text[:200].replace("\x00", "").split()]
    people = present_contacts()
    for word in words:
        people = people.filter(_candidates(word))
    found: list[Contact] = []
    while True:
        page = list(_page(people, after, limit))
        found += [contact for contact in page if _contains_all(contact, words)]
        if len(page) < limit or len(found) >= limit:
            return found[:limit]
        after = (page[-1].kana_key, page[-1].pk)


def _page(people: QuerySet[Contact], after: Cursor | None, limit: int) -> QuerySet[Contact]:
    if after is not None:
        people = people.filter(Q(kana_key__gt=after[0]) | Q(kana_key=after[0], pk__gt=after[1]), kana_key__gte=after[0])
    return people.prefetch_related("identities").order_by("kana_key", "pk")[:limit]


def _candidates(word: str) -> Q:
    if "@" in word:
        # Under the C collation all that begins with a word lies between it and its continuation by the last character.
        matching = Identity.objects.filter(kind=IdentityKind.EMAIL, value__gte=word, value__lt=word + "\U0010ffff")
        return Q(pk__in=matching.values("contact_id"))
    numbered = Identity.objects.filter(kind__in=[IdentityKind.SHOP, IdentityKind.LINE], value__iexact=word)
    exact = list(numbered.values_list("contact_id", flat=True)[:100]) if word.isascii() else []
    tokens = Q(search__contains=query_tokens(word))
    return tokens | Q(pk__in=exact) if exact else tokens


def _contains_all(contact: Contact, words: list[str]) -> bool:
    """Tokens only say who may match: 田中中 has all pairs of 中田中 too."""
    names = [contact.family_name + contact.given_name, contact.family_kana + contact.given_kana]
    values = [fold(value) for value in [*names, *(identity.value for identity in contact.identities.all())]]
    return all(any(word in value for value in values) for word in words)
