"""A row about a customer → a person of the past. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from jouren.contacts.actions import Agreed, PastPerson
from jouren.contacts.errors import BadValue
from jouren.contacts.policies import clean_tag
from jouren.imports.errors import BadRow
from jouren.imports.mapping import Said
from jouren.imports.orders import NAME_PARTS, identities_of

_BETWEEN_TAGS = re.compile(r"[,、;；\n]+")
_MOST_TAGS = 50


def past_person(said: Said, sent_in_at: datetime) -> PastPerson:
    """Who a row is about. A consent without a date of its own is dated by the registration, else by ``sent_in_at``.

    Raises:
        BadRow: nobody can be known by it, or a tag cannot be kept.
    """
    identities = identities_of(said)
    if not identities:
        raise BadRow(_("Neither a mail address nor a customer number says who it is."))
    registered_at = _moment(said.get("registered_at"))
    agreed = None
    if said.get("consent"):
        at = _moment(said.get("consent_at")) or registered_at or sent_in_at
        agreed = Agreed(at, said.get("consent_source", ""))
    return PastPerson(
        identities,
        {name: said[name] for name in NAME_PARTS if said.get(name)},
        said.get("birthday", ""),
        _tags(said.get("tags", "")),
        registered_at,
        agreed,
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _tags(text: str) -> tuple[str, ...]:
    parts = [part for part in _BETWEEN_TAGS.split(text) if part.strip()] if text else []
    if len(parts) > _MOST_TAGS:
        raise BadRow(_("It has more than %(most)s tags.") % {"most": _MOST_TAGS})
    try:
        return tuple(dict.fromkeys(clean_tag(part) for part in parts))
    except BadValue as error:
        raise BadRow(str(error)) from None
