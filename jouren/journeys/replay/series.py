"""The series that a replayed journey sends: as they stand now, as they stood at each moment, as a dry run keeps them.

A dry run keeps the order of each series that it plays beside the compiled steps (``compiled["series"]``): what it tells
stays true when the series is edited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jouren.core.sql import load_sql
from jouren.journeys.program import Program
from jouren.journeys.replay.terms import SeriesPast
from jouren.journeys.series.order import SeriesOrder, Slot
from jouren.journeys.series.rhythm import read_rhythm
from jouren.journeys.steps.series import SendItem

_sql = load_sql("journeys")
_EVER = datetime(1, 1, 2, tzinfo=UTC)


def with_series(compiled: Mapping[str, Any], program: Program) -> dict[str, Any]:
    """A compiled journey, for JSON, with the series that it sends as they stand now: as if they had always stood so."""
    if not program.series:
        return dict(compiled)
    rows = _sql.all("replay_series", {"ids": sorted(set(program.series.values())), "live_only": True})
    series = {
        str(series_id): {"rhythm": rhythm, "slots": [Slot(*slot)._replace(since=0) for slot in slots]}
        for series_id, _since, rhythm, slots in rows
    }
    return {**compiled, "series": series}


def series_of(compiled: Mapping[str, Any]) -> dict[int, SeriesPast]:
    """The series that :func:`with_series` put beside a compiled journey."""
    return {
        int(series_id): [(_EVER, SeriesOrder(read_rhythm(each["rhythm"]), [Slot(*slot) for slot in each["slots"]]))]
        for series_id, each in compiled.get("series", {}).items()
    }


def series_now(program: Program) -> dict[int, SeriesPast]:
    """The series that a program sends as they stand now: as if they had always stood so."""
    return series_of(with_series({}, program))


def series_past(program: Program) -> dict[int, SeriesPast]:
    """The series that a program sends as they stood at each moment."""
    past: dict[int, list[tuple[datetime, SeriesOrder]]] = defaultdict(list)
    for series_id, since, rhythm, slots in _sql.all(
        "replay_series", {"ids": sorted(set(program.series.values())), "live_only": False}
    ):
        past[series_id].append((since, SeriesOrder(read_rhythm(rhythm), [Slot(*slot) for slot in slots])))
    return dict(past)


def items_of(compiled: Mapping[str, Any], step_id: str) -> list[SendItem]:
    """The messages of the series that a step sends, in order, where :func:`with_series` has put it; else none."""
    step = compiled["steps"][step_id]
    series = compiled.get("series", {}).get(str(step.get("series"))) if step["type"] == "series" else None
    if series is None:
        return []
    items = [slot for slot in (Slot(*each) for each in series["slots"]) if slot.item is not None]
    return [
        SendItem(str(slot.item), slot.version, "email", None, step_id, number)
        for number, slot in enumerate(items, start=1)
    ]
