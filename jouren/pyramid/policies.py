"""Pure rules of the pyramid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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


class Placing(NamedTuple):
    """Somebody puts a person on ``stage``, up or down, ``at`` a moment (aware)."""

    stage: Stage
    at: datetime
    reason: str


class Passage(NamedTuple):
    """A step from one stage to another, ``at`` a moment (aware)."""

    start: Stage
    end: Stage
    at: datetime
    reason: str


def climb(current: Stage, causes: Sequence[Cause]) -> Iterator[tuple[Stage, Stage, Cause]]:
    """The steps upwards from a stage, each with the first of the causes that reach so high."""
    for stage in range(current + 1, max((cause.stage for cause in causes), default=current) + 1):
        reaching = (cause for cause in causes if cause.stage >= stage)
        yield Stage(stage - 1), Stage(stage), min(reaching, key=lambda cause: (cause.at, cause.stage))


def course(stage: Stage, causes: Sequence[Cause], placings: Sequence[Placing]) -> Iterator[Passage]:
    """The steps of somebody who stands on a stage, by all that lifts them from then on and where others put them."""
    for at in sorted({cause.at for cause in causes} | {placing.at for placing in placings}):
        for start, end, cause in climb(stage, [cause for cause in causes if cause.at == at]):
            yield Passage(start, end, at, cause.reason_for(end))
            stage = end
        for placing in placings:
            for start, end in steps_between(stage, placing.stage) if placing.at == at else ():
                yield Passage(start, end, at, placing.reason)
                stage = end


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
