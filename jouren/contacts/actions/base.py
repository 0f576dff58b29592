"""What the actions of this room share: the locked person, the audit log, keyed hashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.errors import ContactNotFound
from jouren.contacts.models import Alias, Contact, IdentityKind
from jouren.contacts.policies import kana_key, search_tokens

User = AbstractBaseUser


def locked(contact_id: int) -> Contact:
    """The person of that id, or the one they were merged into, locked until the transaction ends.

    Raises:
        ContactNotFound: nobody has the id, or the person was erased.
    """
    for _attempt in range(2):
        alias = Alias.objects.filter(from_id=contact_id).first()
        contact_id = alias.to_id if alias else contact_id
        contact = Contact.objects.select_for_update(no_key=True).filter(pk=contact_id, erased_at=None).first()
        if contact is None:
            break
        if contact.merged_at is None:
            return contact
    raise ContactNotFound(_("This person does not exist any more."))


def audit(contact_id: int, action: str, by: User | None, data: dict[str, Any] | None = None) -> None:
    """Write a staff member's act to the audit log. ``data`` must hold nothing personal: the log outlives an erasure."""
    if by is not None:
        contact = Contact.objects.get(pk=contact_id)
        log(instance=contact, action=f"contacts.{action}", user=by, data=data, title=str(contact.public_id))


def reindex(contact: Contact) -> None:
    """Refresh the sort key and the search tokens from the names and addresses. Saves nothing."""
    emails = contact.identities.filter(kind=IdentityKind.EMAIL).order_by("id").values_list("value", flat=True)
    index(contact, [value.partition("@")[0] for value in emails])


def index(contact: Contact, mail_locals: Sequence[str]) -> None:
    """Set the sort key and the search tokens; ``mail_locals`` are the parts of mail addresses before the @."""
    names = (contact.family_name, contact.given_name, contact.family_kana, contact.given_kana)
    contact.kana_key, contact.search = sorted_and_found_by(*names, mail_locals)


def sorted_and_found_by(
    family_name: str, given_name: str, family_kana: str, given_kana: str, mail_locals: Sequence[str]
) -> tuple[str, list[str]]:
    """The sort key and the search tokens of somebody of that name."""
    key = kana_key(family_kana, given_kana, family_name, given_name, next(iter(mail_locals), ""))
    names = (family_name + given_name, given_name, family_kana + given_kana, given_kana)
    return key, search_tokens([*names, *mail_locals])


def identity_hash(kind: str, value: str) -> str:
    """The keyed hash under which an erased identity is remembered; useless without this installation's secret."""
    return salted_hmac("jouren.contacts.erased", f"{kind}:{value}", algorithm="sha256").hexdigest()


def ip_hash(address: str) -> str:
    """The keyed hash of an IP address, kept as proof of consent instead of the address."""
    return salted_hmac("jouren.contacts.ip", address, algorithm="sha256").hexdigest() if address else ""
