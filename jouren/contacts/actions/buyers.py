"""Who is behind several addresses and numbers at once, as a shop tells of a buyer: for batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jouren.contacts.actions.base import identity_hash, sorted_and_found_by
from jouren.contacts.actions.identities import NormalIdentity, normalise_identity, resolve_contacts
from jouren.contacts.models import IdentityKind
from jouren.contacts.policies import clean_kana, clean_name
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events

_sql = load_sql("contacts")
_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "family_name": clean_name,
    "given_name": clean_name,
    "family_kana": clean_kana,
    "given_kana": clean_kana,
}


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a person: ``identities`` as (kind, value), at least one, and parts of their name."""

    identities: Sequence[tuple[str, str]]
    names: Mapping[str, str] = field(default_factory=dict)
    historical: bool = False


def resolve_people(people: Sequence[Told]) -> list[int | None]:
    """Find the people who are told of, or make them known. None stands for somebody who was erased.

    The first identity that is known decides; who is not known at all is made by the first. An identity of a kind that
    the person lacks becomes theirs, where it is nobody's; a name becomes theirs where they have none. Nobody is merged.
    For the caller's transaction: a number of statements that does not grow with the batch.

    Raises:
        BadAddress, BadValue, BadName: something is not well-formed.
    """
    wanted = [[normalise_identity(kind, value) for kind, value in each.identities] for each in people]
    found = _known({(w.kind, w.value): w for each in wanted for w in each})
    whose, theirs = _whose(wanted, found)
    made = _made(whose, people)
    ids = [made.get(own) if isinstance(own, NormalIdentity) else own for own in whose]
    owners = [(made.get(own) if isinstance(own, NormalIdentity) else own, w) for own, w in theirs]
    attached = _attach([(pk, w) for pk, w in owners if pk is not None])
    renamed = _complete(
        zip(ids, (each.names for each in people), strict=True),
        {pk for pk, kind in attached if kind == IdentityKind.EMAIL},
    )
    flags: dict[int, bool] = {}
    for own_id, each in zip(ids, people, strict=True):
        if own_id is not None:
            flags[own_id] = flags.get(own_id, True) and each.historical
    # Who has just become known is looked at anyway.
    before = set(found.values())
    events = [NewEvent("identity.attached", pk, {"kind": kind}, historical=flags[pk]) for pk, kind in attached]
    events += [NewEvent("contact.changed", pk, {"what": ["name"]}, historical=flags[pk]) for pk in renamed]
    record_events([event for event in events if event.contact_id in before])
    return ids


def _known(wanted: Mapping[tuple[str, str], NormalIdentity]) -> dict[tuple[str, str], int]:
    keys = list(wanted)
    rows = _sql.all("find_identities", {"kinds": [key[0] for key in keys], "values": [key[1] for key in keys]})
    return {keys[position - 1]: contact_id for position, contact_id in rows}


def erased_among(wanted: Iterable[NormalIdentity]) -> set[tuple[str, str]]:
    """Those of the identities, as (kind, value), whose people were erased."""
    hashes = {identity_hash(w.kind, w.value): (w.kind, w.value) for w in wanted}
    return {hashes[row[0]] for row in _sql.all("erased_hashes", {"hashes": list(hashes)})} if hashes else set()


Whose = int | NormalIdentity
"""Somebody known, by their id, or somebody who is to be made of this identity."""


