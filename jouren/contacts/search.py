"""Finding people among millions by parts of names, ふりがな and addresses, in the order of their ふりがな."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

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
Among = Callable[[Sequence[int]], Container[int]]
"""Says which of these ids count, for example those of a stage."""
_FIRST_LOOK, _LONGER_LOOK = 5_000, 100_000


def search_contacts(
    text: str = "", *, after: Cursor | None = None, limit: int = 50, among: Among | None = None
) -> list[Contact]:
    """At most ``limit`` (1 to 500) people who match ``text``, after ``after``; their identities are prefetched.

    ``text`` finds parts of names, ふりがな (in either kana) and mail addresses, and whole customer numbers; several
    words must all be found; a single character must begin a name. Empty: everybody. ``among`` keeps some of them.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise BadValue(_("A page has 1 to %(limit)s people.") % {"limit": MAX_PAGE})
    plain = text[:MAX_TEXT].replace("\x00", "").strip()
    words = [fold(word) for word in plain.split()]
    found: list[Contact] = []
    look = limit if among is None else _FIRST_LOOK
    while True:
        ids = _candidates(plain, words, after, look)
        page = _people(_some(ids, among, limit))
        found += [contact for contact in page if _contains_all(contact, words)]
        if len(found) >= limit or (len(ids) < look and len(page) < limit):
            return found[:limit]
        last = page[-1] if len(page) == limit else Contact.objects.get(pk=ids[-1])
        after = (last.kana_key, last.pk)
        look = limit if among is None else _LONGER_LOOK


def _some(ids: list[int], among: Among | None, limit: int) -> list[int]:
    if among is None or not ids:
        return ids
    kept = among(ids)
    return [each for each in ids if each in kept][:limit]


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
