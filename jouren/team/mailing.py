"""The loop that mails notices to colleagues: at once, then at most one mail an hour about each journey.

The mail goes out by the product's own relay while its row is locked: a crash in between may send it a second time,
never lose it. A relay that does not answer is asked again; the notices stand on the first screen all the while.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.holding import is_held
from jouren.core.mailbox import MailUnavailable
from jouren.core.sql import load_sql
from jouren.team.models import INBOX, Notice

logger = logging.getLogger(__name__)
_sql = load_sql("team")

CHANNEL = "jouren_team"
MOST_IN_A_MAIL = 50
MAY_SEE = "contacts.view_contact"
_LONGEST_SUBJECT = 120
_PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]
_TROUBLE = (OSError, smtplib.SMTPException, MailUnavailable)


def tick() -> bool:
    """Send the next mail that is due. Returns whether there was one. None goes while a restore holds all sends."""
    if is_held():
        return False
    now = clock.now()
    with transaction.atomic():
        row = _sql.one("claim", {"now": now})
        if row is None:
            return False
        pace_id, user_id, journey_id, attempts = row
        settled = {"id": pace_id, "due_at": None, "last_at": None, "attempts": 0}
        try:
            if _mail(user_id, journey_id, now):
                settled["last_at"] = now
        except (smtplib.SMTPRecipientsRefused, ValueError):
            logger.warning("The mail relay does not take the address of the account %s.", user_id)
        except _TROUBLE as error:
            logger.warning("A colleague's mail did not go out (%s). It is tried again.", type(error).__name__)
            settled |= {"due_at": now + _PAUSES[min(attempts, len(_PAUSES) - 1)], "attempts": attempts + 1}
        _sql.run("settle", settled)
    return True


def next_due() -> datetime | None:
    """When the next mail is due after now; None when none is."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_busy() -> bool:
    """True while a mail is due."""
    row = _sql.one("is_busy", {"now": clock.now()})
    return bool(row and row[0])


def _mail(user_id: int, journey_id: int, now: datetime) -> bool:
    """Mail what this colleague was not mailed about this journey. False when there is nothing, or nobody to mail to."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    waiting = Notice.objects.filter(user_id=user_id, journey_id=journey_id, mailed_at=None, done_at=None)
    notices = list(waiting.order_by("id"))
    if not notices or user is None or not user.email or not user.has_perm(MAY_SEE):
        return False
    with translation.override(_language_of(user)):
        subject, body = write_mail(notices)
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    EmailMessage(subject, body, to=[user.email], headers=headers).send()
    waiting.filter(pk__lte=notices[-1].pk).update(mailed_at=now)
    return True


def write_mail(notices: Sequence[Notice]) -> tuple[str, str]:
    """Subject and plain text of the mail about one journey's notices, oldest first, in the language that is active."""
    people = Contact.objects.filter(erased_at=None).in_bulk({notice.contact_id for notice in notices})
    shown = [(notice, people.get(notice.contact_id)) for notice in notices[:MOST_IN_A_MAIL]]
    journey = one_line(notices[0].journey)
    if len(notices) == 1:
        subject = _("%(person)s: %(journey)s") % {"person": _name(shown[0][1]), "journey": journey}
    else:
        text = ngettext("%(count)s person: %(journey)s", "%(count)s people: %(journey)s", len(notices))
        subject = text % {"count": len(notices), "journey": journey}
    parts = [_entry(notice, person) for notice, person in shown]
    if more := len(notices) - len(shown):
        parts.append(ngettext("… and %(count)s more.", "… and %(count)s more.", more) % {"count": more})
    parts.append(
        _foot(notices[0].journey_id)
        % {"journey": journey, "url": settings.JOUREN.base_url + reverse("wagtailadmin_home")}
    )
    return one_line(subject)[:_LONGEST_SUBJECT], "\n\n".join(parts) + "\n"


def _foot(journey_id: int) -> str:
    if journey_id == INBOX:
        return _("The inbox tells you this, once an hour at most. All of it is on your first screen: %(url)s")
    return _(
        "The journey “%(journey)s” tells you this, once an hour at most. All of it is on your first screen: %(url)s"
    )


def _entry(notice: Notice, person: Contact | None) -> str:
    lines = [_name(person), notice.text]
    if person is not None:
        lines.append(settings.JOUREN.base_url + reverse("people:person", args=[person.public_id]))
    return "\n".join(line for line in lines if line)


def _name(person: Contact | None) -> str:
    return (one_line(person.name) if person else "") or _("Somebody without a name")


def one_line(text: str) -> str:
    """A text without line breaks and characters that nobody sees: fit for a mail's header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _language_of(user: Any) -> str:
    profile = getattr(user, "wagtail_userprofile", None)
    return str(profile.get_preferred_language()) if profile else settings.LANGUAGE_CODE
