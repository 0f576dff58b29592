"""How the ways out of a journey are written. Its triggers stand in ``triggers.py``, its steps in ``steps/``."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks

from jouren.conditions.blocks import ConditionBlock
from jouren.journeys.events import event_choices, tests_block


class ExitBlock(blocks.StructBlock):
    """A condition under which a person leaves, and why."""

    reason = blocks.CharBlock(max_length=100, label=_("reason, as the person's timeline tells it"))
    when = ConditionBlock(label=pgettext_lazy("condition", "when"))

    class Meta:
        icon = "logout"
        label = _("Exit")


class EventExitBlock(blocks.StructBlock):
    """An event that ends a walk at once, and why."""

    reason = blocks.CharBlock(max_length=100, label=_("reason, as the person's timeline tells it"))
    event = blocks.ChoiceBlock(choices=event_choices, label=_("event"))
    where = tests_block()
    keyed = blocks.BooleanBlock(
        required=False,
        label=_("only what this walk is about"),
        help_text=_("For journeys that are walked once for each order: this order only."),
    )

    class Meta:
        icon = "logout"
        label = _("Exit as soon as something happens")


class ExitsBlock(blocks.StreamBlock):
    """Ways out at any step."""

    exit = ExitBlock()
    event = EventExitBlock()
