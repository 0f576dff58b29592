"""Finding people among millions by parts of names, ふりがな and addresses, in the order of their ふりがな."""

from __future__ import annotations

from django.utils.translation import gettext as _

from jouren.contacts.errors import BadValue
from jouren.contacts.models import Contact, Identity, IdentityKind
from jouren.contacts.policies import fold, query_tokens
from jouren.core.sql import load_sql

_sql = load_sql("contacts")
Cursor = tuple[str, int]
"""Where a page ends: the ``kana_key`` and the id of its last person."""
MAX_PAGE = 500
MAX_TEXT = 200


def search_contacts(text: str = "", *, after: Cursor | None = None, limit: int = 50) -> list[Contact]:
    """At most ``limit`` (1 to 500) people who match ``text``, after ``after``; their identities are prefetched.

    ``text`` finds parts of names, ふりがな (in either kana) and mail addresses, and whole customer numbers; several
    words must all be found; a single character must begin a name. Empty: everybody.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise BadValue(_("A page has 1 to %(limit)s people.") % {"limit": MAX_PAGE})
    plain = text[:MAX_TEXT].replace("\x00", "").strip()
    words = [fold(word) for word in plain.split()]
    found: list[Contact] = []
    while True:
        page = _people(_candidates(plain, words, after, limit))
        found += [contact for contact in page if _contains_all(contact, words)]
        if len(page) < limit or len(found) >= limit:
            return found[:limit]
        after = (page[-1].kana_key, page[-1].pk)


def _candidates(plain: str, words: list[str], after: Cursor | None, limit: int) -> list[int]:
    key, contact_id = after if after is not None else (None, 0)
    place = {"after_key": key, "after_id": contact_id, "limit": limit}
    if address := next((word for word in words if "@" in word), None):
        rows = _sql.all("by_address", {**place, "low": address, "high": address + "\U0010ffff"})
    elif words:
        tokens = sorted({token for word in words for token in query_tokens(word)})
        rows = _sql.all("by_tokens", {**place, "tokens": tokens, "exact_ids": _with_number(plain)})
    else:
        rows = _sql.all("everybody", {**place, "after_key": key or ""})
    return [row[0] for row in rows]


def _with_number(text: str) -> list[int]:
    numbered = Identity.objects.filter(kind__in=[IdentityKind.SHOP, IdentityKind.LINE], value=text)
    return list(numbered.values_list("contact_id", flat=True))


def _people(ids: list[int]) -> list[Contact]:
    people = Contact.objects.prefetch_related("identities").in_bulk(ids)
    return [people[each] for each in ids if each in people]


def _contains_all(contact: Contact, words: list[str]) -> bool:
    """Tokens only say who may match a longer word: 田中中 shares all its pairs with 田中 and 中中 apart."""
    if all(len(word) < 3 and "@" not in word for word in words):
        return True
    names = [contact.family_name + contact.given_name, contact.family_kana + contact.given_kana]
    values = [fold(value) for value in [*names, *(identity.value for identity in contact.identities.all())]]
    return all(any(word in value for value in values) for word in words)
