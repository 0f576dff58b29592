"""From what an author wrote to the JSON that the engine runs.

Everything that could go wrong while people walk the journey is looked for here, at publishing: a message that was never
published, a condition that cannot be asked, a journey that nobody can enter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.conditions.errors import ConditionError
from jouren.conditions.tree import validate_tree
from jouren.core.errors import UserError
from jouren.core.wording import listed
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type
from jouren.journeys.conversions import compile_conversion
from jouren.journeys.events import human_only, property_tests
from jouren.journeys.program import SCHEMA
from jouren.journeys.steps import step_kind
from jouren.journeys.triggers import compile_trigger

if TYPE_CHECKING:
    from jouren.journeys.models import Journey

MAX_STEPS = 500
ORDER = "order"
"""The property by which events name their order."""


class JourneyProblem(UserError):
    """A journey cannot be published as it stands. ``field`` names the part of the editor to mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.messages = [message]


def compile_journey(journey: Journey) -> dict[str, Any]:
    """The journey's compiled JSON (see ``program.py``). Raises JourneyProblem."""
    compiled, drafts = compile_with_drafts(journey)
    if drafts:
        raise JourneyProblem("steps", unpublished_text(drafts))
    return compiled


def unpublished_text(names: list[str]) -> str:
    """That these messages are not published."""
    text = ngettext(
        "The message %(names)s is not published yet.", "The messages %(names)s are not published yet.", len(names)
    )
    return text % {"names": listed(_("“%(name)s”") % {"name": name} for name in names)}


def compile_with_drafts(journey: Journey) -> tuple[dict[str, Any], list[str]]:
    """To be looked at while it is written: the compiled JSON, and the names of the messages that are still drafts.

    A step that sends a draft has the message's id, below zero, in place of its version's. Raises JourneyProblem.
    """
    if journey.zone not in available_timezones():
        raise JourneyProblem("zone", _("“%(zone)s” is not a time zone, such as Asia/Tokyo.") % {"zone": journey.zone})
    ways_in = _ways_in(journey)
    key = _key(journey, ways_in)
    dates = [way for way in ways_in if "offset" in way]
    endings = [_ending(block.value, key) for block in journey.exits if block.block_type == "event"]
    steps = _Steps(key, journey.pk)
    first = steps.add_all(journey.steps, after=None)
    if not steps.compiled:
        raise JourneyProblem("steps", _("The journey has no steps yet."))
    if steps.naming_order:
        key = _order_of(key, ways_in, steps.naming_order[0])
    compiled = {
        "schema": SCHEMA,
        "zone": journey.zone,
        "triggers": [way for way in ways_in if "offset" not in way],
        **({"dates": dates} if dates else {}),
        "reentry": journey.reentry,
        "reentry_days": journey.reentry_days or 0,
        "key": key,
        "entry": _tree(journey.entry, "entry"),
        "goal": _tree(journey.goal, "goal"),
        "exits": [
            {"when": _needed_tree(block.value["when"], "exits"), "reason": block.value["reason"]}
            for block in journey.exits
            if block.block_type == "exit"
        ],
        **({"endings": endings} if endings else {}),
        "entries_per_hour": journey.entries_per_hour,
        "holdout": journey.holdout,
        "conversion": _conversion(journey),
        "conversion_days": journey.conversion_days,
        "precedence": journey.precedence,
        "first": first,
        "steps": steps.compiled,
    }
    return compiled, list(reversed(steps.drafts.values()))


def _key(journey: Journey, ways_in: list[dict[str, Any]]) -> str:
    """The property by which walks are told apart. Raises JourneyProblem when a trigger does not have it."""
    if journey.reentry != "keyed":
        return ""
    key = journey.key.strip()
    if not key:
        raise JourneyProblem("key", _("Say which property tells the walks apart, such as order."))
    for trigger in ways_in:
        if "event" not in trigger:
            raise JourneyProblem(
                "key", _("Walks that begin on a date are not about anything that could tell them apart.")
            )
        kind = event_type(trigger["event"])
        if key not in kind.fields:
            raise JourneyProblem(
                "key",
                _("“%(event)s” has no property “%(field)s”. It has: %(known)s.")
                % {"event": kind.label, "field": key, "known": ", ".join(kind.fields)},
            )
    return key