def _whose(
    wanted: Sequence[Sequence[NormalIdentity]], found: Mapping[tuple[str, str], int]
) -> tuple[list[Whose | None], list[tuple[Whose, NormalIdentity]]]:
    """Whom each is about, None being somebody erased, and which identities become whose; as if told one by one."""
    known: dict[tuple[str, str], Whose] = dict(found)
    unknown = {(w.kind, w.value): w for each in wanted for w in each if (w.kind, w.value) not in known}
    erased = erased_among(unknown.values())
    kinds: dict[Whose, set[str]] = defaultdict(set)
    if unknown and found:
        for pk, kind in _sql.all("kinds_of_identities", {"contact_ids": sorted(set(found.values()))}):
            kinds[pk].add(kind)
    whose: list[Whose | None] = []
    theirs: list[tuple[Whose, NormalIdentity]] = []
    for identities in wanted:
        own = next((known[w.kind, w.value] for w in identities if (w.kind, w.value) in known), None)
        if own is None and not any((w.kind, w.value) in erased for w in identities):
            own = known[identities[0].kind, identities[0].value] = identities[0]
            kinds[own].add(own.kind)
        whose.append(own)
        for w in identities if own is not None else ():
            key = (w.kind, w.value)
            if own is not None and key not in known and key not in erased and w.kind not in kinds[own]:
                known[key] = own
                kinds[own].add(w.kind)
                theirs.append((own, w))
    return whose, theirs


def _made(whose: Sequence[Whose | None], people: Sequence[Told]) -> dict[NormalIdentity, int]:
    """Make those who are not known. Whoever was erased at this very moment is left out with their identities."""
    makers: dict[NormalIdentity, bool] = {}
    for own, each in zip(whose, people, strict=True):
        if isinstance(own, NormalIdentity):
            makers[own] = makers.get(own, True) and each.historical
    ids = resolve_contacts([(maker.kind, maker.as_given) for maker in makers], historical=list(makers.values()))
    return {maker: pk for maker, pk in zip(makers, ids, strict=True) if pk is not None}


def _attach(rows: Sequence[tuple[int, NormalIdentity]]) -> list[tuple[int, str]]:
    """Give people identities of kinds that they lack, where nobody was quicker. Returns who got one, and its kind."""
    if not rows:
        return []
    found = _sql.all(
        "attach_where_lacking",
        {
            "contact_ids": [pk for pk, _w in rows],
            "kinds": [w.kind for _pk, w in rows],
            "values": [w.value for _pk, w in rows],
            "as_given": [w.as_given for _pk, w in rows],
            "is_odd": [w.is_odd for _pk, w in rows],
            "now": clock.now(),
        },
    )
    return [(pk, kind) for pk, kind in found]


def _found_by(names: Sequence[str], mails: Sequence[str]) -> tuple[str, list[str]]:
    family, given, family_kana, given_kana = names
    return sorted_and_found_by(family, given, family_kana, given_kana, [mail.partition("@")[0] for mail in mails])


def _complete(told: Iterable[tuple[int | None, Mapping[str, str]]], with_new_mail: set[int]) -> list[int]:
    """Keep names where there are none, and have people found by them and by new addresses. Returns who got a name."""
    names: dict[int, Mapping[str, str]] = {}
    for pk, each in told:
        if pk is not None and any(each.get(name) for name in _CLEANERS):
            names.setdefault(pk, each)
    if not names and not with_new_mail:
        return []
    kana = [pk for pk, each in names.items() if each.get("family_kana") or each.get("given_kana")]
    rows = _sql.all("lock_nameless", {"named": list(names), "with_kana": kana, "with_mail": sorted(with_new_mail)})
    changed: list[tuple[int, list[str], str, list[str]]] = []
    renamed: list[int] = []
    for pk, *known, mails in rows:
        told_names = [clean(names.get(pk, {}).get(name) or "") for name, clean in _CLEANERS.items()]
        full = [*(known[:2] if any(known[:2]) else told_names[:2]), *(known[2:] if any(known[2:]) else told_names[2:])]
        if full != known:
            renamed.append(pk)
        if full != known or pk in with_new_mail:
            changed.append((pk, full, *_found_by(full, mails)))
    if changed:
        _sql.run(
            "complete_people",
            {
                "ids": [pk for pk, *_rest in changed],
                **{name: [full[place] for _pk, full, *_rest in changed] for place, name in enumerate(_CLEANERS)},
                "kana_key": [key for *_rest, key, _tokens in changed],
                "searches": [" ".join(tokens) for *_rest, tokens in changed],
            },
        )
    return renamed
