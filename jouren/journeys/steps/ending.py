"""The step that ends the journey."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from jouren.journeys.program import Decision, Facts, Leave, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind


@dataclass(frozen=True, slots=True)
class Exit(Step):
    """End the journey here."""

    reason: str
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Leave(self.reason or "exit")


class ExitKind(StepKind):
    """``exit`` [reason]"""

    name = "exit"
    ends = True

    def block(self, inner: Inner) -> blocks.Block:
        return ExitStepBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        return {"reason": value["reason"] or ""}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return Exit(step_id, raw["reason"])

    def describe(self, raw: Raw) -> str:
        return gettext("Leave the journey")


class ExitStepBlock(blocks.StructBlock):
    """End here."""

    reason = blocks.CharBlock(required=False, max_length=100, label=_("reason"))

    class Meta:
        icon = "logout"
        label = _("Leave the journey")
