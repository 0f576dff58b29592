"""What a call may tell of a person: nothing but their public id, and what the author chose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.contacts.models import AttributeDefinition, Contact, Identity, IdentityKind
from jouren.pyramid.models import PyramidPosition
from jouren.pyramid.stages import Stage

_ATTRIBUTE = "attribute:"
_COLUMNS: Mapping[str, tuple[Any, Callable[[Contact], str]]] = {
    "name": (_("Name"), lambda contact: contact.name),
    "family_name": (_("Family name"), lambda contact: contact.family_name),
    "given_name": (_("Given name"), lambda contact: contact.given_name),
    "family_kana": (_("Family name in kana"), lambda contact: contact.family_kana),
    "given_kana": (_("Given name in kana"), lambda contact: contact.given_kana),
    "language": (_("Language"), lambda contact: contact.language),
    "known_since": (_("Known since"), lambda contact: contact.created_at.isoformat()),
}
_IDENTITIES: Mapping[str, tuple[Any, str]] = {
    "email": (_("Mail address"), IdentityKind.EMAIL),
    "shop": (_("Shop customer number"), IdentityKind.SHOP),
    "line": (_("LINE"), IdentityKind.LINE),
}
_STAGE = "stage"


def field_choices() -> list[tuple[str, Any]]:
    """All that may be told, by name."""
    return [
        *((name, label) for name, (label, _kind) in _IDENTITIES.items()),
        *((name, label) for name, (label, _read) in _COLUMNS.items()),
        (_STAGE, _("Stage")),
        *(
            (f"{_ATTRIBUTE}{key}", label)
            for key, label in AttributeDefinition.objects.order_by("key").values_list("key", "label")
        ),
    ]


def unknown_fields(fields: Iterable[str]) -> list[str]:
    """Those that cannot be told, such as an attribute that is gone."""
    known = {name for name, _label in field_choices()}
    return [name for name in fields if name not in known]


def tell_people(asked: Sequence[tuple[int, Sequence[str]]]) -> list[dict[str, Any] | None]:
    """``{"id": …, "email": …, "attributes": {…}}`` for each pair of contact and fields; null where nothing is known.

    None stands for somebody who is no longer there. Three queries at most for all.
    """
    contacts = Contact.objects.filter(erased_at=None, merged_at=None).in_bulk(
        {contact_id for contact_id, _names in asked}
    )
    names = {name for _contact_id, fields in asked for name in fields}
    identities = _identities(list(contacts)) if names & _IDENTITIES.keys() else {}
    stages = _stages(list(contacts)) if _STAGE in names else {}
    return [
        {
            "id": str(contact.public_id),
            **_fields(contact, fields, identities, stages.get(contact_id, Stage.AWARE)),
        }
        if (contact := contacts.get(contact_id))
        else None
        for contact_id, fields in asked
    ]


def _fields(
    contact: Contact, names: Sequence[str], identities: Mapping[tuple[int, str], str], stage: Stage
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in names:
        if name.startswith(_ATTRIBUTE):
            key = name.removeprefix(_ATTRIBUTE)
            told.setdefault("attributes", {})[key] = contact.attributes.get(key)
        elif name in _COLUMNS:
            told[name] = _COLUMNS[name][1](contact)
        elif name in _IDENTITIES:
            told[name] = identities.get((contact.pk, _IDENTITIES[name][1]))
        elif name == _STAGE:
            told[name] = stage.key
    return told


def _identities(contact_ids: Sequence[int]) -> dict[tuple[int, str], str]:
    """The address or number of each kind that a message would go to: the one verified last, else the newest."""
    found = Identity.objects.filter(contact_id__in=contact_ids).order_by("verified_at", "id")
    rows = found.values_list("contact_id", "kind", "value", "verified_at")
    ranked = sorted(rows, key=lambda row: row[3] is not None)
    return {(contact_id, kind): value for contact_id, kind, value, _verified in ranked}


def _stages(contact_ids: Sequence[int]) -> dict[int, Stage]:
    positions = PyramidPosition.objects.filter(contact_id__in=contact_ids).values_list("contact_id", "stage")
    return {contact_id: Stage(stage) for contact_id, stage in positions}