def _order_of(key: str, ways_in: list[dict[str, Any]], message: str) -> str:
    """The property by which walks know the order that ``message`` names: also of those that are walked only once.

    Raises JourneyProblem where somebody may walk the journey without one.
    """
    if key == ORDER:
        return ORDER
    kinds = [event_type(way["event"]) if "event" in way else None for way in ways_in]
    if not key and kinds and all(kind and ORDER in kind.fields and ORDER not in kind.optional for kind in kinds):
        return ORDER
    raise JourneyProblem(
        "steps",
        _(
            "The message “%(name)s” names an order, and whoever walks this journey may have none. Let an event of an"
            " order, such as a purchase, be the only way in, or have the journey walked once for each order."
        )
        % {"name": message},
    )


def _ways_in(journey: Journey) -> list[dict[str, Any]]:
    """What brings people in: events, and, with an ``offset``, dates."""
    if not journey.trigger:
        raise JourneyProblem("trigger", _("Say who enters: choose one trigger."))
    triggers = []
    for block in journey.trigger:
        try:
            trigger = compile_trigger(block.block_type, block.value)
        except UserError as error:
            raise JourneyProblem("trigger", str(error)) from error
        if trigger is not None:
            triggers.append(trigger)
    return triggers


def _conversion(journey: Journey) -> dict[str, Any] | None:
    try:
        return compile_conversion(journey.conversion)
    except UserError as error:
        raise JourneyProblem("conversion", str(error)) from error


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


def _ending(value: Any, key: str) -> dict[str, Any]:
    """An event that ends walks."""
    event = value["event"]
    try:
        where = property_tests(event, value["where"])
        keyed = _key_for(event, key) if value["keyed"] else ""
    except InvalidEvent as error:
        raise JourneyProblem("exits", str(error)) from error
    return {"event": event, "match": human_only(event), "where": where, "keyed": keyed, "reason": value["reason"]}


def _key_for(event: str, key: str) -> str:
    """The property by which walks are told apart, if events of that type have it. Raises InvalidEvent."""
    if not key:
        raise InvalidEvent(
            _("“Only what this walk is about” needs a journey that is walked once for each of something.")
        )
    if key not in event_type(event).fields:
        raise InvalidEvent(
            _("“%(event)s” has no property “%(field)s”, so it cannot be told what it is about.")
            % {"event": event_type(event).label, "field": key}
        )
    return key


class _Steps:
    """Collects compiled steps. Each knows the step after it, wherever in the tree that stands."""

    def __init__(self, key: str, journey_id: int | None) -> None:
        self.compiled: dict[str, dict[str, Any]] = {}
        self.journey_id = journey_id
        self.naming_order: list[str] = []
        """The messages that name an order."""
        self.drafts: dict[int, str] = {}
        """The messages that are not published: id and name, by where each is sent first, the last one first."""
        self._key = key

    def add_all(self, stream: Any, after: str | None) -> str | None:
        """Compile a list of blocks that is followed by the step ``after``; returns the id of its first step."""
        following = after
        for block in reversed(list(stream)):
            following = self._add(block, following)
        return following

    def _add(self, block: Any, following: str | None) -> str:
        step_id = str(block.id)
        if step_id in self.compiled:
            raise self.refuse(_("Two steps have the same identity. Copy the second one again."))
        if len(self.compiled) >= MAX_STEPS:
            raise self.refuse(_("A journey can have %(most)s steps at most.") % {"most": MAX_STEPS})
        self.compiled[step_id] = {}  # takes its place before the steps inside it are added
        kind = step_kind(block.block_type)
        self.compiled[step_id] = {"type": kind.name, "next": following} | kind.compile(block.value, following, self)
        return step_id

    def tree(self, tree: Any) -> dict[str, Any]:
        """A condition that a step needs."""
        return _needed_tree(tree, "steps")

    def message(self, message: Any) -> dict[str, Any]:
        """The published version of a message."""
        if message is None:
            raise self.refuse(_("A send step has no message. Choose one."))
        version = message.published_versions.first() if message.live else None
        if version is None:
            self.drafts.pop(message.pk, None)
            self.drafts[message.pk] = str(message)
            return {"message_version": -message.pk, "message": message.pk}
        compiled = {"message_version": version.pk, "message": message.pk}
        if not version.names_order:
            return compiled
        self.naming_order.append(version.name)
        return {**compiled, "names_order": True}

    def key_for(self, event: str) -> str:
        """The property by which walks of this journey are told apart, if events of that type have it."""
        try:
            return _key_for(event, self._key)
        except InvalidEvent as error:
            raise self.refuse(str(error)) from error

    @staticmethod
    def refuse(message: str) -> JourneyProblem:
        """What is wrong with the steps."""
        return JourneyProblem("steps", message)
