"""Journeys in words: what a step does, what brings people in, why somebody left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jouren.conditions.wording import describe
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type
from jouren.journeys.decide import GOAL_REACHED
from jouren.journeys.program import ChangeStage, Send, Suppress
from jouren.messaging.models import MessageVersion
from jouren.orders.models import OrderKind
from jouren.pyramid.stages import Stage

_CHANNELS = {"email": gettext_lazy("mail"), "line": "LINE"}
_REASONS = {
    GOAL_REACHED: lambda: _("The goal is reached."),
    "finished": lambda: _("The end of the journey."),
    "exit": lambda: _("Left the journey."),
    "erased": lambda: _("The person was erased."),
    "merged": lambda: _("Merged with another person."),
}


def describe_trigger(compiled: Mapping[str, Any]) -> str:
    """What brings people in."""
    trigger = compiled["trigger"]
    wanted = trigger["match"]
    if trigger["event"] == "stage.entered":
        return _("Enters the stage “%(stage)s”") % {"stage": Stage(wanted["to"]).label}
    details = [_detail(name, value) for name, value in wanted.items() if name in {"kind", "products"}]
    label = _event_label(trigger["event"])
    return f"{label} ({', '.join(details)})" if details else label


def _detail(name: str, value: str) -> str:
    return str(OrderKind(value).label) if name == "kind" else value


def describe_step(step: Mapping[str, Any]) -> str:
    """What a compiled step does, in a line."""
    match step["type"]:
        case "send":
            return _("Send “%(message)s”") % {"message": _message_name(step["message_version"])}
        case "wait":
            return _("Wait %(time)s") % {"time": duration_text(step["seconds"])}
        case "wait_until":
            text = (
                _("Wait until day %(day)s at %(at)s")
                if not step["business"]
                else _("Wait until day %(day)s at %(at)s, or the next business day")
            )
            return text % {"day": step["day"], "at": step["at"]}
        case "wait_event":
            return _("Wait for “%(event)s”, at most %(time)s") % {
                "event": _event_label(step["event"]),
                "time": duration_text(step["seconds"]),
            }
        case "branch":
            return _("If %(condition)s") % {"condition": describe(step["when"])}
        case "stage":
            return _("Put on the stage “%(stage)s”") % {"stage": Stage(step["stage"]).label}
        case "suppress":
            return _suppress_text(step["channel"])
        case _:
            return _("Leave the journey")


def describe_effect(effect: Send | ChangeStage | Suppress) -> str:
    """What a step did to a person."""
    if isinstance(effect, Send):
        return _("Gets “%(message)s”") % {"message": _message_name(effect.message_version)}
    if isinstance(effect, ChangeStage):
        return _("Is put on the stage “%(stage)s”") % {"stage": Stage(effect.stage).label}
    return _suppress_text(effect.channel)


def reason_text(reason: str) -> str:
    """Why somebody left, as people read it: our own reasons translated, an author's as written."""
    known = _REASONS.get(reason)
    return known() if known else reason


def duration_text(seconds: int) -> str:
    """A duration in its largest whole unit."""
    if seconds % 86_400 == 0:
        days = seconds // 86_400
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    if seconds % 3_600 == 0:
        hours = seconds // 3_600
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    minutes = seconds // 60
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


def _suppress_text(channel: str) -> str:
    if not channel:
        return _("Gets no more unneeded messages")
    return _("Gets no more unneeded messages by %(channel)s") % {"channel": _CHANNELS.get(channel, channel)}


def _message_name(version_id: int) -> str:
    version = MessageVersion.objects.filter(pk=version_id).first()
    return version.name if version else "?"


def _event_label(name: str) -> str:
    try:
        return str(event_type(name).label)
    except InvalidEvent:
        return name
