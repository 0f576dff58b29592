"""Steps that lead from one journey to another: into it, or out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.journeys.program import Decision, Facts, Go, Program, Step
from jouren.journeys.steps.base import Binder, Compiler, Inner, Raw, StepKind


@dataclass(frozen=True, slots=True)
class StartJourney(Step):
    """Bring the person into another journey, if they may enter it. ``name`` is for those who read of it later."""

    journey: int
    name: str
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class StartJourneyKind(StepKind):
    """``start_journey`` [journey, name]"""

    name = "start_journey"
    effect = StartJourney

    def block(self, inner: Inner) -> blocks.Block:
        return StartJourneyBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        journey = value["journey"]
        if journey is None:
            raise compiler.refuse(gettext("A step starts a journey that is not there. Choose one."))
        if journey.pk == compiler.journey_id:
            raise compiler.refuse(gettext("A journey cannot start itself. Let people enter it again instead."))
        if not journey.versions.exists():
            raise compiler.refuse(
                gettext("The journey “%(name)s” was never published. Publish it first.") % {"name": journey}
            )
        return {"journey": journey.pk, "name": journey.name}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return StartJourney(step_id, raw["journey"], raw["name"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return gettext("Start the journey “%(name)s”") % {"name": raw["name"]}

    def effect_text(self, step: StartJourney) -> str:
        return gettext("Enters the journey “%(name)s”, if they may") % {"name": step.name}


class StartJourneyBlock(blocks.StructBlock):
    """Begin another journey; this one goes on beside it."""

    journey = SnippetChooserBlock("journeys.Journey", label=_("journey"))

    class Meta:
        icon = "route"
        label = _("Start another journey")
        help_text = _("This journey goes on beside it. Who may enter, and how often, the other journey says.")


@dataclass(frozen=True, slots=True)
class LeaveJourney(Step):
    """Take the person out of another journey, or (None) of all others."""

    journey: int | None
    name: str
    next: str | None
    changes_facts: ClassVar[bool] = True
    is_alike: ClassVar[bool] = True

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        return Go(self.next, self)


class LeaveJourneyKind(StepKind):
    """``leave_journey`` [journey | null, name]"""

    name = "leave_journey"
    effect = LeaveJourney

    def block(self, inner: Inner) -> blocks.Block:
        return LeaveJourneyBlock()

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        journey = value["journey"]
        if journey is None and not value["all_others"]:
            raise compiler.refuse(gettext("Choose the journey that people are taken out of, or all others."))
        if journey is not None and value["all_others"]:
            raise compiler.refuse(gettext("Choose one journey that people are taken out of, or all others, not both."))
        if journey is not None and journey.pk == compiler.journey_id:
            raise compiler.refuse(gettext("To leave this journey itself, use the step “Leave the journey”."))
        return {"journey": journey.pk if journey else None, "name": journey.name if journey else ""}

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        return LeaveJourney(step_id, raw["journey"], raw["name"], raw["next"])

    def describe(self, raw: Raw) -> str:
        return _leaving(raw["journey"], raw["name"])

    def effect_text(self, step: LeaveJourney) -> str:
        return _leaving(step.journey, step.name)


def _leaving(journey: int | None, name: str) -> str:
    if journey is None:
        return gettext("Is taken out of all other journeys")
    return gettext("Is taken out of the journey “%(name)s”") % {"name": name}


class LeaveJourneyBlock(blocks.StructBlock):
    """End another journey for the person, or all others."""

    journey = SnippetChooserBlock("journeys.Journey", required=False, label=_("journey"))
    all_others = blocks.BooleanBlock(required=False, label=_("all other journeys"))

    class Meta:
        icon = "logout"
        label = _("Leave another journey")
        help_text = _("What that journey had ready to send does not go out any more.")
