"""Handing a gift over, telling that it was taken, and mailing a new link to whoever has a right to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from jouren.capture.errors import TooManyPosts
from jouren.capture.gifts.links import Handed, gift_token, read_gift_token
from jouren.capture.models import Form, Registration, RegistrationState
from jouren.capture.policies import MAIL_WINDOW, POSTS_WINDOW
from jouren.contacts.queries import find_by_email
from jouren.core import clock
from jouren.core.allowances import use_allowance
from jouren.events.actions import NewEvent, record_event
from jouren.messaging.actions import send_transactional

PURPOSE = "gift_link"
POSTS_PER_HOUR = 30
MAILS_PER_DAY = 3


def read_gift(token: str) -> Handed | None:
    """What a link was made for, whether or not it has ended; None for a forged one."""
    return read_gift_token(token, settings.SECRET_KEY)


def gift_path(form: Form, contact_id: int, since: datetime | None = None) -> str:
    """The path of a person's link to the gift of a form. It is good for the form's days from ``since`` (now)."""
    until = (since or clock.now()) + timedelta(days=form.gift_days)
    return reverse("capture:gift", args=[gift_token(Handed(form.pk, contact_id, until), settings.SECRET_KEY)])


def note_taken(form: Form, contact_id: int) -> None:
    """Tell that a person took the gift of a form: once, however often they do."""
    payload = {"form": form.pk, "title": form.gift_name}
    record_event(
        NewEvent("gift.taken", contact_id, payload, source="capture", key=f"gift:{form.pk}:{contact_id}"),
    )


@transaction.atomic
def ask_again(email: str, language: str, ip: str = "") -> int:
    """Mail new links of all gifts that the owner of ``email`` (normalised) has confirmed a registration for.

    Nothing tells whoever asked whether there are any. An address gets few such mails a day; asked more often, none.
    Returns how many mails go.

    Raises:
        TooManyPosts: more came from this connection within the hour than people send.
    """
    if ip and use_allowance("gift-posts", ip, POSTS_WINDOW).count > POSTS_PER_HOUR:
        raise TooManyPosts
    if use_allowance("gift-mail", email, MAIL_WINDOW).count > MAILS_PER_DAY:
        return 0
    contact = find_by_email(email)
    if contact is None:
        return 0
    confirmed = Registration.objects.filter(contact=contact, state=RegistrationState.CONFIRMED)
    forms = Form.objects.filter(pk__in=confirmed.values("form"), gift__isnull=False).order_by("pk")
    asked_at = int(clock.now().timestamp() * 1000)
    for place, form in enumerate(forms):
        url = settings.JOUREN.base_url + gift_path(form, contact.pk)
        context = {"gift_url": url, "gift_title": form.gift_name}
        send_transactional(PURPOSE, contact.pk, context, occurrence=asked_at + place, language=language)
    return len(forms)
