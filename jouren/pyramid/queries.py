"""What reads the pyramid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from jouren.contacts.queries import alias_ids, canonical_id
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.pyramid.models import PyramidChange, PyramidPosition
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")
BaseCounter = Callable[[datetime], int]
_base_counters: dict[str, BaseCounter] = {}


def register_base_count(name: str, counter: BaseCounter) -> None:
    """Count people who are no contact yet, such as visitors, into the base. ``counter(now)`` says how many."""
    _base_counters[name] = counter


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many people stand on a stage; ``strangers`` of them are not known by name or address yet."""

    stage: Stage
    people: int
    strangers: int = 0


def stage_counts(now: datetime | None = None) -> list[StageCount]:
    """All five stages, the base first. The base has everybody who stands nowhere else, and visitors."""
    counts: dict[int, int] = dict(_sql.all("stage_counts"))
    row = _sql.one("count_present")
    present = row[0] if row else 0
    strangers = sum(counter(now or clock.now()) for counter in _base_counters.values())
    risen = sum(number for stage, number in counts.items() if stage > Stage.AWARE)
    base = StageCount(Stage.AWARE, present - risen + strangers, strangers)
    return [base, *(StageCount(stage, counts.get(stage, 0)) for stage in Stage if stage > Stage.AWARE)]


def stage_of_contact(contact_id: int) -> Stage:
    """Where a person stands now."""
    position = PyramidPosition.objects.filter(contact_id=canonical_id(contact_id)).first()
    return Stage(position.stage) if position else Stage.AWARE


def people_in_stage(
    stage: Stage, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[PyramidPosition]:
    """Who stands on a stage above the base, with their contact; the latest first, after (since, contact id)."""
    positions = PyramidPosition.objects.filter(stage=stage).select_related("contact")
    if after is not None:
        positions = positions.filter(Q(since__lt=after[0]) | Q(since=after[0], contact_id__lt=after[1]))
    return list(positions.order_by("-since", "-contact_id")[:limit])


def stage_history(contact_id: int) -> QuerySet[PyramidChange]:
    """All steps of a person, the first one first."""
    return PyramidChange.objects.filter(contact_id__in=alias_ids(contact_id)).order_by("at", "id")
