"""Pure rules of the pyramid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jouren.pyramid.stages import Stage


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
