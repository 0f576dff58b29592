"""What the screens say of rows, people and stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jouren.contacts.actions.imported import CHANNEL
from jouren.contacts.models import Consent, Contact
from jouren.contacts.policies import DEFAULT_TOPIC
from jouren.core.money import DEFAULT_CURRENCY, money_text
from jouren.imports.fields import FIELDS, Form
from jouren.imports.models import Import
from jouren.imports.presets import PRESETS
from jouren.pyramid.stages import Stage


@dataclass(frozen=True)
class Understood:
    """A row as it was understood: its line, and (field, value) in words."""

    line: int
    values: list[tuple[str, str]]


def understood(run: Import) -> list[Understood]:
    """The first rows, as the check understood them."""
    return [Understood(row["line"], _values(run, row["said"])) for row in run.report.get("rows", [])]


def _values(run: Import, said: Mapping[str, Any]) -> list[tuple[str, str]]:
    currency = said.get("currency", DEFAULT_CURRENCY)
    fields = FIELDS[run.kind]
    return [
        (str(field.label), text)
        for name, field in fields.items()
        if name in said and (text := _text(field.form, said[name], currency))
    ]


def _text(form: Form, value: Any, currency: str) -> str:
    if form == Form.MOMENT:
        return formats.date_format(timezone.localtime(datetime.fromtimestamp(value, UTC)), "SHORT_DATETIME_FORMAT")
    if form in {Form.MONEY, Form.DEDUCTION}:
        return money_text(value, currency)
    if form == Form.RATE:
        return _("%(number)s %%") % {"number": value}
    if form == Form.FLAG:
        return _("Yes") if value else _("No")
    if form == Form.STATUS:
        return _state(value)
    return str(value)


def _state(state: str) -> str:
    words = {
        "cancelled": pgettext("order", "Cancelled"),
        "refunded": _("Refunded"),
        "unpaid": _("Not paid"),
        "paid": _("Paid"),
        "shipped": _("Shipped"),
    }
    return words.get(state, "")


@dataclass(frozen=True)
class Standing:
    """How many people, or who, would stand on a stage, and why."""

    stage: str
    why: str
    people: int = 0
    who: str = ""
    public_id: str = ""
    consent: str = ""


def stages(run: Import) -> list[Standing]:
    """How many people would stand where afterwards, and by which rule."""
    return [
        Standing(_stage(each["stage"]), _why(each["rule"], each["stage"]), each["people"])
        for each in run.report.get("stages", [])
    ]


def sample(run: Import) -> list[Standing]:
    """Some of the people, each with the reason."""
    rows = run.report.get("sample", [])
    people = _people(each["contact"] for each in rows if each["contact"] is not None)
    said = dict(
        Consent.objects.filter(contact__in=people, channel=CHANNEL, topic=DEFAULT_TOPIC).values_list(
            "contact_id", "is_granted"
        )
    )
    found = []
    for each in rows:
        person = people.get(each["contact"])
        why = _why(each["rule"], each["now"])
        if each["at"]:
            why = _("%(why)s, on %(day)s") % {"why": why, "day": _day(each["at"])}
        who = each["who"] if person is None else str(person)
        public_id, consent = "" if person is None else str(person.public_id), _consent(each, said.get(each["contact"]))
        found.append(Standing(_stage(each["stage"]), why, 1, who, public_id, consent))
    return found


def _consent(example: Mapping[str, Any], said: bool | None) -> str:
    """On what consent somebody comes; ``said``: what they have said here already."""
    if example.get("agreed_at"):
        told = {"day": _day(example["agreed_at"]), "where": example["agreed_where"]}
        return _("Agreed on %(day)s: %(where)s") % told if told["where"] else _("Agreed on %(day)s") % told
    if said is None:
        return _("None: gets no marketing mail")
    return _("Agreed here already") if said else _("Has withdrawn it here")


def _day(moment: str) -> str:
    return formats.date_format(timezone.localtime(datetime.fromisoformat(moment)), "SHORT_DATE_FORMAT")


def _people(contact_ids: Iterable[int]) -> dict[int, Contact]:
    return Contact.objects.in_bulk(list(contact_ids))


def _stage(stage: int) -> str:
    return str(Stage(stage).label)


def _why(rule: str, now: int) -> str:
    if rule:
        return _("By the rule “%(rule)s”") % {"rule": rule}
    return _("No rule is met") if now <= Stage.AWARE else _("Stands there already")


def preset_label(key: str) -> str:
    """What a preset is called."""
    return str(PRESETS[key].label) if key in PRESETS else key
