"""How a journey is written: the blocks of the editor. ``compiler.py`` turns their values into a program."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.conditions.blocks import ConditionBlock
from jouren.events.types import event_types
from jouren.pyramid.stages import Stage

MAX_DEPTH = 3

_UNITS = [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days")), ("weeks", _("weeks"))]
_PURCHASES = [("", _("any purchase")), ("trial", _("a trial")), ("regular", _("at the regular price"))]
_CHANNELS = [("", _("all channels")), ("email", _("mail"))]


def event_choices() -> list[tuple[str, Any]]:
    """Every event that somebody may wait for."""
    return [(kind.name, kind.label) for kind in event_types() if kind.reacts]


def stage_choices() -> list[tuple[str, Any]]:
    """The five stages."""
    return [(str(stage.value), stage.label) for stage in Stage]


class ExitBlock(blocks.StructBlock):
    """A condition under which a person leaves, and why."""

    reason = blocks.CharBlock(max_length=100, label=_("reason, as the person's timeline tells it"))
    when = ConditionBlock(label=pgettext_lazy("condition", "when"))

    class Meta:
        icon = "logout"
        label = _("Exit")


class ExitsBlock(blocks.StreamBlock):
    """Ways out at any step."""

    exit = ExitBlock()


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
    """To whom anything else happens."""

    event = blocks.ChoiceBlock(choices=event_choices, label=_("event"))

    class Meta:
        icon = "history"
        label = _("Another event")


class TriggersBlock(blocks.StreamBlock):
    """What makes a person enter."""

    form = FormTriggerBlock()
    purchase = PurchaseTriggerBlock()
    stage = StageTriggerBlock()
    event = EventTriggerBlock()


class SendBlock(blocks.StructBlock):
    """Send a message."""

    message = SnippetChooserBlock("messaging.Message", label=_("message"))

    class Meta:
        icon = "mail"
        label = _("Send")


class WaitBlock(blocks.StructBlock):
    """Let time pass."""

    amount = blocks.IntegerBlock(min_value=1, max_value=1000, default=1, label=_("how long"))
    unit = blocks.ChoiceBlock(choices=_UNITS, default="days", label=_("unit"))

    class Meta:
        icon = "pause"
        label = _("Wait")
        form_classname = "struct-block jouren-row"


class WaitUntilBlock(blocks.StructBlock):
    """Wait for a time of day."""

    day = blocks.IntegerBlock(
        min_value=0,
        max_value=1000,
        default=1,
        label=pgettext_lazy("counted from entry", "day"),
        help_text=_("Counted from entry: 0 is the day of entry."),
    )
    at = blocks.TimeBlock(default="08:00", label=_("at"))
    business = blocks.BooleanBlock(required=False, label=_("on business days only"))

    class Meta:
        icon = "calendar-alt"
        label = _("Wait until day")
        form_classname = "struct-block jouren-row"


class ChangeStageBlock(blocks.StructBlock):
    """Put the person on a stage."""

    stage = blocks.ChoiceBlock(choices=stage_choices, label=_("stage"))
    reason = blocks.CharBlock(max_length=100, label=_("reason"))

    class Meta:
        icon = "arrow-up"
        label = _("Change stage")


class SuppressBlock(blocks.StructBlock):
    """今後不必要な案内は出さない: leave the uninterested in peace."""

    channel = blocks.ChoiceBlock(choices=_CHANNELS, required=False, label=_("on"))
    reason = blocks.CharBlock(required=False, max_length=100, label=_("note"))

    class Meta:
        icon = "no-view"
        label = _("Send no more unneeded messages")


class ExitStepBlock(blocks.StructBlock):
    """End here."""

    reason = blocks.CharBlock(required=False, max_length=100, label=_("reason"))

    class Meta:
        icon = "logout"
        label = _("Leave the journey")


def _plain_steps() -> list[tuple[str, blocks.Block]]:
    return [
        ("send", SendBlock()),
        ("wait", WaitBlock()),
        ("wait_until", WaitUntilBlock()),
        ("stage", ChangeStageBlock()),
        ("suppress", SuppressBlock()),
        ("exit", ExitStepBlock()),
    ]


def _steps(depth: int) -> list[tuple[str, blocks.Block]]:
    """The step blocks; those that fork hold steps again, ``depth`` levels deep."""
    steps = _plain_steps()
    if depth:
        inner = _steps(depth - 1)
        steps.append(("wait_event", _wait_event_block(inner)))
        steps.append(("branch", _branch_block(inner)))
    return steps


def _wait_event_block(inner: list[tuple[str, blocks.Block]]) -> blocks.StructBlock:
    return blocks.StructBlock(
        [
            ("event", blocks.ChoiceBlock(choices=event_choices, label=_("event"))),
            ("message", SnippetChooserBlock("messaging.Message", required=False, label=_("of this message only"))),
            ("amount", blocks.IntegerBlock(min_value=1, max_value=1000, default=3, label=_("at most"))),
            ("unit", blocks.ChoiceBlock(choices=_UNITS, default="days", label=_("unit"))),
            ("then", blocks.StreamBlock(inner, required=False, label=_("when it happens"))),
            ("otherwise", blocks.StreamBlock(inner, required=False, label=_("when the time is over"))),
        ],
        icon="time",
        label=_("Wait for an event"),
    )


def _branch_block(inner: list[tuple[str, blocks.Block]]) -> blocks.StructBlock:
    return blocks.StructBlock(
        [
            ("when", ConditionBlock(label=pgettext_lazy("condition", "when"))),
            ("then", blocks.StreamBlock(inner, required=False, label=_("then"))),
            ("otherwise", blocks.StreamBlock(inner, required=False, label=_("otherwise"))),
        ],
        icon="decimal",
        label=_("Branch"),
    )


class StepsBlock(blocks.StreamBlock):
    """A journey's steps, from the top down."""

    def __init__(self, local_blocks: Any = None, **kwargs: Any) -> None:
        super().__init__(local_blocks or _steps(MAX_DEPTH), **kwargs)
