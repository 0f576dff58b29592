"""Whether a journey may be published: compiled, and looked through for what its author did not mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.hint_wording import HintText, hint_text
from jouren.journeys.lints import Hint, MessageRole, lint
from jouren.journeys.neighbours import warnings_of
from jouren.journeys.series.queries import helps_of
from jouren.messaging.models import MessageVersion
from jouren.messaging.sending_rules.queries import load_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jouren.journeys.models import Journey


def checked_program(journey: Journey) -> dict[str, Any]:
    """The journey's compiled JSON.

    Raises:
        JourneyProblem: it cannot run as it stands, or has a fault that nobody can mean.
    """
    compiled = compile_journey(journey)
    fault = next((hint for hint in hints_of(compiled) if hint.is_error), None)
    if fault is not None:
        raise JourneyProblem("steps" if fault.step else "goal", hint_text(fault, compiled).line)
    return compiled


def notes_of(journey: Journey, compiled: Mapping[str, Any]) -> list[HintText]:
    """All that the author of ``compiled`` should look at again, in words: in it, and among the journeys around it."""
    around = [HintText("", text, "", is_error=False) for text in warnings_of(journey, compiled)]
    return [hint_text(hint, compiled) for hint in hints_of(compiled)] + around


def hints_of(compiled: Mapping[str, Any]) -> list[Hint]:
    """What the lints find in a compiled journey, errors first. How much help comes first is the shop's own rule."""
    readiness = load_rules().readiness
    return lint(compiled, _roles(compiled), readiness.needed if readiness else 0, _helps_of_series(compiled))


def _helps_of_series(compiled: Mapping[str, Any]) -> dict[int, int]:
    return helps_of({raw["series"] for raw in compiled["steps"].values() if raw["type"] == "series"})


def _roles(compiled: Mapping[str, Any]) -> dict[int, MessageRole]:
    ids = {raw["message_version"] for raw in compiled["steps"].values() if raw.get("message_version")}
    versions = MessageVersion.objects.filter(pk__in=ids).values_list("pk", "kind", "stage")
    return {pk: MessageRole(kind, stage) for pk, kind, stage in versions}
