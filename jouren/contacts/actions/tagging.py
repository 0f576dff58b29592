"""Words that the shop puts on people."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.actions.base import User, audit, locked
from jouren.contacts.errors import BadValue
from jouren.contacts.models import Contact, Tag
from jouren.contacts.policies import clean_tag
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events

_sql = load_sql("contacts")
MOST_TAGS = 100


@transaction.atomic
def add_tag(contact_id: int, text: str, *, by: User | None = None) -> bool:
    """Put a tag on a person. Returns False when it is there already.

    Raises:
        BadValue: it is empty, too long or holds a comma, or the person has a hundred.
        ContactNotFound: nobody has the id.
    """
    contact = locked(contact_id)
    if not tag_contacts([contact.pk], text):
        return False
    audit(contact.pk, "add_tag", by)
    return True


@transaction.atomic
def remove_tag(contact_id: int, text: str, *, by: User | None = None) -> bool:
    """Take a tag off a person. Returns False when it is not there. Raises BadValue, ContactNotFound."""
    contact = locked(contact_id)
    if not untag_contacts([contact.pk], text):
        return False
    audit(contact.pk, "remove_tag", by)
    return True


@transaction.atomic
def tag_contacts(contact_ids: Iterable[int], text: str) -> list[int]:
    """Put a tag on many people at once; who was merged counts as who they became, who is gone is left out.

    Returns the ids of those for whom it is new.

    Raises:
        BadValue: it is empty, too long or holds a comma, or one of them has a hundred; then nobody gets it.
    """
    tag = clean_tag(text)
    present = _lock_present(contact_ids)
    if _sql.all("full_of_tags", {"contact_ids": present, "tag": tag, "most": MOST_TAGS}):
        raise BadValue(_("A person has %(most)s tags at most.") % {"most": MOST_TAGS})
    rows = _sql.all("put_tag", {"contact_ids": present, "tag": tag, "now": clock.now()})
    return _told("tag.added", tag, rows)


@transaction.atomic
def untag_contacts(contact_ids: Iterable[int], text: str) -> list[int]:
    """Take a tag off many people, as :func:`tag_contacts` puts it on. Returns the ids of those who had it."""
    tag = clean_tag(text)
    return _told("tag.removed", tag, _sql.all("take_tag", {"contact_ids": _lock_present(contact_ids), "tag": tag}))


def _lock_present(contact_ids: Iterable[int]) -> list[int]:
    return [contact_id for (contact_id,) in _sql.all("lock_present", {"contact_ids": list(contact_ids)})]


def _told(event: str, tag: str, rows: Iterable[tuple[int]]) -> list[int]:
    changed = sorted(contact_id for (contact_id,) in rows)
    record_events([NewEvent(event, contact_id, {"tag": tag}) for contact_id in changed])
    return changed


def merge_tags(kept: Contact, gone: Contact) -> None:
    """Give the kept one of two merged people the tags of both."""
    held = Tag.objects.filter(contact=kept).values("text")
    Tag.objects.filter(contact=gone, text__in=held).delete()
    Tag.objects.filter(contact=gone).update(contact=kept)
