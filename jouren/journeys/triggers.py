"""What brings people into a journey: how it is written, and what it compiles to (see ``program.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.contacts.segments.queries import segment_choices
from jouren.events.errors import InvalidEvent
from jouren.journeys.dates import dated_fact, dated_facts
from jouren.journeys.events import event_choices, human_only, property_tests, tests_block
from jouren.journeys.steps.changing import STAGE_WORDS, stage_choices

MAX_TRIGGERS = 10
_MOVES = [("entered", _("comes in")), ("left", _("leaves"))]
_INTENTS = [
    ("cart.left", _("left a cart without buying")),
    ("offer.viewed", _("looked at an offer")),
    ("video.played", _("watched a video")),
]
_ABOUT = {"cart.left": "products", "offer.viewed": "offer", "video.played": "video"}
_PURCHASES = [("", _("any purchase")), ("trial", _("a trial")), ("regular", _("at the regular price"))]


def _segments() -> list[tuple[str, str]]:
    return [(str(segment_id), name) for segment_id, name in segment_choices()]


class FormTriggerBlock(blocks.StructBlock):
    """Who confirms a registration."""

    form = SnippetChooserBlock("capture.Form", required=False, label=_("form"), help_text=_("Empty: any form."))

    class Meta:
        icon = "form"
        label = _("Registration confirmed")


class PurchaseTriggerBlock(blocks.StructBlock):
    """Who buys."""

    kind = blocks.ChoiceBlock(choices=_PURCHASES, required=False, label=_("what kind"))
    product = blocks.CharBlock(required=False, max_length=100, label=_("product"), help_text=_("Empty: any product."))

    class Meta:
        icon = "tag"
        label = _("Purchase")


class StageTriggerBlock(blocks.StructBlock):
    """Who enters a stage of the pyramid."""

    stage = blocks.ChoiceBlock(choices=stage_choices, words=STAGE_WORDS, label=_("stage"))

    class Meta:
        icon = "arrow-up"
        label = _("Stage entered")


class EventTriggerBlock(blocks.StructBlock):
    """To whom anything else happens, once or several times."""

    event = blocks.ChoiceBlock(choices=event_choices, label=_("event"))
    where = tests_block()
    times = blocks.IntegerBlock(
        min_value=1,
        max_value=100,
        default=1,
        label=_("how many times"),
        help_text=_("2: when it happens for the second time."),
    )
    within_days = blocks.IntegerBlock(
        min_value=1, max_value=365, required=False, label=_("within days"), help_text=_("Empty: at any time.")
    )

    class Meta:
        icon = "history"
        label = _("Another event")


class SegmentTriggerBlock(blocks.StructBlock):
    """Who comes into a segment, or leaves one."""

    segment = blocks.ChoiceBlock(choices=_segments, refers_to="contacts.Segment", label=_("segment"))
    way = blocks.ChoiceBlock(choices=_MOVES, default="entered", label=_("when somebody"))

    class Meta:
        icon = "group"
        label = _("Segment entered or left")


class DateTriggerBlock(blocks.StructBlock):
    """Whose day it is: a birthday, a while after they came or bought."""

    fact = blocks.ChoiceBlock(choices=dated_facts, label=_("which date"))
    argument = blocks.CharBlock(
        required=False,
        max_length=100,
        label=_("which attribute"),
        help_text=_("Only for “Attribute”: its key, such as birthday."),
    )
    offset = blocks.IntegerBlock(
        default=0,
        min_value=-365,
        max_value=1000,
        label=_("days after it"),
        help_text=_("7 is a week after the date, -3 is three days before it."),
    )
    at = blocks.TimeBlock(default="09:00", label=_("at"))
    yearly = blocks.BooleanBlock(required=False, label=_("every year again, as a birthday"))

    class Meta:
        icon = "date"
        label = _("A date of theirs")


class AfterEventTriggerBlock(blocks.StructBlock):
    """To whom something happened so many days ago."""

    event = blocks.ChoiceBlock(choices=event_choices, label=_("event"))
    where = tests_block()
    offset = blocks.IntegerBlock(min_value=1, max_value=1000, default=7, label=_("days after it"))
    at = blocks.TimeBlock(default="09:00", label=_("at"))

    class Meta:
        icon = "date"
        label = _("Days after an event")


class IntentTriggerBlock(blocks.StructBlock):
    """Who is about to buy."""

    event = blocks.ChoiceBlock(
        choices=_INTENTS,
        label=_("what they did"),
        help_text=_("Your shop or page tells of it at /api/events: as cart.left, offer.viewed or video.played."),
    )
    about = blocks.CharBlock(
        required=False,
        max_length=200,
        label=_("of which product, offer or video"),
        help_text=_("As your shop names it. Empty: any."),
    )
    times = blocks.IntegerBlock(
        min_value=1,
        max_value=100,
        default=1,
        label=_("how many times"),
        help_text=_("2 for an offer: who came back to it is thinking about it."),
    )
    within_days = blocks.IntegerBlock(
        min_value=1, max_value=365, required=False, label=_("within days"), help_text=_("Empty: at any time.")
    )

    class Meta:
        icon = "view"
        label = _("About to buy")


class HandTriggerBlock(blocks.StaticBlock):
    """Nobody by themselves: people are put in by hand, by an import or by another journey."""

    class Meta:
        icon = "user"
        label = _("By hand, by import or from another journey only")
        admin_text = _("Nobody enters by themselves. You put people in, or another journey does.")


class TriggersBlock(blocks.StreamBlock):
    """What makes a person enter; any one of these does."""

    form = FormTriggerBlock()
    purchase = PurchaseTriggerBlock()
    stage = StageTriggerBlock()
    segment = SegmentTriggerBlock()
    date = DateTriggerBlock()
    after_event = AfterEventTriggerBlock()
    intent = IntentTriggerBlock()
    event = EventTriggerBlock()
    by_hand = HandTriggerBlock()


def _form(value: Mapping[str, Any]) -> dict[str, Any]:
    return _on("registration.confirmed", {"form": value["form"].pk} if value["form"] else {})


def _purchase(value: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {"kind": value["kind"]} if value["kind"] else {}
    if value["product"]:
        wanted["products"] = value["product"].strip()
    return _on("order.paid", wanted)


def _stage(value: Mapping[str, Any]) -> dict[str, Any]:
    return _on("stage.entered", {"to": int(value["stage"])})


def _event(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_on(value["event"], human_only(value["event"])),
        "where": property_tests(value["event"], value.get("where")),
        "times": value.get("times") or 1,
        "within_days": value.get("within_days"),
    }


def _segment(value: Mapping[str, Any]) -> dict[str, Any]:
    way = value["way"] if value["way"] in dict(_MOVES) else "entered"
    segment_id = int(value["segment"])
    if segment_id not in dict(segment_choices()):
        raise InvalidEvent(gettext("The segment is gone. Choose another one."))
    return _on(f"segment.{way}", {"segment": segment_id})


def _date(value: Mapping[str, Any]) -> dict[str, Any]:
    use = dated_fact(value["fact"], value["argument"])
    return {
        "fact": use.name,
        "args": {name: given for name, given in use.arguments if given is not None},
        "offset": value["offset"],
        "at": value["at"].strftime("%H:%M"),
        "yearly": bool(value["yearly"]),
    }


def _after_event(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **_on(value["event"], human_only(value["event"])),
        "where": property_tests(value["event"], value.get("where")),
        "offset": value["offset"],
        "at": value["at"].strftime("%H:%M"),
    }


def _intent(value: Mapping[str, Any]) -> dict[str, Any]:
    event, about = value["event"], (value.get("about") or "").strip()
    match = {_ABOUT[event]: about} if about else {}
    return {**_on(event, match), "times": value.get("times") or 1, "within_days": value.get("within_days")}


def _on(event: str, match: Mapping[str, Any]) -> dict[str, Any]:
    return {"event": event, "match": dict(match)}


_COMPILERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "form": _form,
    "purchase": _purchase,
    "stage": _stage,
    "segment": _segment,
    "date": _date,
    "after_event": _after_event,
    "intent": _intent,
    "event": _event,
}


def compile_trigger(kind: str, value: Mapping[str, Any]) -> dict[str, Any] | None:
    """A trigger block as the program has it; None for one that no event pulls. Raises InvalidEvent."""
    return _COMPILERS[kind](value) if kind in _COMPILERS else None
