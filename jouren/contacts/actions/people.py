"""Who somebody is and what they want solved."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from jouren.contacts.actions.base import User, audit, index, locked, reindex
from jouren.contacts.actions.identities import keep_identity, normalise_identity
from jouren.contacts.errors import BadAttribute, BadValue, IdentityTaken
from jouren.contacts.models import AttributeDefinition, AttributeType, Contact, IdentityKind, Problem
from jouren.contacts.policies import check_zone, clean_kana, clean_name, clean_text
from jouren.contacts.segments.keeping import note_new
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event

MAX_PROBLEM_LENGTH = 500
MAX_ATTRIBUTE_LENGTH = 1000
MAX_SOURCE_BYTES = 4000


@transaction.atomic
def create_contact(
    *,
    email: str = "",
    family_name: str = "",
    given_name: str = "",
    family_kana: str = "",
    given_kana: str = "",
    language: str = "ja",
    zone: str = "",
    attributes: Mapping[str, Any] | None = None,
    source: Mapping[str, Any] | None = None,
    created_at: datetime | None = None,
    by: User | None = None,
    allow_erased: bool = False,
) -> Contact:
    """Make a person known. ``source`` is their first touch (``utm_source``, …, ``referrer``).

    Raises:
        BadName, BadAddress, BadValue, BadAttribute: a value cannot be kept.
        IdentityTaken: somebody has this mail address; ``error.contact_id`` says who.
        IdentityErased: its person was erased, and ``allow_erased`` does not say that they come back by themselves.
    """
    contact = Contact(
        family_name=clean_name(family_name),
        given_name=clean_name(given_name),
        family_kana=clean_kana(family_kana),
        given_kana=clean_kana(given_kana),
        language=_language(language),
        zone=check_zone(zone),
        attributes=checked_attributes(attributes or {}),
        source=clean_source(source or {}),
        created_at=created_at or clock.now(),
    )
    identity = normalise_identity(IdentityKind.EMAIL, email) if email else None
    index(contact, [identity.local] if identity else [])
    contact.save()
    if identity:
        keep_identity(contact, identity, allow_erased=allow_erased)
    note_new([contact.pk], [created_at is not None and created_at < clock.now()])
    audit(contact.pk, "create", by)
    return contact


def ensure_contact(email: str, **details: Any) -> tuple[Contact, bool]:
    """The person with this mail address, made with ``details`` (see :func:`create_contact`) if there is none.

    Returns the person and whether they are new. Somebody known is left as they are.
    """
    try:
        with transaction.atomic():
            return create_contact(email=email, **details), True
    except IdentityTaken as taken:
        return Contact.objects.get(pk=taken.contact_id), False


@transaction.atomic
def change_name(
    contact_id: int,
    *,
    family_name: str,
    given_name: str = "",
    family_kana: str = "",
    given_kana: str = "",
    by: User | None = None,
) -> Contact:
    """Set a person's whole name. Raises BadName when a part is too long."""
    contact = locked(contact_id)
    new = (clean_name(family_name), clean_name(given_name), clean_kana(family_kana), clean_kana(given_kana))
    if new != (contact.family_name, contact.given_name, contact.family_kana, contact.given_kana):
        contact.family_name, contact.given_name, contact.family_kana, contact.given_kana = new
        reindex(contact)
        contact.save()
        record_event(NewEvent("contact.changed", contact.pk, {"what": ["name"]}))
        audit(contact.pk, "change_name", by)
    return contact


@transaction.atomic
def set_locale(contact_id: int, *, language: str | None = None, zone: str | None = None) -> Contact:
    """Set the language a person reads and the time zone they live in; None leaves one as it is."""
    contact = locked(contact_id)
    new = {
        "language": contact.language if language is None else _language(language),
        "zone": contact.zone if zone is None else check_zone(zone),
    }
    if changed := [name for name, value in new.items() if getattr(contact, name) != value]:
        contact.language, contact.zone = new["language"], new["zone"]
        contact.save(update_fields=["language", "zone"])
        record_event(NewEvent("contact.changed", contact.pk, {"what": changed}))
    return contact


def _language(language: str) -> str:
    if not 0 < len(language) <= 12 or not language.replace("-", "").isalnum() or not language.isascii():
        raise BadValue(_("Unknown language: %(language)s. Write it like ja or en.") % {"language": language[:20]})
    return language.lower()


