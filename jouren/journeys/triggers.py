"""What brings people into a journey: how it is written, and what it compiles to (see ``program.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.journeys.events import event_choices, human_only, property_tests, tests_block
from jouren.journeys.steps.changing import stage_choices

MAX_TRIGGERS = 10
_PURCHASES = [("", _("any purchase")), ("trial", _("a trial")), ("regular", _("at the regular price"))]


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

    stage = blocks.ChoiceBlock(choices=stage_choices, label=_("stage"))

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


def _on(event: str, match: Mapping[str, Any]) -> dict[str, Any]:
    return {"event": event, "match": dict(match)}


_COMPILERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "form": _form,
    "purchase": _purchase,
    "stage": _stage,
    "event": _event,
}


def compile_trigger(kind: str, value: Mapping[str, Any]) -> dict[str, Any] | None:
    """A trigger block as the program has it; None for one that no event pulls. Raises InvalidEvent."""
    return _COMPILERS[kind](value) if kind in _COMPILERS else None
