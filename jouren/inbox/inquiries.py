"""What a person of the shop is to see to: opened by what people do, marked as handled by staff, with a note."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.contacts.policies import clean_text
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.inbox.errors import AlreadyHandled, BadNote
from jouren.inbox.models import Inquiry, Survey
from jouren.team.actions import Telling, colleague_names, tell_colleagues
from jouren.team.models import INBOX
from jouren.team.queries import colleagues_who_may

MAY_HANDLE = "inbox.change_inquiry"
MAX_NOTE_LENGTH = 1_000
_STEP = "6d1d1f0e-5b1f-4c39-9f3a-0f4f2f6f7a11"


def open_inquiry(kind: str, contact_id: int, text: str, *, survey: Survey | None = None) -> Inquiry:
    """Put somebody into the inbox and tell everybody who may see to them. Who is there about the same stays, once.

    The caller holds the person's lock.
    """
    now = clock.now()
    text = text.replace("\x00", "")[:1000]
    waiting = Inquiry.objects.filter(contact_id=contact_id, kind=kind, survey=survey, handled_at=None).first()
    if waiting is not None:
        if waiting.text != text:
            waiting.text = text
            waiting.save(update_fields=["text"])
        return waiting
    inquiry = Inquiry.objects.create(kind=kind, contact_id=contact_id, survey=survey, text=text, at=now)
    with translation.override(settings.LANGUAGE_CODE):
        title = _("Inbox")
    told = Telling(colleagues_who_may(MAY_HANDLE), contact_id, INBOX, title, text, inquiry.pk, _STEP, is_plain=True)
    tell_colleagues([told], now)
    return inquiry


@transaction.atomic
def handle_inquiry(inquiry_id: int, note: str, *, by: AbstractBaseUser) -> Inquiry:
    """Mark an inquiry as handled, with what was done.

    Raises:
        Inquiry.DoesNotExist: there is none of that id.
        AlreadyHandled: somebody else was faster; the message says who.
        BadNote: there is no note, or a very long one.
    """
    note = clean_text(note)
    if not 0 < len(note) <= MAX_NOTE_LENGTH:
        raise BadNote(_("Write what you did, in 1 to %(limit)s characters.") % {"limit": MAX_NOTE_LENGTH})
    inquiry = Inquiry.objects.select_for_update(no_key=True).get(pk=inquiry_id)
    if inquiry.handled_at is not None:
        who = colleague_names([inquiry.handled_by_id or 0]).get(inquiry.handled_by_id or 0, "—")
        raise AlreadyHandled(_("%(who)s has seen to it already.") % {"who": who})
    inquiry.handled_at, inquiry.note = clock.now(), note
    inquiry.handled_by_id = by.pk
    inquiry.save(update_fields=["handled_at", "handled_by", "note"])
    payload = {"inquiry": inquiry.pk, "who": colleague_names([by.pk])[by.pk], "note": note}
    record_event(NewEvent("inquiry.handled", inquiry.contact_id, payload))
    log(instance=inquiry, action="inbox.handle_inquiry", user=by, title=str(inquiry.pk))
    return inquiry
