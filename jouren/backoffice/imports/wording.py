"""What the screens say of rows, people and stages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jouren.contacts.actions.imported import CHANNEL
from jouren.contacts.models import LEFT_IN_PEACE, Consent, Contact, Identity, Suppression
from jouren.core.money import DEFAULT_CURRENCY, money_text
from jouren.imports.fields import FIELDS, Form
from jouren.imports.models import ForeseenPerson, Import
from jouren.imports.presets import PRESETS
from jouren.imports.queries import Group, foreseen_groups
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
class StageCount:
    """How many people would stand on a stage, and why. ``query`` asks for them."""

    stage: str
    why: str
    people: int
    query: str


def stages(run: Import) -> list[StageCount]:
    """How many people would stand where afterwards, and by which rule."""
    return [
        StageCount(_stage(each["stage"]), _why(each["rule"], each["stage"]), each["people"], query_of(group))
        for each, group in zip(run.report.get("stages", []), foreseen_groups(run), strict=True)
    ]


def query_of(group: Group) -> str:
    """How a group is named in a URL."""
    return f"stage={group.stage}&rule={group.rule_id or ''}"


@dataclass(frozen=True)
class Standing:
    """Where somebody would stand, and why. ``email``, ``public_id`` and ``before``: of those who are known already."""

    who: str
    stage: str
    why: str
    consent: str
    email: str = ""
    public_id: str = ""
    before: str = ""


def standings(run: Import, foreseen: Sequence[ForeseenPerson]) -> list[Standing]:
    """Where these people would stand, each with the reason and the consent."""
    rules = {each.get("rule_id"): each["rule"] for each in run.report.get("stages", [])}
    people = _people(each.contact_id for each in foreseen if each.contact_id is not None)
    said, stopped = _said_here(people), _stopped(people)
    emails = dict(
        Identity.objects.filter(contact__in=people, kind="email")
        .order_by(F("verified_at").asc(nulls_first=True), "pk")
        .values_list("contact_id", "value")
    )
    found = []
    for each in foreseen:
        why = _why(rules.get(each.rule_id, ""), each.now)
        if each.at is not None:
            why = _("%(why)s, on %(day)s") % {"why": why, "day": _day(each.at)}
        where, known = (_stage(each.stage), why, _consent(each, said, stopped)), {}
        person = people.get(each.contact_id)
        if person is not None:
            known = {
                "email": emails.get(person.pk, ""),
                "public_id": str(person.public_id),
                "before": _stage(each.now),
            }
        found.append(Standing(each.who if person is None else str(person), *where, **known))
    return found


def _said_here(people: Collection[int | None]) -> dict[int, bool]:
    """Whether these people agree to mail on any topic here; who never said anything is left out."""
    said: dict[int, bool] = {}
    for contact_id, is_granted in Consent.objects.filter(contact__in=people, channel=CHANNEL).values_list(
        "contact_id", "is_granted"
    ):
        said[contact_id] = said.get(contact_id, False) or is_granted
    return said


def _stopped(people: Collection[int | None]) -> dict[int, str]:
    """Why these people get no more mail, or no promotion, whatever they agreed to; the others are left out."""
    stops = Suppression.objects.filter(contact__in=people, channel__in=["", CHANNEL], lifted_at=None)
    stops = stops.order_by("-at", "-pk")
    # Who gets nothing at all is told so, whatever else holds.
    return {
        stop.contact_id: _stop_text(stop) for stop in sorted(stops, key=lambda stop: stop.reason not in LEFT_IN_PEACE)
    }


def _stop_text(stop: Suppression) -> str:
    reason = {"reason": stop.get_reason_display()}
    if stop.reason in LEFT_IN_PEACE:
        return _("Left in peace: %(reason)s") % reason
    return _("Gets no more mail: %(reason)s") % reason


def _consent(foreseen: ForeseenPerson, said_here: Mapping[int, bool], stopped: Mapping[int, str]) -> str:
    """On what consent somebody comes, or what they have said here already."""
    stop, said = stopped.get(foreseen.contact_id or 0), said_here.get(foreseen.contact_id or 0)
    if stop is not None:
        return stop
    if foreseen.agreed_at is not None:
        told = {"day": _day(foreseen.agreed_at), "where": foreseen.agreed_where}
        return _("Agreed on %(day)s: %(where)s") % told if told["where"] else _("Agreed on %(day)s") % told
    if said is None:
        return _("None: gets no marketing mail")
    return _("Agreed here already") if said else _("Has withdrawn it here")


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


def _people(contact_ids: Iterable[int]) -> dict[int | None, Contact]:
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
