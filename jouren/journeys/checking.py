"""Whether a journey may be published: compiled, and looked through for what its author did not mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.hint_wording import hint_text
from jouren.journeys.lints import Hint, MessageRole, lint
from jouren.messaging.models import MessageVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jouren.journeys.models import Journey


def checked_program(journey: Journey) -> tuple[dict[str, Any], list[Hint]]:
    """The journey's compiled JSON, and what its author should look at again.

    Raises:
        JourneyProblem: it cannot run as it stands, or has a fault that nobody can mean.
    """
    compiled = compile_journey(journey)
    hints = hints_of(compiled)
    fault = next((hint for hint in hints if hint.is_error), None)
    if fault is not None:
        raise JourneyProblem("steps" if fault.step else "goal", hint_text(fault, compiled).line)
    return compiled, hints


def hints_of(compiled: Mapping[str, Any]) -> list[Hint]:
    """What the lints find in a compiled journey, errors first."""
    return lint(compiled, _roles(compiled))


def _roles(compiled: Mapping[str, Any]) -> dict[int, MessageRole]:
    ids = {raw["message_version"] for raw in compiled["steps"].values() if raw.get("message_version")}
    versions = MessageVersion.objects.filter(pk__in=ids).values_list("pk", "kind", "stage")
    return {pk: MessageRole(kind, stage) for pk, kind, stage in versions}
