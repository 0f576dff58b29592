"""Which journeys ask for a segment: as they are published, as their draft stands, or where people still walk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jouren.contacts.segments.actions import Use, condition_asks
from jouren.journeys.models import Enrolment, EnrolmentState, Journey, JourneyVersion

_AUTHORED = ("trigger", "entry", "goal", "exits", "steps")


def uses_of(segment_id: int) -> list[Use]:
    """The journeys that need a segment to stay."""
    found = {
        version.journey_id
        for version in JourneyVersion.objects.filter(live=True) | _walked()
        if _needs(version.compiled, segment_id)
    }
    uses = []
    for journey in Journey.objects.order_by("name", "pk"):
        if journey.pk in found or any(_needs(_authored(journey, name), segment_id) for name in _AUTHORED):
            uses.append(Use("journey", journey.name, journey.pk))
    return uses


def _walked() -> Any:
    walked = Enrolment.objects.filter(state=EnrolmentState.ACTIVE).values("version_id")
    return JourneyVersion.objects.filter(pk__in=walked)


def _authored(journey: Journey, name: str) -> Any:
    """A part of a journey as its author has left it, published or not."""
    draft = journey.get_latest_revision_as_object() if journey.latest_revision_id else journey
    value = getattr(draft, name)
    return value.get_prep_value() if hasattr(value, "get_prep_value") else value


def _needs(part: Any, segment_id: int) -> bool:
    """Whether a condition in it asks for the segment, or a trigger waits for it."""
    return condition_asks(part, segment_id) or _waits(part, segment_id)


def _waits(part: Any, segment_id: int) -> bool:
    if isinstance(part, Mapping):
        if part.get("type") == "segment" and isinstance(part.get("value"), Mapping):
            return str(part["value"].get("segment")) == str(segment_id)
        if str(part.get("event", "")).startswith("segment.") and isinstance(part.get("match"), Mapping):
            return bool(part["match"].get("segment") == segment_id)
        return any(_waits(value, segment_id) for value in part.values())
    return isinstance(part, list) and any(_waits(value, segment_id) for value in part)
