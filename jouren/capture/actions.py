"""Signing up in two steps: a form asks for a mail, and only the link in that mail makes it count."""

from __future__ import annotations

import enum
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from jouren.capture.errors import TooManyPosts
from jouren.capture.models import Form, Registration, RegistrationState, Visitor
from jouren.capture.policies import CONFIRM_WITHIN, MAIL_WINDOW, POSTS_WINDOW
from jouren.capture.visits import page_visited
from jouren.contacts.actions import (
    attach_identity,
    change_name,
    ensure_contact,
    grant_consent,
    keep_consent_text,
    note_problem,
)
from jouren.contacts.actions.base import ip_hash
from jouren.contacts.errors import IdentityErased, IdentityTaken
from jouren.contacts.models import Contact, IdentityKind
from jouren.core import clock
from jouren.core.allowances import use_allowance
from jouren.events.actions import NewEvent, record_event, record_events
from jouren.messaging.actions import send_transactional

CHANNEL = "email"
POSTS_PER_HOUR = 60
MAX_TOUCHES_TOLD = 1000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sent form came from: the page's path, the first touch, the browser, and the proof's details."""

    page: str = ""
    source: dict[str, str] = field(default_factory=dict)
    visitor: Visitor | None = None
    ip: str = ""
    language: str = "ja"


@transaction.atomic
def ask_to_confirm(form: Form, email: str, answers: dict[str, Any], origin: Origin) -> Registration | None:
    """Keep what somebody wrote, and send the mail that asks them to confirm it.

    ``email`` is normalised; ``answers`` is of :meth:`jouren.capture.forms.SignUpForm.answers`. An address gets at most
    one such mail a day: None when it had it, and nothing is kept then. Somebody known is not changed by this.

    Raises:
        TooManyPosts: more came from this connection within the hour than people send.
    """
    if origin.ip and use_allowance("posts", origin.ip, POSTS_WINDOW).count > POSTS_PER_HOUR:
        raise TooManyPosts
    if use_allowance("mail", email, MAIL_WINDOW).count > 1:
        return None
    contact, was_erased = _person(email, origin)
    token = secrets.token_urlsafe(24)
    registration = Registration.objects.create(
        form=form,
        form_title=form.title,
        contact=contact,
        was_erased=was_erased,
        email=email,
        data=answers,
        token_hash=_hash(token),
        visitor=origin.visitor,
        source=origin.source,
        page=origin.page,
        language=origin.language,
        consent_text=keep_consent_text(form.consent_text),
        topic=form.topic,
        ip_hash=ip_hash(origin.ip),
        created_at=clock.now(),
    )
    record_event(NewEvent("form.submitted", contact.pk, _payload(registration), source="capture"))
    send_transactional(
        "registration_confirm",
        contact.pk,
        context={"confirm_url": confirm_url(token), "form_title": form.title},
        occurrence=registration.pk,
        language=origin.language,
    )
    return registration


def confirm_url(token: str) -> str:
    """The address in the confirmation mail."""
    return f"{settings.JOUREN.base_url}{reverse('capture:confirm', args=[token])}"


def find_registration(token: str) -> Registration | None:
    """The registration that a confirmation link belongs to."""
    return Registration.objects.select_related("form__after_page", "form__gift").filter(token_hash=_hash(token)).first()


class Outcome(enum.Enum):
    """What became of a confirmation."""

    CONFIRMED = "confirmed"
    ALREADY = "already"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


def outcome_before(registration: Registration | None, now: datetime) -> Outcome | None:
    """Why a registration cannot be confirmed (again) at ``now``; None when it can."""
    if registration is None:
        return Outcome.UNKNOWN
    if registration.state == RegistrationState.CONFIRMED:
        return Outcome.ALREADY
    return Outcome.EXPIRED if now - registration.created_at > CONFIRM_WITHIN else None


@transaction.atomic
def confirm_registration(token: str, ip: str = "") -> Outcome:
    """Make a registration count: the address is theirs, the name applies, consent is granted with its proof.

    ``ip`` is where the confirmation came from. Safe to repeat: a second time nothing changes.
    """
    registration = Registration.objects.select_for_update().filter(token_hash=_hash(token)).first()
    now = clock.now()
    outcome = outcome_before(registration, now)
    if registration is None or outcome is not None:
        return outcome or Outcome.UNKNOWN
    contact_id = _owner_of(registration, now)
    _apply_answers(contact_id, registration, now)
    grant_consent(
        contact_id,
        CHANNEL,
        registration.topic.key,
        via="form",
        text=registration.consent_text,
        page=registration.page,
        ip=ip,
        at=now,
    )
    registration.state, registration.confirmed_at = RegistrationState.CONFIRMED, now
    registration.contact_id, registration.data = contact_id, {}
    registration.save(update_fields=["state", "confirmed_at", "contact", "data"])
    if registration.visitor_id is not None:
        merge_visitor(registration.visitor_id, contact_id)
    key = f"registration:{registration.pk}"
    record_event(NewEvent("registration.confirmed", contact_id, _payload(registration), now, "capture", key))
    return Outcome.CONFIRMED


def merge_visitor(visitor_id: int, contact_id: int) -> int:
    """Give a visitor's past visits to the contact they turned out to be, each at its own time. Returns how many.

    A browser that is somebody else's already stays theirs.
    """
    if not Visitor.objects.filter(pk=visitor_id, contact=None).update(contact_id=contact_id):
        return 0
    touches = Visitor.objects.get(pk=visitor_id).touches.order_by("-at", "-pk")[:MAX_TOUCHES_TOLD]
    rows = touches.values("pk", "page", "utm", "referrer", "at")
    return len(record_events([page_visited(contact_id, row["pk"], row, historical=True) for row in reversed(rows)]))


def _person(email: str, origin: Origin) -> tuple[Contact, bool]:
    """The contact of an address, made when it is new; and whether its person had once been erased."""
    details: dict[str, Any] = {"language": origin.language, "source": origin.source}
    try:
        return ensure_contact(email, **details)[0], False
    except IdentityErased:
        return ensure_contact(email, **details, allow_erased=True)[0], True


def _owner_of(registration: Registration, now: datetime) -> int:
    """Whose address it is now: the mail reached it, whatever was merged or moved in between."""
    kind, email = IdentityKind.EMAIL, registration.email
    try:
        identity = attach_identity(registration.contact_id, kind, email, verified_at=now, allow_erased=True)
    except IdentityTaken as taken:
        identity = attach_identity(taken.contact_id, kind, email, verified_at=now)
    return int(identity.contact_id)


def _apply_answers(contact_id: int, registration: Registration, now: datetime) -> None:
    data = registration.data
    if data.get("family_name") or data.get("given_name"):
        contact = Contact.objects.get(pk=contact_id)
        has_kana = data.get("family_kana") or data.get("given_kana")
        change_name(
            contact_id,
            family_name=data.get("family_name", ""),
            given_name=data.get("given_name", ""),
            family_kana=data.get("family_kana", "") if has_kana else contact.family_kana,
            given_kana=data.get("given_kana", "") if has_kana else contact.given_kana,
        )
    for problem in data.get("problems", []):
        note_problem(contact_id, problem, source=registration.form_title, at=now)


def _payload(registration: Registration) -> dict[str, Any]:
    return {"form": registration.form_id, "title": registration.form_title, "registration": registration.pk}


def _hash(token: str) -> bytes:
    return sha256(token.encode(errors="replace")).digest()
