"""What the engine needs of series: their newest order, and what people who stand in one have got.

Nothing is asked for people who stand elsewhere. For the others one query a batch tells which version of each series is
live; a version never changes, so a process reads it once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from jouren.core.sql import load_sql
from jouren.journeys.series.order import SeriesOrder, Slot
from jouren.journeys.series.rhythm import read_rhythm

_sql = load_sql("journeys")


class SeriesWalk(NamedTuple):
    """Somebody who stands in a series: the id of the walk, of the series, and of the slot whose item they got last."""

    enrolment_id: int
    series: int
    place: str | None


class SeriesRead(NamedTuple):
    """The series in which somebody stands (None: it is gone), and which of its items that may come next they got.

    ``got``: None when nobody looked, because they have only just come to where they are in it.
    """

    order: SeriesOrder | None
    got: Collection[str] | None = ()


@lru_cache(maxsize=64)
def load_order(version_id: int) -> SeriesOrder:
    """A published version of a series. Raises LookupError when there is none."""
    row = _sql.one("series_version", {"id": version_id})
    if row is None:
        raise LookupError(f"There is no version {version_id} of a series.")
    rhythm, slots = row
    return SeriesOrder(read_rhythm(rhythm), [Slot(*slot) for slot in slots])


def read_orders(series_ids: Collection[int]) -> dict[int, SeriesOrder]:
    """The live version of each of these series that is published.

    Publishing one waits until the caller's transaction has ended, so that nobody comes to the end of a series that has
    just got longer without being told.
    """
    return {
        series_id: load_order(version_id)
        for series_id, version_id in _sql.all("live_series", {"ids": list(series_ids)})
    }


def read_series(run_id: int, walks: Sequence[SeriesWalk]) -> dict[int, SeriesRead]:
    """By enrolment: the series that each of these walks stands in, and what it has brought of it.

    Of most people nothing has to be looked up: what comes next was never moved, so they cannot have got it. Of those
    who have just come, all that they got in this walk is read, once.
    """
    orders = read_orders({walk.series for walk in walks})
    arrived: list[int] = []
    doubtful: list[tuple[int, str]] = []
    for walk in walks:
        order = orders.get(walk.series)
        index = order.index_of(walk.place) if order else None
        if order is not None and index is None:
            arrived.append(walk.enrolment_id)
        elif order is not None and index is not None:
            doubtful += [(walk.enrolment_id, item) for item in order.doubtful(index)]
    got: dict[int, set[str]] = defaultdict(set)
    if arrived:
        _add(got, _sql.all("got_in_walk", {"run_id": run_id, "ids": arrived}))
    if doubtful:
        ids, items = zip(*doubtful, strict=True)
        _add(got, _sql.all("got_of_items", {"run_id": run_id, "ids": list(ids), "items": list(items)}))
    return {walk.enrolment_id: SeriesRead(orders.get(walk.series), got.get(walk.enrolment_id, ())) for walk in walks}


def _add(got: Mapping[int, set[str]], rows: Sequence[tuple[int, str]]) -> None:
    for enrolment_id, item in rows:
        got[enrolment_id].add(item)
