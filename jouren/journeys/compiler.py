"""From what an author wrote to the JSON that the engine runs.

Everything that could go wrong while people walk the journey is looked for here, at publishing: a message that was never
published, a condition that cannot be asked, a journey that nobody can enter.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from jouren.conditions.errors import ConditionError
from jouren.conditions.tree import validate_tree
from jouren.core.errors import UserError
from jouren.journeys.program import SCHEMA

if TYPE_CHECKING:
    from jouren.journeys.models import Journey

_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
MAX_STEPS = 500
_HUMAN_EVENTS = frozenset({"message.clicked"})


class JourneyProblem(UserError):
    """A journey cannot be published as it stands. ``field`` names the part of the editor to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.messages = [message]


def compile_journey(journey: Journey) -> dict[str, Any]:
    """The journey's compiled JSON (see ``program.py``). Raises JourneyProblem."""
    if journey.zone not in available_timezones():
        raise JourneyProblem("zone", _("“%(zone)s” is not a time zone, such as Asia/Tokyo.") % {"zone": journey.zone})
    steps = _Steps()
    first = steps.add_all(journey.steps, after=None)
    if not steps.compiled:
        raise JourneyProblem("steps", _("The journey has no steps yet."))
    return {
        "schema": SCHEMA,
        "zone": journey.zone,
        "trigger": _trigger(journey),
        "reentry": journey.reentry,
        "entry": _tree(journey.entry, "entry"),
        "goal": _tree(journey.goal, "goal"),
        "exits": [
            {"when": _needed_tree(block.value["when"], "exits"), "reason": block.value["reason"]}
            for block in journey.exits
        ],
        "first": first,
        "steps": steps.compiled,
    }


def fingerprint(compiled: dict[str, Any]) -> str:
    """A hash that is equal for equal programs."""
    text = json.dumps(compiled, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _trigger(journey: Journey) -> dict[str, Any]:
    if not journey.trigger:
        raise JourneyProblem("trigger", _("Say who enters: choose one trigger."))
    block = journey.trigger[0]
    value = block.value
    match block.block_type:
        case "form":
            wanted = {"form": value["form"].pk} if value["form"] else {}
            return {"event": "registration.confirmed", "match": wanted}
        case "purchase":
            wanted = {"kind": value["kind"]} if value["kind"] else {}
            if value["product"]:
                wanted["products"] = value["product"].strip()
            return {"event": "order.paid", "match": wanted}
        case "stage":
            return {"event": "stage.entered", "match": {"to": int(value["stage"])}}
        case _:
            return {"event": value["event"], "match": _human(value["event"])}


def _human(event: str) -> dict[str, Any]:
    # Scanners click every link: only a person's click may move a journey.
    return {"by": "human"} if event in _HUMAN_EVENTS else {}


def _tree(tree: Any, field: str) -> dict[str, Any] | None:
    """A condition that can be asked, or None for none."""
    if tree is None:
        return None
    try:
        validate_tree(tree)
    except ConditionError as error:
        raise JourneyProblem(field, error.in_words) from error
    return dict(tree)


def _needed_tree(tree: Any, field: str) -> dict[str, Any]:
    needed = _tree(tree, field)
    if needed is None:
        raise JourneyProblem(field, _("A condition is missing: add at least one."))
    return needed


class _Steps:
    """Collects compiled steps. Each knows the step after it, wherever in the tree that stands."""

    def __init__(self) -> None:
        self.compiled: dict[str, dict[str, Any]] = {}

    def add_all(self, stream: Any, after: str | None) -> str | None:
        """Compile a list of blocks that is followed by the step ``after``; returns the id of its first step."""
        following = after
        for block in reversed(list(stream)):
            following = self._add(block, following)
        return following

    def _add(self, block: Any, following: str | None) -> str:
        step_id = str(block.id)
        if step_id in self.compiled:
            raise JourneyProblem("steps", _("Two steps have the same identity. Copy the second one again."))
        if len(self.compiled) >= MAX_STEPS:
            raise JourneyProblem("steps", _("A journey can have %(most)s steps at most.") % {"most": MAX_STEPS})
        self.compiled[step_id] = {}  # takes its place before the steps inside it are added
        self.compiled[step_id] = getattr(self, f"_{block.block_type}")(block.value, following)
        return step_id

    def _send(self, value: Any, following: str | None) -> dict[str, Any]:
        version = _version(value["message"])
        return {
            "type": "send",
            "message_version": version.pk,
            "message": value["message"].pk,
            "channel": "email",
            "next": following,
        }

    def _wait(self, value: Any, following: str | None) -> dict[str, Any]:
        return {"type": "wait", "seconds": _seconds(value), "next": following}

    def _wait_until(self, value: Any, following: str | None) -> dict[str, Any]:
        return {
            "type": "wait_until",
            "day": value["day"],
            "at": value["at"].strftime("%H:%M"),
            "business": bool(value["business"]),
            "next": following,
        }

    def _wait_event(self, value: Any, following: str | None) -> dict[str, Any]:
        wanted = _human(value["event"])
        if value["message"]:
            wanted["message"] = value["message"].pk
        return {
            "type": "wait_event",
            "event": value["event"],
            "match": wanted,
            "seconds": _seconds(value),
            "then": self.add_all(value["then"], following),
            "else": self.add_all(value["otherwise"], following),
        }

    def _branch(self, value: Any, following: str | None) -> dict[str, Any]:
        return {
            "type": "branch",
            "when": _needed_tree(value["when"], "steps"),
            "then": self.add_all(value["then"], following),
            "else": self.add_all(value["otherwise"], following),
        }

    def _stage(self, value: Any, following: str | None) -> dict[str, Any]:
        return {"type": "stage", "stage": int(value["stage"]), "reason": value["reason"], "next": following}

    def _suppress(self, value: Any, following: str | None) -> dict[str, Any]:
        return {
            "type": "suppress",
            "channel": value["channel"] or "",
            "reason": value["reason"] or "",
            "next": following,
        }

    def _exit(self, value: Any, following: str | None) -> dict[str, Any]:
        return {"type": "exit", "reason": value["reason"] or ""}


def _seconds(value: Any) -> int:
    return int(value["amount"]) * _SECONDS[value["unit"]]


def _version(message: Any) -> Any:
    if message is None:
        raise JourneyProblem("steps", _("A send step has no message. Choose one."))
    version = message.versions.first()
    if version is None or not message.live:
        raise JourneyProblem("steps", _("The message “%(name)s” is not published yet.") % {"name": message})
    return version
