"""What the engine needs of series: their newest order, and what people who stand in one have got.

One query a batch tells which version of each series is live; a version never changes, so a process reads it once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from jouren.core.sql import load_sql
from jouren.journeys.series.order import SeriesOrder, Slot
from jouren.journeys.series.rhythm import read_rhythm

if TYPE_CHECKING:
    from jouren.journeys.engine import Walker
    from jouren.journeys.versions import LoadedVersion

_sql = load_sql("journeys")


class Reading(NamedTuple):
    """Series by id, and by enrolment what those who stand in one have got of the items that may come next."""

    orders: Mapping[int, SeriesOrder]
    got: Mapping[int, Collection[str]]


NO_SERIES = Reading({}, {})


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


def read_series(version: LoadedVersion, walkers: Sequence[Walker]) -> Reading:
    """The series that a journey's version names, and what the walkers who are in one have got.

    Of most people nothing has to be looked up: what comes next was never moved, so they cannot have got it. Of those
    who have just come, all that they got in this walk is read, once.
    """
    orders = read_orders(version.program.series)
    got: dict[int, Collection[str]] = {}
    arrived: list[Walker] = []
    doubtful: list[tuple[Walker, str]] = []
    for walker in walkers:
        step = version.program.steps.get(walker.step) if walker.step else None
        order = orders.get(getattr(step, "series", 0))
        if order is None:
            continue
        got[walker.enrolment_id] = ()
        index = order.index_of(walker.place)
        if index is None:
            arrived.append(walker)
        else:
            doubtful += [(walker, item) for item in order.doubtful(index)]
    if arrived:
        got |= _got(_sql.all("got_in_walk", {"run_id": version.run_id, **_walks(arrived)}))
    if doubtful:
        asked = _walks([walker for walker, _item in doubtful]) | {"items": [item for _walker, item in doubtful]}
        got |= _got(_sql.all("got_of_items", {"run_id": version.run_id, **asked}))
    return Reading(orders, got)


def _walks(walkers: Sequence[Walker]) -> dict[str, object]:
    return {
        "ids": [walker.enrolment_id for walker in walkers],
        "contact_ids": [walker.contact_id for walker in walkers],
        "occurrences": [walker.occurrence for walker in walkers],
        "entered_at": [walker.entered_at for walker in walkers],
    }


def _got(rows: Sequence[tuple[int, str]]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for enrolment_id, item in rows:
        found[enrolment_id].add(item)
    return found
