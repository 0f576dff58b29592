"""Pure rules of the pyramid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jouren.pyramid.stages import Stage


@dataclass(frozen=True, slots=True)
class Cause:
    """What lifts a person to ``stage``: the event ``event_id``, which happened ``at`` (aware) and satisfied a rule.

    The stages before it are passed at the same moment, for ``passing_reason``.
    """

    stage: Stage
    at: datetime
    reason: str
    passing_reason: str
    event_id: int
    historical: bool = False

    def reason_for(self, stage: int) -> str:
        """Why ``stage`` was entered, when this is what led to it."""
        return self.reason if stage == self.stage else self.passing_reason


def climb(current: Stage, causes: Sequence[Cause]) -> Iterator[tuple[Stage, Stage, Cause]]:
    """The steps upwards from a stage, each with the first of the causes that reach so high."""
    for stage in range(current + 1, max((cause.stage for cause in causes), default=current) + 1):
        reaching = (cause for cause in causes if cause.stage >= stage)
        yield Stage(stage - 1), Stage(stage), min(reaching, key=lambda cause: (cause.at, cause.stage))


def containment(wanted: Mapping[str, Any], fields: Mapping[str, type]) -> dict[str, Any]:
    """The same question as :func:`fits`, for PostgreSQL's ``payload @> …``."""
    return {
        name: [value] if fields.get(name) is list and not isinstance(value, list) else value
        for name, value in wanted.items()
    }


def steps_between(start: Stage, end: Stage) -> Iterator[tuple[Stage, Stage]]:
    """The steps from one stage to another: upwards each stage is passed, downwards it is one fall."""
    if end < start:
        yield start, end
    for stage in range(start, end):
        yield Stage(stage), Stage(stage + 1)
