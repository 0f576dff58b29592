"""Merging two people who turn out to be one."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from jouren.contacts.actions.base import User, audit, reindex
from jouren.contacts.actions.erasure import BLANK
from jouren.contacts.actions.tagging import merge_tags
from jouren.contacts.errors import ContactNotFound
from jouren.contacts.models import Alias, Consent, ConsentRecord, Contact, Identity, Problem, Suppression
from jouren.contacts.queries import canonical_id
from jouren.core import clock
from jouren.events.actions import NewEvent, hand_over_events, record_event, stop_reactions

Merger = Callable[[int, int], None]
_mergers: dict[str, Merger] = {}


def register_merger(name: str, merger: Merger) -> None:
    """Have a room merge what it knows: ``merger(kept_id, gone_id)`` runs in the transaction of the merge."""
    _mergers[name] = merger


@transaction.atomic
def merge_contacts(kept_id: int, gone_id: int, *, by: User | None = None) -> Contact:
    """Make ``gone_id`` an alias of ``kept_id``. Safe to repeat.

    The kept one's name and attributes win, gaps are filled from the other; of two statements about the same consent a
    withdrawal wins; every suppression stays; the first touch is that of whoever came first.

    Raises:
        ContactNotFound: one of them does not exist or was erased.
    """
    kept, gone = _locked_pair(kept_id, gone_id)
    if kept.pk == gone.pk:
        return kept
    Identity.objects.filter(contact=gone).update(contact=kept)
    _merge_problems(kept, gone)
    merge_tags(kept, gone)
    _merge_consent(kept, gone)
    _merge_suppressions(kept, gone)
    Alias.objects.filter(to=gone).update(to=kept)
    Alias.objects.create(from_id=gone.pk, to=kept)
    _fill_gaps(kept, gone)
    Contact.objects.filter(pk=gone.pk).update(**BLANK, merged_at=clock.now())
    hand_over_events(kept.pk, gone.pk)
    for merger in _mergers.values():
        merger(kept.pk, gone.pk)
    record_event(NewEvent("contacts.merged", kept.pk, {"gone": gone.pk}))
    audit(kept.pk, "merge", by, {"gone": gone.pk})
    return kept


def _locked_pair(kept_id: int, gone_id: int) -> tuple[Contact, Contact]:
    """Both people as they are now, with nobody reacting for them, locked in the order of their ids.

    Raises ContactNotFound.
    """
    held = None
    while (ids := (canonical_id(kept_id), canonical_id(gone_id))) != held:
        # Whoever waited may find that somebody has just merged them. Once both are held, nobody else can.
        stop_reactions(ids)
        held = ids
    people = {c.pk: c for c in Contact.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    kept, gone = people.get(ids[0]), people.get(ids[1])
    if kept is None or gone is None or not (kept.is_present and gone.is_present):
        raise ContactNotFound(_("This person does not exist any more."))
    return kept, gone


def _fill_gaps(kept: Contact, gone: Contact) -> None:
    if not (kept.family_name or kept.given_name):
        kept.family_name, kept.given_name = gone.family_name, gone.given_name
    if not (kept.family_kana or kept.given_kana):
        kept.family_kana, kept.given_kana = gone.family_kana, gone.given_kana
    kept.attributes = gone.attributes | kept.attributes
    first, second = sorted((kept, gone), key=lambda contact: contact.created_at)
    kept.source = first.source or second.source
    kept.created_at = first.created_at
    kept.confirmed_at = min(filter(None, (kept.confirmed_at, gone.confirmed_at)), default=None)
    reindex(kept)
    kept.save()


def _merge_problems(kept: Contact, gone: Contact) -> None:
    open_texts = Problem.objects.filter(contact=kept, solved_at=None).values("text")
    Problem.objects.filter(contact=gone, solved_at=None, text__in=open_texts).delete()
    Problem.objects.filter(contact=gone).update(contact=kept)


def _merge_consent(kept: Contact, gone: Contact) -> None:
    ConsentRecord.objects.filter(contact=gone).update(contact=kept)
    theirs = {(c.channel, c.topic): c for c in Consent.objects.filter(contact=kept)}
    for consent in Consent.objects.filter(contact=gone):
        own = theirs.get((consent.channel, consent.topic))
        if own is None:
            consent.contact = kept
            consent.save(update_fields=["contact"])
            continue
        if own.is_granted and not consent.is_granted:
            own.is_granted, own.since = False, consent.since
            own.save(update_fields=["is_granted", "since"])
        consent.delete()


def _merge_suppressions(kept: Contact, gone: Contact) -> None:
    held = set(Suppression.objects.filter(contact=kept, lifted_at=None).values_list("channel", "reason"))
    for suppression in Suppression.objects.filter(contact=gone, lifted_at=None):
        if (suppression.channel, suppression.reason) in held:
            suppression.lifted_at = F("at")
            suppression.save(update_fields=["lifted_at"])
    Suppression.objects.filter(contact=gone).update(contact=kept)
