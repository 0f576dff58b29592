"""How far people are in series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from jouren.core.sql import load_sql
from jouren.journeys.program import NEVER
from jouren.journeys.series.models import Series
from jouren.journeys.series.order import SeriesOrder
from jouren.journeys.series.reading import load_order

_sql = load_sql("journeys")
_MOST_RANGES = 10


@dataclass(frozen=True)
class Range:
    """How many people got a message with a number from ``first`` to ``last`` as their last one; 0: none yet."""

    first: int
    last: int
    people: int


@dataclass(frozen=True)
class Progress:
    """The people in a series of ``messages`` messages. ``by_number``: how many got that number last (0: none yet)."""

    messages: int
    by_number: Mapping[int, int]

    @property
    def people(self) -> int:
        """All of them."""
        return sum(self.by_number.values())

    @property
    def ranges(self) -> list[Range]:
        """They in ten ranges of numbers at most, before which stand those who have got none yet."""
        width = max(1, -(-self.messages // _MOST_RANGES))
        bounds = [(first, min(first + width - 1, self.messages)) for first in range(1, self.messages + 1, width)]
        return [
            Range(first, last, sum(self.by_number.get(number, 0) for number in range(first, last + 1)))
            for first, last in [(0, 0), *bounds]
        ]


@dataclass(frozen=True)
class SeriesStep:
    """A step of a journey that sends a series: how far its people are, and the ids that its deliveries bear."""

    name: str
    series: int
    progress: Progress
    items: Collection[str]


def series_steps(journey_id: int) -> dict[str, SeriesStep]:
    """The steps of a journey, in any of its versions, that send a series that is published."""
    found = _sql.all("series_steps", {"journey_id": journey_id})
    if not found:
        return {}
    places: dict[str, list[tuple[str | None, int]]] = {step: [] for step, *_rest in found}
    for step, place, people in _sql.all("people_by_place", {"journey_id": journey_id, "steps": list(places)}):
        places[step].append((place, people))
    steps = {}
    for step, series_id, name, version_id in found:
        order = load_order(version_id)
        steps[step] = SeriesStep(name, series_id, _progress(order, places[step]), [slot.id for slot in order.slots])
    return steps


def progress_in(series: Series) -> Progress:
    """How far people are in a series, over all journeys that send it."""
    if series.live_version_id is None:
        return Progress(0, {})
    rows = _sql.all("people_in_series", {"series_id": series.pk})
    return _progress(load_order(series.live_version_id), [(place, people) for place, people in rows])


class Standing(NamedTuple):
    """Somebody in a series: in which journey, and when their next message goes (None: the journey stands still)."""

    contact_id: int
    journey: str
    due_at: datetime | None


def people_at(series: Series, number: int, *, limit: int) -> list[Standing]:
    """The people who got the message of that number last (0: none yet), whose next one goes soonest first."""
    if series.live_version_id is None:
        return []
    order = load_order(series.live_version_id)
    places = [slot.id for slot in order.slots if order.passed(slot.id) == number]
    asked = {"series_id": series.pk, "places": places, "others": number == 0, "known": [s.id for s in order.slots]}
    rows = _sql.all("people_at_places", {**asked, "limit": limit})
    return [Standing(contact_id, name, due if due and due < NEVER else None) for contact_id, name, due in rows]


def _progress(order: SeriesOrder, places: Iterable[tuple[str | None, int]]) -> Progress:
    by_number: Counter[int] = Counter()
    for place, people in places:
        by_number[order.passed(place)] += people
    return Progress(len(order.items()), by_number)
