"""Journeys in words: what brings people in, why somebody left. What a step does, it says itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jouren.contacts.segments.queries import segment_choices
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type
from jouren.journeys.crossing import BEEN_THERE, GOING_ROUND, NOT_ADMITTED, NOT_PUBLISHED, TAKEN_OUT, TURNED_AWAY
from jouren.journeys.dates import dated_facts
from jouren.journeys.decide import GOAL_REACHED
from jouren.journeys.versions import dates_of, triggers_of
from jouren.orders.models import OrderKind
from jouren.pyramid.stages import Stage

PROPERTY_SIGNS = {"eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "contains": "∋"}
_SEGMENT_MOVES = {
    "segment.entered": gettext_lazy("Comes into the segment “%(segment)s”"),
    "segment.left": gettext_lazy("Leaves the segment “%(segment)s”"),
}
_REASONS = {
    GOAL_REACHED: lambda: _("The goal is reached."),
    "finished": lambda: _("The end of the journey."),
    "exit": lambda: _("Left the journey."),
    "erased": lambda: _("The person was erased."),
    "merged": lambda: _("Merged with another person."),
    TAKEN_OUT: lambda: _("Taken out by another journey."),
    NOT_PUBLISHED: lambda: _("That journey is not published."),
    NOT_ADMITTED: lambda: _("Its condition for entering does not hold."),
    BEEN_THERE: lambda: _("They are in it, or were and may not enter again."),
    TURNED_AWAY: lambda: _("That journey is paused, and turns people away."),
    GOING_ROUND: lambda: _("The journeys start each other in a circle."),
}


def describe_triggers(compiled: Mapping[str, Any]) -> str:
    """What brings people in."""
    told = [describe_trigger(trigger) for trigger in triggers_of(compiled)] + list(
        map(_describe_date, dates_of(compiled))
    )
    return " / ".join(told) or _("Put in by hand, by import or by another journey")


def describe_trigger(trigger: Mapping[str, Any]) -> str:
    """An event with what is asked of it."""
    wanted = trigger["match"]
    if trigger["event"] == "stage.entered":
        return _("Enters the stage “%(stage)s”") % {"stage": Stage(wanted["to"]).label}
    if trigger["event"] in _SEGMENT_MOVES and "segment" in wanted:
        names = dict(segment_choices())
        return str(_SEGMENT_MOVES[trigger["event"]]) % {"segment": names.get(wanted["segment"], wanted["segment"])}
    details = [_detail(name, value) for name, value in wanted.items() if name in {"kind", "products", "offer", "video"}]
    details += [f"{test['field']} {PROPERTY_SIGNS[test['op']]} {test['value']}" for test in trigger.get("where", ())]
    label = _event_label(trigger["event"])
    if (times := trigger.get("times", 1)) > 1:
        label = ngettext("%(event)s, %(times)s time", "%(event)s, %(times)s times", times) % {
            "event": label,
            "times": times,
        }
        if days := trigger.get("within_days"):
            details.append(ngettext("within %(days)s day", "within %(days)s days", days) % {"days": days})
    return f"{label} ({', '.join(details)})" if details else label


def _describe_date(raw: Mapping[str, Any]) -> str:
    if "event" in raw:
        date = describe_trigger(raw)
    else:
        label = str(dict(dated_facts()).get(raw["fact"], raw["fact"]))
        date = ", ".join([label, *map(str, raw["args"].values())])
    offset = raw["offset"]
    details = {"date": date, "days": abs(offset), "at": raw["at"]}
    if offset > 0:
        text = ngettext("%(days)s day after “%(date)s”, at %(at)s", "%(days)s days after “%(date)s”, at %(at)s", offset)
    elif offset < 0:
        text = ngettext(
            "%(days)s day before “%(date)s”, at %(at)s", "%(days)s days before “%(date)s”, at %(at)s", -offset
        )
    else:
        text = _("On “%(date)s”, at %(at)s")
    return (_("%(when)s, every year") % {"when": text % details}) if raw.get("yearly") else text % details


def _detail(name: str, value: str) -> str:
    return str(OrderKind(value).label) if name == "kind" else value


def reason_text(reason: str) -> str:
    """Why somebody left, as people read it: our own reasons translated, an author's as written."""
    known = _REASONS.get(reason)
    return known() if known else reason


def _event_label(name: str) -> str:
    try:
        return str(event_type(name).label)
    except InvalidEvent:
        return name
