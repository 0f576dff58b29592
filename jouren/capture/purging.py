"""Forgetting: people who never confirmed, browsers that never came back."""

from __future__ import annotations

from django.db import transaction

from jouren.capture.models import Registration, RegistrationState, Touch, Visitor
from jouren.capture.policies import PURGE_UNCONFIRMED_AFTER, PURGE_VISITORS_AFTER
from jouren.contacts.actions import erase_contact
from jouren.contacts.actions.base import identity_hash
from jouren.contacts.models import Consent, Contact, ErasedIdentity, IdentityKind
from jouren.contacts.queries import canonical_id
from jouren.core import clock
from jouren.events.queries import events_of

# What a form that nobody confirmed leaves on a timeline.
_TRACES = frozenset(
    {"form.submitted", "identity.attached", "message.sent", "message.withheld", "message.failed", "message.unknown"}
    | {"message.opened", "message.clicked", "message.replied", "message.bounced", "contact.suppressed"}
    | {"segment.entered", "segment.left"}
)


def purge_unconfirmed() -> int:
    """Delete registrations that nobody confirmed within 30 days, and the people of whom nothing else is known.

    Returns how many registrations went.
    """
    before = clock.now() - PURGE_UNCONFIRMED_AFTER
    old = Registration.objects.filter(state=RegistrationState.PENDING, created_at__lt=before)
    ids = list(old.order_by("pk").values_list("pk", flat=True))
    for registration_id in ids:
        _forget(registration_id)
    return len(ids)


@transaction.atomic
def _forget(registration_id: int) -> None:
    registration = Registration.objects.select_for_update().filter(pk=registration_id).first()
    if registration is None or registration.state != RegistrationState.PENDING:
        return
    registration.delete()
    contact_id = canonical_id(registration.contact_id)
    if not _is_stranger(contact_id):
        return
    erase_contact(contact_id)
    if not registration.was_erased:
        # Nobody asked to be erased here: the address may come back by an import.
        digest = identity_hash(IdentityKind.EMAIL, registration.email)
        ErasedIdentity.objects.filter(hash=digest).delete()


def _is_stranger(contact_id: int) -> bool:
    """Whether a contact is only an address that somebody once typed into a form."""
    contact = Contact.objects.filter(pk=contact_id, erased_at=None, confirmed_at=None).first()
    if contact is None or contact.name or contact.attributes:
        return False
    identities = list(contact.identities.all())
    return (
        len(identities) == 1
        and identities[0].kind == IdentityKind.EMAIL
        and not contact.problems.exists()
        and not Consent.objects.filter(contact=contact).exists()
        and not Registration.objects.filter(contact=contact).exists()
        and {event.type for event in events_of([contact_id], limit=200)} <= _TRACES
    )


def purge_visitors() -> int:
    """Delete browsers that were not seen for 400 days, and the looks at pages that are older. Returns how many went."""
    before = clock.now() - PURGE_VISITORS_AFTER
    Touch.objects.filter(at__lt=before).delete()
    deleted, _by_model = Visitor.objects.filter(last_seen__lt=before).delete()
    return deleted
