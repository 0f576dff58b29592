"""What happened to somebody in a dry run or a preview, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.backoffice.messages.wording import channel_label, why_withheld
from jouren.backoffice.policy.wording import moment_text, two_sentences, why_held
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type
from jouren.journeys.replay.player import step_order
from jouren.journeys.replay.series import items_of
from jouren.journeys.replay.story import in_reading_order
from jouren.journeys.replay.terms import DATED, Happening
from jouren.journeys.steps import describe_step, does_something
from jouren.journeys.steps.sending import message_names
from jouren.journeys.steps.series import SendItem
from jouren.journeys.wording import reason_text

_ICONS = {
    "entered": ("route", "good"),
    "sent": ("mail", "good"),
    "held": ("time", "warn"),
    "stopped": ("no-view", "warn"),
    "did": ("edit", ""),
    "heard": ("history", "good"),
    "left": ("cross", "warn"),
    "finished": ("check", "good"),
}


@dataclass(frozen=True)
class StoryLine:
    """One line of a story."""

    at: datetime
    text: str
    icon: str
    tone: str


def step_texts(compiled: Mapping[str, Any]) -> dict[str, str]:
    """What each step of a compiled journey does, and each message of the series that are played with it; told once, for
    many stories."""
    items = {item.id: item for step_id in compiled["steps"] for item in items_of(compiled, step_id)}
    names = message_names(item.message_version for item in items.values())
    return {
        step_id: _item_text(item, names) if (item := items.get(step_id)) else describe_step(compiled["steps"][step_id])
        for step_id in step_order(compiled)
    }


def _item_text(item: SendItem, names: Mapping[int, str]) -> str:
    name = names.get(item.message_version, "?")
    return _("Number %(number)s of the series: “%(message)s”") % {"number": item.number, "message": name}


def tell_story(happened: Iterable[Happening], compiled: Mapping[str, Any], texts: Mapping[str, str]) -> list[StoryLine]:
    """The lines of what happened, in order. Steps that do something are told by what came of them."""
    lines = []
    for each in in_reading_order(happened):
        if each.what == "step" and does_something(compiled["steps"][each.step]):
            continue
        icon, tone = _ICONS.get(each.what, ("arrow-down", ""))
        lines.append(StoryLine(each.at, _text(each, texts), icon, tone))
    return lines


def _text(each: Happening, texts: Mapping[str, str]) -> str:
    step = texts.get(each.step, "")
    match each.what:
        case "entered":
            return _entered(each)
        case "sent":
            return _("%(step)s: goes out by %(channel)s.") % {"step": step, "channel": channel_label(each.detail)}
        case "held":
            return _("%(step)s: %(why)s") % {"step": step, "why": _held(each)}
        case "stopped":
            return _("%(step)s: %(why)s") % {"step": step, "why": why_withheld(each.detail)[0]}
        case "heard":
            return _("It happens: %(event)s.") % {"event": _event_label(each.detail)}
        case "left" | "finished":
            return reason_text(each.detail or "finished")
    return step


def _entered(each: Happening) -> str:
    text = _("Enters: %(event)s.") % {
        "event": _("a day of theirs has come") if each.detail == DATED else _event_label(each.detail)
    }
    if each.until is None:
        return text
    begins = _("So many people enter this journey an hour that they begin on %(moment)s.")
    return two_sentences(text, begins % {"moment": moment_text(each.until)})


def _held(each: Happening) -> str:
    held = why_held(each.detail, each.until)
    if held is not None:
        return held[0]
    assert each.until is not None
    waits = _("It waits until %(moment)s.") % {"moment": moment_text(each.until)}
    return two_sentences(why_withheld(each.detail)[0], waits)


def day_text(day: int) -> str:
    """The day since entry."""
    return ngettext("Day %(day)s", "Day %(day)s", day) % {"day": day}


def _event_label(name: str) -> str:
    try:
        return str(event_type(name).label)
    except InvalidEvent:
        return name
