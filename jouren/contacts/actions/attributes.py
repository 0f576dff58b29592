"""One attribute of many people at once, and the values of attributes as people type them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from jouren.contacts.actions.people import checked_attributes
from jouren.contacts.errors import BadAttribute
from jouren.contacts.models import AttributeDefinition, AttributeType
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events

_sql = load_sql("contacts")
_YES = frozenset({"yes", "true", "1", "on", "はい"})
_NO = frozenset({"no", "false", "0", "off", "いいえ"})


@transaction.atomic
def set_attribute(contact_ids: Iterable[int], key: str, value: Any) -> list[int]:
    """Set one attribute of many people, in two statements; None takes it away. Dates are ``YYYY-MM-DD``.

    Returns the ids of those for whom it is new.

    Raises:
        BadAttribute: it is not defined, or the value is of another type.
    """
    defined_attribute(key)
    checked = None if value is None else Jsonb(checked_attributes({key: value})[key])
    rows = _sql.all("set_attribute", {"contact_ids": list(contact_ids), "key": key, "value": checked})
    changed = sorted(contact_id for (contact_id,) in rows)
    record_events([NewEvent("contact.changed", contact_id, {"what": [key]}) for contact_id in changed])
    return changed


def defined_attribute(key: str) -> AttributeDefinition:
    """The attribute of that key. Raises BadAttribute when the shop has none."""
    definition = AttributeDefinition.objects.filter(key=key).first()
    if definition is None:
        raise BadAttribute(_("There is no attribute %(key)s.") % {"key": key[:50]})
    return definition


def read_attribute(definition: AttributeDefinition, text: str) -> str | int | float | bool:
    """What somebody typed, as a value of the attribute's type. Raises BadAttribute in words for them."""
    plain = unicodedata.normalize("NFKC", text).strip()
    read = {
        AttributeType.NUMBER: _number,
        AttributeType.BOOLEAN: _flag,
        AttributeType.DATE: _day,
    }.get(AttributeType(definition.type))
    value = text.strip() if read is None else read(definition, plain)
    checked: str | int | float | bool = checked_attributes({definition.key: value})[definition.key]
    return checked


def _number(definition: AttributeDefinition, text: str) -> int | float:
    digits = text.replace(",", "")
    try:
        return int(digits)
    except ValueError:
        try:
            return float(digits)
        except ValueError:
            raise BadAttribute(
                _("“%(attribute)s” is a number; “%(text)s” is none.")
                % {"attribute": definition.label, "text": text[:50]}
            ) from None


def _flag(definition: AttributeDefinition, text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise BadAttribute(
            _("“%(attribute)s” is yes or no; “%(text)s” is neither.")
            % {"attribute": definition.label, "text": text[:50]}
        )
    return text.lower() in _YES


def _day(definition: AttributeDefinition, text: str) -> str:
    try:
        return date.fromisoformat(text.replace("/", "-")).isoformat()
    except ValueError:
        raise BadAttribute(
            _("“%(attribute)s” is a date, written like 2026-11-22; “%(text)s” is none.")
            % {"attribute": definition.label, "text": text[:50]}
        ) from None
