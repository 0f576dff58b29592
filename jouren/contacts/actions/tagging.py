"""Words that the shop puts on people."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.actions.base import User, audit, locked
from jouren.contacts.errors import BadValue
from jouren.contacts.models import Contact, Tag
from jouren.contacts.policies import clean_tag
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event

MOST_TAGS = 100


@transaction.atomic
def add_tag(contact_id: int, text: str, *, by: User | None = None) -> bool:
    """Put a tag on a person. Returns False when it is there already.

    Raises:
        BadValue: it is empty, too long or holds a comma, or the person has a hundred.
        ContactNotFound: nobody has the id.
    """
    tag = clean_tag(text)
    contact = locked(contact_id)
    held = set(Tag.objects.filter(contact=contact).values_list("text", flat=True))
    if tag in held:
        return False
    if len(held) >= MOST_TAGS:
        raise BadValue(_("A person has %(most)s tags at most.") % {"most": MOST_TAGS})
    Tag.objects.create(contact=contact, text=tag, at=clock.now())
    record_event(NewEvent("tag.added", contact.pk, {"tag": tag}))
    audit(contact.pk, "add_tag", by)
    return True


@transaction.atomic
def remove_tag(contact_id: int, text: str, *, by: User | None = None) -> bool:
    """Take a tag off a person. Returns False when it is not there. Raises BadValue, ContactNotFound."""
    tag = clean_tag(text)
    contact = locked(contact_id)
    removed, _details = Tag.objects.filter(contact=contact, text=tag).delete()
    if removed:
        record_event(NewEvent("tag.removed", contact.pk, {"tag": tag}))
        audit(contact.pk, "remove_tag", by)
    return bool(removed)


def merge_tags(kept: Contact, gone: Contact) -> None:
    """Give the kept one of two merged people the tags of both."""
    held = Tag.objects.filter(contact=kept).values("text")
    Tag.objects.filter(contact=gone, text__in=held).delete()
    Tag.objects.filter(contact=gone).update(contact=kept)
