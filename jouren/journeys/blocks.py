"""How conditions are written in a journey. Its triggers stand in ``triggers.py``, its steps in ``steps/``."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks

from jouren.conditions.registry import facts


def fact_choices() -> list[tuple[str, Any]]:
    """Everything a condition can ask, by name."""
    return [(fact.name, fact.label) for fact in facts()]


OPERATORS = [
    ("eq", _("is")),
    ("ne", _("is not")),
    ("in", _("is one of (separated by commas)")),
    ("contains", _("contains")),
    ("starts_with", _("starts with")),
    ("gt", _("is more than")),
    ("gte", _("is at least")),
    ("lt", _("is less than")),
    ("lte", _("is at most")),
    ("before", _("is before")),
    ("after", _("is after")),
    ("within_last_days", _("is within the last days")),
    ("older_than_days", _("is longer ago than days")),
    ("is_set", _("is known")),
]


class TestBlock(blocks.StructBlock):
    """One question to the facts: ``stage is at least 3``."""

    fact = blocks.ChoiceBlock(choices=fact_choices, label=_("what"))
    argument = blocks.CharBlock(
        required=False,
        max_length=100,
        label=_("which"),
        help_text=_("A channel, a topic, a product: where “what” needs it."),
    )
    op = blocks.ChoiceBlock(choices=OPERATORS, default="eq", label=_("how"))
    value = blocks.CharBlock(required=False, max_length=500, label=_("value"))

    class Meta:
        icon = "help"
        label = _("Condition")
        form_classname = "struct-block jouren-row"


class TestsBlock(blocks.StreamBlock):
    """Conditions that must all hold."""

    test = TestBlock()
    any_of = blocks.ListBlock(TestBlock(), label=_("At least one of"), icon="list-ul")
    none_of = blocks.ListBlock(TestBlock(), label=_("None of"), icon="cross")


class ExitBlock(blocks.StructBlock):
    """A condition under which a person leaves, and why."""

    reason = blocks.CharBlock(max_length=100, label=_("reason, as the person's timeline tells it"))
    when = TestsBlock(label=pgettext_lazy("condition", "when"), min_num=1)

    class Meta:
        icon = "logout"
        label = _("Exit")


class ExitsBlock(blocks.StreamBlock):
    """Ways out at any step."""

    exit = ExitBlock()