@transaction.atomic
def define_attribute(key: str, type: str, label: str) -> AttributeDefinition:
    """Add an attribute that people can have. Raises BadAttribute when its key is taken with another type."""
    if not key or slugify(key).replace("-", "_") != key.replace("-", "_") or len(key) > 50:
        raise BadAttribute(_("An attribute's key has small letters, digits and _ only."))
    if type not in AttributeType.values:
        raise BadAttribute(_("Unknown type: %(type)s.") % {"type": type[:20]})
    definition, made = AttributeDefinition.objects.get_or_create(
        key=key, defaults={"type": type, "label": clean_text(label)[:100] or key}
    )
    if not made and definition.type != type:
        raise BadAttribute(_("The attribute %(key)s exists with another type.") % {"key": key})
    return definition


@transaction.atomic
def set_attributes(contact_id: int, values: Mapping[str, Any], *, by: User | None = None) -> Contact:
    """Set some of a person's attributes; None removes one. Dates are ``YYYY-MM-DD``.

    Raises BadAttribute for one that is not defined or a value of another type; then none is set.
    """
    contact = locked(contact_id)
    checked = checked_attributes({key: value for key, value in values.items() if value is not None})
    new = {key: value for key, value in contact.attributes.items() if key not in values} | checked
    if new != contact.attributes:
        contact.attributes = new
        contact.save(update_fields=["attributes"])
        record_event(NewEvent("contact.changed", contact.pk, {"what": sorted(values)}))
        audit(contact.pk, "set_attributes", by, {"keys": sorted(values)})
    return contact


def checked_attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes with values of their types. Raises BadAttribute for one not defined, or a value it cannot have."""
    if not values:
        return {}
    known = dict(AttributeDefinition.objects.filter(key__in=list(values)).values_list("key", "type"))
    checked = {}
    for key, value in values.items():
        if key not in known:
            raise BadAttribute(_("There is no attribute %(key)s.") % {"key": str(key)[:50]})
        checked[key] = _checked_value(key, known[key], value)
    return checked


def _checked_value(key: str, type: str, value: object) -> object:
    if type == AttributeType.BOOLEAN and isinstance(value, bool):
        return value
    if type == AttributeType.NUMBER and isinstance(value, int | float) and not isinstance(value, bool):
        if math.isfinite(value) and abs(value) < 10**15:
            return value
    elif type == AttributeType.TEXT and isinstance(value, str) and len(value) <= MAX_ATTRIBUTE_LENGTH:
        return clean_text(value)
    elif type == AttributeType.DATE:
        try:
            return (value if isinstance(value, date) else date.fromisoformat(str(value))).isoformat()[:10]
        except ValueError:
            pass
    raise BadAttribute(
        _("The attribute %(key)s cannot have this value: it must be of type %(type)s.")
        % {"key": key, "type": AttributeType(type).label}
    )


def clean_source(source: Mapping[str, Any]) -> dict[str, str]:
    """Where somebody came from, as texts of at most 500 characters, all together at most 4 kB."""
    cleaned = {
        clean_text(str(key))[:50]: clean_text(str(value))[:500] for key, value in list(source.items())[:20] if value
    }
    while len(json.dumps(cleaned, ensure_ascii=False).encode()) > MAX_SOURCE_BYTES:
        cleaned.popitem()
    return cleaned


@transaction.atomic
def note_problem(
    contact_id: int, text: str, *, source: str = "", at: datetime | None = None, by: User | None = None
) -> Problem:
    """Note what a person wants solved (悩み). The same problem is open once. Raises BadValue if empty or too long."""
    plain = clean_text(text)
    if not 0 < len(plain) <= MAX_PROBLEM_LENGTH:
        raise BadValue(_("A problem must have 1 to %(limit)s characters.") % {"limit": MAX_PROBLEM_LENGTH})
    contact = locked(contact_id)
    at = at or clock.now()
    problem, made = Problem.objects.get_or_create(
        contact=contact, text=plain, solved_at=None, defaults={"noted_at": at, "source": clean_text(source)[:200]}
    )
    if made:
        payload = {"problem": problem.pk, "text": plain}
        record_event(NewEvent("problem.noted", contact.pk, payload, occurred_at=at))
        audit(contact.pk, "note_problem", by, {"problem": problem.pk})
    return problem


@transaction.atomic
def solve_problem(problem_id: int, *, at: datetime | None = None, by: User | None = None) -> bool:
    """Note that a problem is solved. Returns False when it was, or when there is no such problem."""
    at = at or clock.now()
    problem = Problem.objects.select_for_update().filter(pk=problem_id, solved_at=None).first()
    if problem is None:
        return False
    problem.solved_at = at
    problem.save(update_fields=["solved_at"])
    payload = {"problem": problem.pk, "text": problem.text}
    record_event(NewEvent("problem.solved", problem.contact_id, payload, occurred_at=at))
    audit(problem.contact_id, "solve_problem", by, {"problem": problem.pk})
    return True
