"""A report in the order in which an author reads a journey: steps, and the ways that lead out of forks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jouren.journeys.preview import FlowStep as Shown
from jouren.journeys.preview import flow
from jouren.journeys.steps import is_wait, ways_of
from jouren.reports.queries import Report, StepReport


@dataclass(frozen=True)
class Row:
    """A step (``figures``), or a way that begins here (``figures`` None).

    ``people`` came here, or went this way; ``share`` of those who came to the fork; None where it is not known, as of
    two ways that lead to the same step. ``is_empty``: a way without steps.
    """

    text: str
    depth: int
    figures: StepReport | None
    people: int | None
    share: float | None = None
    is_empty: bool = False
    waits: bool = False
    sends: bool = False


def rows_of(compiled: Mapping[str, Any], report: Report) -> list[Row]:
    """All rows of a compiled journey."""
    return _rows(flow(compiled), compiled["steps"], report, 0)


def _rows(shown: Sequence[Shown], steps: Mapping[str, Any], report: Report, depth: int) -> list[Row]:
    rows: list[Row] = []
    for step in shown:
        raw, figures = steps[step.id], report.step(step.id)
        sends = bool(raw.get("message_version")) or figures.sent > 0
        rows.append(Row(step.text, depth, figures, figures.came, waits=is_wait(raw), sends=sends))
        firsts = [way.first for way in ways_of(raw)]
        shared = Counter(firsts)
        total = figures.went.total()
        for first, (label, inner) in zip(firsts, step.ways, strict=True):
            people = figures.went[first] if shared[first] == 1 else None
            share = people / total if total and people is not None else None
            rows.append(Row(label, depth + 1, None, people, share, is_empty=not inner))
            rows += _rows(inner, steps, report, depth + 2)
    return rows
