"""What counts as a success of a journey: how it is written, compiled and told.

Compiled: ``{"event": "order.paid", "match": {"kind": …}, "where": [TEST]}``, or None for the default, a person's click
on one of the journey's own messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.journeys.events import event_choices, property_tests, tests_block
from jouren.journeys.triggers import FormTriggerBlock, PurchaseTriggerBlock, StageTriggerBlock, compile_trigger

DEFAULT_DAYS = 30
MAX_DAYS = 365
PURCHASE: Mapping[str, Any] = {"event": "order.paid", "match": {}, "where": []}
"""Any purchase: what is compared where nobody who gets no message could reach the goal."""

# Whoever gets no message of a journey cannot click in it; and what is done to people is nothing that they do.
_NOT_OFFERED = ("message.", "journey.", "contact.", "contacts.")


def _offered() -> list[tuple[str, Any]]:
    return [(name, label) for name, label in event_choices() if not name.startswith(_NOT_OFFERED)]


class ClickBlock(blocks.StaticBlock):
    """A click on one of its messages."""

    class Meta:
        icon = "link"
        label = _("A click in one of its messages")
        admin_text = _("Counts when a person clicks a link in one of this journey's messages. Machines do not count.")


class PurchaseGoalBlock(PurchaseTriggerBlock):
    """A purchase of some kind."""

    product = blocks.CharBlock(
        required=False, max_length=100, label=_("product"), help_text=_("Empty: whatever they buy.")
    )
    amount = blocks.IntegerBlock(
        required=False, min_value=1, label=_("for at least (yen)"), help_text=_("Empty: any amount.")
    )

    class Meta:
        icon = "tag"
        label = _("Purchase")


class EventGoalBlock(blocks.StructBlock):
    """Anything else that happens to people."""

    event = blocks.ChoiceBlock(choices=_offered, label=_("event"))
    where = tests_block()

    class Meta:
        icon = "history"
        label = _("Another event")


class ConversionsBlock(blocks.StreamBlock):
    """What counts as a success; one of these."""

    click = ClickBlock()
    purchase = PurchaseGoalBlock()
    stage = StageTriggerBlock()
    form = FormTriggerBlock()
    event = EventGoalBlock()


def _purchase(value: Mapping[str, Any]) -> dict[str, Any]:
    goal = _like_trigger("purchase", value)
    if value.get("amount"):
        goal["where"] = [
            {"field": "currency", "op": "eq", "value": "JPY"},
            {"field": "amount", "op": "gte", "value": value["amount"]},
        ]
    return goal


def _event(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"event": value["event"], "match": {}, "where": property_tests(value["event"], value.get("where"))}


def _like_trigger(kind: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"where": [], **(compile_trigger(kind, value) or {})}


_COMPILERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "purchase": _purchase,
    "stage": lambda value: _like_trigger("stage", value),
    "form": lambda value: _like_trigger("form", value),
    "event": _event,
}


def compile_conversion(stream: Any) -> dict[str, Any] | None:
    """What an author chose, as a version has it; None for the default. Raises InvalidEvent in an author's words."""
    for block in stream or ():
        if block.block_type in _COMPILERS:
            return _COMPILERS[block.block_type](block.value)
    return None


def conversion_of(compiled: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What counts as a success of a compiled journey of any age; None: a click."""
    goal: Mapping[str, Any] | None = compiled.get("conversion")
    return goal


def conversion_days(compiled: Mapping[str, Any]) -> int:
    """For how many days after entering, or after a message, a success counts."""
    return int(compiled.get("conversion_days") or DEFAULT_DAYS)


def describe_conversion(goal: Mapping[str, Any] | None) -> str:
    """What counts, in a few words."""
    from jouren.journeys.wording import describe_trigger

    if goal is None:
        return gettext("a click in one of its messages")
    return describe_trigger(goal)
