"""How people moved in the pyramid: from week to week, who came first, and what share of a stage rises.

These look at many rows: a large shop has them counted by a job (``jouren.reports.overview``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jouren.core.sql import load_sql
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")


@dataclass(frozen=True, slots=True)
class Movement:
    """How often somebody came to a stage and left it, and how many of those who came rose to it from below."""

    came: int = 0
    left: int = 0
    rose: int = 0


@dataclass(frozen=True, slots=True)
class Rise:
    """Of ``came`` people whose time is over, how many ``rose`` to the next stage in time. ``waiting``: time runs."""

    came: int = 0
    rose: int = 0
    waiting: int = 0


def movements(bounds: Sequence[datetime]) -> list[dict[Stage, Movement]]:
    """For each period between two of the moments, one after the other, how people came to the stages and left them."""
    counted: list[dict[Stage, list[int]]] = [{stage: [0, 0, 0] for stage in Stage} for _period in bounds[1:]]
    asked = {"bounds": list(bounds), "since": bounds[0], "until": bounds[-1], "stages": Stage.values}
    for place, start, end, number in _sql.all("movements", asked):
        counted[place][Stage(end)][0] += number
        counted[place][Stage(start)][1] += number
        if end > start:
            counted[place][Stage(end)][2] += number
    return [{stage: Movement(*numbers) for stage, numbers in period.items()} for period in counted]


def count_newcomers(since: datetime) -> int:
    """How many people became known since a moment and are still there."""
    row = _sql.one("newcomers", {"since": since})
    return int(row[0]) if row else 0


def first_arrivals(stage: Stage, bounds: Sequence[datetime]) -> list[int]:
    """For each period between two of the moments, how many people came as far as a stage for the first time ever."""
    asked = {"bounds": list(bounds), "since": bounds[0], "until": bounds[-1], "stage": stage.value}
    found = dict(_sql.all("first_arrivals", asked))
    return [found.get(place, 0) for place in range(len(bounds) - 1)]


def rises(since: datetime, until: datetime, within: timedelta) -> dict[Stage, Rise]:
    """For each stage from the third on: of those who first came to the stage below it between two moments, how many
    rose within that time. Whoever came after ``until`` waits.
    """
    found = _sql.all("rises", {"since": since, "until": until, "within": within})
    counted = {Stage(stage): Rise(*numbers) for stage, *numbers in found}
    return {stage: counted.get(stage, Rise()) for stage in Stage if stage > Stage.PROSPECT}
