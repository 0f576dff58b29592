"""What an edit does to people, as lines of a screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.contacts.models import Contact
from jouren.journeys.change_wording import ChangeText, change_texts
from jouren.journeys.impact import Impact
from jouren.journeys.models import EnrolmentState, JourneyVersion
from jouren.journeys.shape import Compiled
from jouren.journeys.steps import describe_step
from jouren.journeys.wording import reason_text

_ICONS = {"added": "plus", "removed": "bin", "changed": "edit", "moved": "order", "rule": "cog"}


@dataclass(frozen=True)
class ImpactLine:
    """One thing that would happen. ``first``: the first of the people to whom it would."""

    icon: str
    tone: str
    text: str
    first: Sequence[Contact] = ()


@dataclass(frozen=True)
class ChangeLine:
    """One change, with the people who stand there now (None where nobody can)."""

    text: ChangeText
    label: str
    icon: str
    people: int | None


@dataclass(frozen=True)
class Told:
    """What an edit changes and does, in words."""

    changes: list[ChangeLine] = field(default_factory=list)
    lines: list[ImpactLine] = field(default_factory=list)
    people: int = 0
    sent_at_once: str = ""


def tell_changes(impact: Impact, old: Compiled, new: Compiled) -> list[ChangeLine]:
    """The changes of one version against another."""
    labels = {
        "added": _("added"),
        "removed": _("removed"),
        "changed": _("changed"),
        "moved": _("moved"),
        "rule": _("rule changed"),
    }
    return [
        ChangeLine(text, labels[text.kind], _ICONS[text.kind], _here(impact, text))
        for text in change_texts(impact.changes, old, new)
    ]


def _here(impact: Impact, text: ChangeText) -> int | None:
    return None if text.kind in {"rule", "added"} else impact.standing[text.step]


def tell_impact(
    impact: Impact, origins: Iterable[JourneyVersion], new: Compiled, *, shows_people: bool = False
) -> list[ImpactLine]:
    """What would happen to people. ``shows_people``: with the names of the first ones."""
    steps: dict[str, Mapping[str, Any]] = {}
    for version in origins:
        steps |= version.compiled["steps"]
    steps |= new["steps"]
    names = _people(impact) if shows_people else {}
    lines = [
        ImpactLine(
            "mail",
            "warn",
            _("At once, to %(people)s: %(step)s")
            % {"people": people_text(impact, sending.people), "step": describe_step(steps[sending.step])},
            [names[contact_id] for contact_id in sending.first if contact_id in names],
        )
        for sending in sorted(impact.sendings.values(), key=lambda sending: -sending.people)
    ]
    lines += [
        ImpactLine(
            "time",
            "",
            _("For %(people)s it is over already: %(step)s")
            % {"people": people_text(impact, people), "step": describe_step(steps[step])},
        )
        for step, people in impact.over.items()
    ]
    lines += [_missing_line(missing.step, missing.people, missing.is_new, steps) for missing in impact.missing]
    return lines + [_end_line(impact, state, reason, people) for (state, reason), people in impact.ends.items()]


def _missing_line(step: str, people: int, is_new: bool, steps: Mapping[str, Mapping[str, Any]]) -> ImpactLine:
    text = (
        _("Already behind %(people)s, who do not get it any more: %(step)s")
        if is_new
        else _("Lay ahead of %(people)s, who do not get it any more: %(step)s")
    )
    return ImpactLine("no-view", "", text % {"people": _count(people), "step": describe_step(steps[step])})


def _end_line(impact: Impact, state: int, reason: str, people: float) -> ImpactLine:
    if state == EnrolmentState.FINISHED:
        text = _("At once, the journey ends for %(people)s.")
        return ImpactLine("check", "", text % {"people": people_text(impact, people)})
    text = _("At once, the journey ends early for %(people)s: %(reason)s")
    return ImpactLine("logout", "", text % {"people": people_text(impact, people), "reason": reason_text(reason)})


def people_text(impact: Impact, people: float) -> str:
    """A number of people, with “about” where it is not exact."""
    text = _count(round(people))
    return _("about %(people)s") % {"people": text} if impact.is_about else text


def _count(people: int) -> str:
    return ngettext("%(number)s person", "%(number)s people", people) % {"number": grouped(people)}


def _people(impact: Impact) -> dict[int, Contact]:
    ids = {contact_id for sending in impact.sendings.values() for contact_id in sending.first}
    return Contact.objects.filter(erased_at=None).in_bulk(ids)
