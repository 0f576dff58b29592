"""Steps that change what is known of a person: stage, peace, tags, attributes, other journeys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.journeys.program import Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind
from jouren.pyramid.stages import Stage

STAGE_WORDS = {str(stage.value): stage.key for stage in Stage}
"""What files call the stages."""
_CHANNELS = [("", _("all channels")), ("email", _("mail"))]


def stage_choices() -> list[tuple[str, Any]]:
    """The five stages."""
    return [(str(stage.value), stage.label) for stage in Stage]


@dataclass(frozen=True, slots=True)
class ChangeStage(Step):
    """Put the person on a stage of the pyramid."""

    stage: int
    reason: str
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class StageKind(StepKind):
    """``stage`` [stage, reason]"""

    name = "stage"
    effect = ChangeStage

    def block(self, inner: Inner) -> blocks.Block:
        return ChangeStageBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {"stage": int(value["stage"]), "reason": value["reason"]}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return ChangeStage(step_id, raw["stage"], raw["reason"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return gettext("Put on the stage “%(stage)s”") % {"stage": Stage(raw["stage"]).label}

    def effect_text(self, step: ChangeStage) -> str:
        return gettext("Is put on the stage “%(stage)s”") % {"stage": Stage(step.stage).label}


class ChangeStageBlock(blocks.StructBlock):
    """Put the person on a stage."""

    stage = blocks.ChoiceBlock(choices=stage_choices, words=STAGE_WORDS, label=_("stage"))
    reason = blocks.CharBlock(max_length=100, label=_("reason"))

    class Meta:
        icon = "arrow-up"
        label = _("Change stage")


@dataclass(frozen=True, slots=True)
class Suppress(Step):
    """Send the person nothing more that they do not need, on one channel or (empty) on all."""

    channel: str
    reason: str
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class SuppressKind(StepKind):
    """``suppress`` [channel, reason]"""

    name = "suppress"
    effect = Suppress

    def block(self, inner: Inner) -> blocks.Block:
        return SuppressBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {"channel": value["channel"] or "", "reason": value["reason"] or ""}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return Suppress(step_id, raw["channel"], raw["reason"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return _suppress_text(raw["channel"])

    def effect_text(self, step: Suppress) -> str:
        return _suppress_text(step.channel)


def _suppress_text(channel: str) -> str:
    if not channel:
        return gettext("Gets no more unneeded messages")
    names = {"email": gettext("mail"), "line": "LINE"}
    return gettext("Gets no more unneeded messages by %(channel)s") % {"channel": names.get(channel, channel)}


class SuppressBlock(blocks.StructBlock):
    """今後不必要な案内は出さない: leave the uninterested in peace."""

    channel = blocks.ChoiceBlock(choices=_CHANNELS, required=False, label=_("on"))
    reason = blocks.CharBlock(required=False, max_length=100, label=_("note"))

    class Meta:
        icon = "no-view"
        label = _("Send no more unneeded messages")
