"""People of a shop's past, as a file tells of them: for batches. Nothing that they said themselves is overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.actions.buyers import Told, erased_among, resolve_people
from jouren.contacts.actions.identities import known_contacts, normalise_identity
from jouren.contacts.actions.people import define_attribute
from jouren.contacts.actions.tagging import MOST_TAGS
from jouren.contacts.models import AttributeType, ConsentText
from jouren.contacts.policies import DEFAULT_TOPIC
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events

_sql = load_sql("contacts")
BIRTHDAY = "birthday"
CHANNEL = "email"
VIA = "import"
Identities = Sequence[tuple[str, str]]


class Agreed(NamedTuple):
    """That somebody agreed to mail: when, and where as the shop wrote it down."""

    at: datetime
    where: str = ""


@dataclass(frozen=True, slots=True)
class PastPerson:
    """What is told of one person. ``birthday`` is YYYY-MM-DD; ``agreed`` counts only with the text of a proof."""

    identities: Identities
    names: Mapping[str, str] = field(default_factory=dict)
    birthday: str = ""
    tags: Sequence[str] = ()
    registered_at: datetime | None = None
    agreed: Agreed | None = None


class Came(NamedTuple):
    """What became of one: ``contact_id`` None was erased; ``agrees``: their consent is newly kept."""

    contact_id: int | None
    is_new: bool
    agrees: bool


@transaction.atomic
def import_people(people: Sequence[PastPerson], text: ConsentText | None) -> list[Came]:
    """Make people of the past known, and complete those who are known: names, birthday, tags, consent to mail.

    All of it is history: nobody gets a message for it. ``text`` is the proof of their consent; without it none is kept.
    A withdrawal, a suppression and a consent given before stay as they are. A number of statements that does not grow
    with the batch.

    Raises:
        BadAddress, BadValue, BadName: something is not well-formed; nothing is kept.
    """
    before = set(_known(people))
    ids = resolve_people([Told(each.identities, each.names, historical=True) for each in people])
    pairs = [(pk, each) for pk, each in zip(ids, people, strict=True) if pk is not None]
    _sql.all("lock_present", {"contact_ids": [pk for pk, _each in pairs]})
    new = {pk for pk, _each in pairs if pk not in before}
    _date_back([(pk, each.registered_at) for pk, each in pairs if pk in new and each.registered_at is not None])
    _keep_birthdays(pairs, new)
    _keep_tags(pairs)
    agree = _keep_consents(pairs, text) if text is not None else set()
    return [Came(pk, pk in new, pk in agree) for pk in ids]


class Foreseen(NamedTuple):
    """Who somebody is found to be: ``contact_id`` None is nobody known, who may have been erased."""

    contact_id: int | None
    is_erased: bool
    agrees: bool


def foresee_people(people: Sequence[PastPerson], *, has_proof: bool = False) -> list[Foreseen]:
    """What :func:`import_people` would find and keep, without writing anything.

    Raises:
        BadAddress, BadValue: an identity is not well-formed.
    """
    known = _known(people)
    ids = [pk for pk in known if pk is not None]
    settled = {row[0] for row in _sql.all("consent_settled", _about(ids))} if has_proof and ids else set()
    own = [[normalise_identity(*identity) for identity in each.identities] for each in people]
    unknown = [w for pk, each in zip(known, own, strict=True) if pk is None for w in each]
    erased = erased_among(unknown)
    foreseen = []
    for pk, each, identities in zip(known, people, own, strict=True):
        is_erased = pk is None and any((w.kind, w.value) in erased for w in identities)
        agrees = has_proof and not is_erased and _can_agree(each) and pk not in settled
        foreseen.append(Foreseen(pk, is_erased, agrees))
    return foreseen


def _known(people: Sequence[PastPerson]) -> list[int | None]:
    """Of each, whom the first identity that is known belongs to."""
    flat = [identity for each in people for identity in each.identities]
    found = iter(known_contacts(flat))
    return [next((pk for pk in [next(found) for _ in each.identities] if pk is not None), None) for each in people]


def _can_agree(person: PastPerson) -> bool:
    return person.agreed is not None and any(kind == CHANNEL for kind, _value in person.identities)


def _about(contact_ids: Iterable[int]) -> dict[str, object]:
    return {"contact_ids": list(contact_ids), "channel": CHANNEL, "topic": DEFAULT_TOPIC}


def _date_back(rows: Sequence[tuple[int, datetime | None]]) -> None:
    if rows:
        _sql.run("date_back", {"contact_ids": [pk for pk, _at in rows], "at": [at for _pk, at in rows]})


def _keep_birthdays(pairs: Sequence[tuple[int, PastPerson]], new: set[int]) -> None:
    days = {pk: each.birthday for pk, each in reversed(pairs) if each.birthday}
    if not days:
        return
    define_attribute(BIRTHDAY, AttributeType.DATE, _("Birthday"))
    rows = _sql.all("keep_attribute", {"key": BIRTHDAY, "contact_ids": list(days), "values": list(days.values())})
    changed = sorted(pk for (pk,) in rows if pk not in new)
    record_events([NewEvent("contact.changed", pk, {"what": [BIRTHDAY]}, historical=True) for pk in changed])


def _keep_tags(pairs: Sequence[tuple[int, PastPerson]]) -> None:
    wanted = sorted({(pk, tag) for pk, each in pairs for tag in each.tags})
    if not wanted:
        return
    put = _sql.all(
        "put_tags",
        {
            "contact_ids": [pk for pk, _tag in wanted],
            "tags": [tag for _pk, tag in wanted],
            "most": MOST_TAGS,
            "now": clock.now(),
        },
    )
    record_events([NewEvent("tag.added", pk, {"tag": tag}, historical=True) for pk, tag in sorted(put)])


def _keep_consents(pairs: Sequence[tuple[int, PastPerson]], text: ConsentText) -> set[int]:
    agreed = {pk: each.agreed for pk, each in reversed(pairs) if each.agreed is not None and _can_agree(each)}
    if not agreed:
        return set()
    rows = _sql.all(
        "keep_past_consents",
        {
            **_about(agreed),
            "at": [each.at for each in agreed.values()],
            "pages": [each.where.replace("\x00", "")[:2000] for each in agreed.values()],
            "text_id": text.pk,
            "via": VIA,
        },
    )
    kept = sorted(pk for (pk,) in rows)
    details = {"channel": CHANNEL, "topic": DEFAULT_TOPIC, "via": VIA}
    record_events([NewEvent("consent.granted", pk, details, occurred_at=agreed[pk].at, historical=True) for pk in kept])
    return set(kept)
