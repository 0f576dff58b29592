"""Steps that write down what a shop wants to know of a person, or strike it out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.contacts.actions import defined_attribute, read_attribute
from jouren.contacts.errors import BadAttribute
from jouren.contacts.models import AttributeDefinition, AttributeType
from jouren.journeys.program import Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind

_TODAY = frozenset({"today", "今日"})


def attribute_choices() -> list[tuple[str, Any]]:
    """The attributes that the shop has defined."""
    return list(AttributeDefinition.objects.order_by("label", "key").values_list("key", "label"))


@dataclass(frozen=True, slots=True)
class SetAttribute(Step):
    """Give the person's attribute a value; None takes it away. ``is_today``: the day on which they come here."""

    key: str
    value: str | int | float | bool | None
    is_today: bool
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)

    def value_at(self, now: datetime, zone: ZoneInfo) -> str | int | float | bool | None:
        """The value that somebody gets at a moment; dates are ``YYYY-MM-DD``."""
        return now.astimezone(zone).date().isoformat() if self.is_today else self.value


class SetAttributeKind(StepKind):
    """``set_attribute`` [attribute, value | null, today]. Without a value the attribute is cleared."""

    name = "set_attribute"
    effect: type[Step] | None = SetAttribute

    def block(self, inner: Inner) -> blocks.Block:
        return SetAttributeBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        definition, text = _definition(value, compiler), value["value"]
        folded = unicodedata.normalize("NFKC", text).strip().lower()
        if definition.type == AttributeType.DATE and folded in _TODAY:
            return {"attribute": definition.key, "value": None, "today": True}
        try:
            return {"attribute": definition.key, "value": read_attribute(definition, text), "today": False}
        except BadAttribute as error:
            raise compiler.refuse(str(error)) from error

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return SetAttribute(step_id, raw["attribute"], raw["value"], raw["today"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return _describe(raw["attribute"], raw["value"], raw["today"])

    def effect_text(self, step: SetAttribute) -> str:
        return _describe(step.key, step.value, step.is_today)


class ClearAttributeKind(SetAttributeKind):
    """The block that clears an attribute; compiled to a ``set_attribute`` without a value."""

    name = "clear_attribute"
    effect = None  # what is compiled is a ``set_attribute``

    def block(self, inner: Inner) -> blocks.Block:
        return ClearAttributeBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        definition = _definition(value, compiler)
        return {"type": "set_attribute", "attribute": definition.key, "value": None, "today": False}


class SetAttributeBlock(blocks.StructBlock):
    """Write down an attribute."""

    attribute = blocks.ChoiceBlock(choices=attribute_choices, label=_("which attribute"))
    value = blocks.CharBlock(
        max_length=500,
        label=_("value"),
        help_text=_("A date like 2026-11-22, or “today” for the day on which they come here. Yes or no is written so."),
    )

    class Meta:
        icon = "edit"
        label = _("Set an attribute")
        form_classname = "struct-block jouren-row"


class ClearAttributeBlock(blocks.StructBlock):
    """Strike out an attribute."""

    attribute = blocks.ChoiceBlock(choices=attribute_choices, label=_("which attribute"))

    class Meta:
        icon = "cross"
        label = _("Clear an attribute")


def _definition(value: Any, compiler: Compiler) -> AttributeDefinition:
    try:
        return defined_attribute(value["attribute"] or "")
    except BadAttribute as error:
        raise compiler.refuse(str(error)) from error


def _describe(key: str, value: str | int | float | bool | None, is_today: bool) -> str:
    definition = AttributeDefinition.objects.filter(key=key).first()
    names: dict[str, Any] = {"attribute": definition.label if definition else key}
    if is_today:
        return gettext("“%(attribute)s” is set to the day on which they come here") % names
    if value is None:
        return gettext("“%(attribute)s” is cleared") % names
    if isinstance(value, bool):
        value = gettext("yes") if value else gettext("no")
    return gettext("“%(attribute)s” is set to “%(value)s”") % {**names, "value": value}
