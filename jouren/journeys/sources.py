"""Where facts come from: the database, or a sample person for a preview."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from jouren.conditions.queries import load_facts
from jouren.conditions.registry import FactUse
from jouren.journeys.models import DayOff
from jouren.journeys.series.order import SeriesOrder
from jouren.journeys.series.reading import SeriesRead, SeriesWalk, read_orders, read_series
from jouren.messaging.best_hour import best_hours


class FactSource(Protocol):
    """Gives a program's facts for a batch of people, as plain tuples in the program's order."""

    def load(
        self, facts: Sequence[FactUse], contact_ids: Sequence[int], now: datetime
    ) -> Mapping[int, tuple[Any, ...]]:
        """The values of ``facts`` for each contact; everyone asked for is in the answer."""

    def closures(self) -> Container[date]:
        """The shop's own days off."""

    def best_hours(self, contact_ids: Sequence[int], zone: ZoneInfo) -> Mapping[int, tuple[int, ZoneInfo]]:
        """The hour at which each of these people tends to answer, and the zone it is told in."""

    def series(self, run_id: int, walks: Sequence[SeriesWalk]) -> Mapping[int, SeriesRead]:
        """By enrolment: the series that each of these walks stands in, and what it has brought of it."""


class DatabaseFacts:
    """Facts as they stand in the database: one query a batch, none where a program asks nothing."""

    def load(
        self, facts: Sequence[FactUse], contact_ids: Sequence[int], now: datetime
    ) -> Mapping[int, tuple[Any, ...]]:
        """See :class:`FactSource`."""
        if not facts:
            return dict.fromkeys(contact_ids, ())
        loaded = load_facts(facts, contact_ids, now)
        nothing = (None,) * len(facts)
        return {contact_id: loaded.get(contact_id, nothing) for contact_id in contact_ids}

    def closures(self) -> Container[date]:
        """See :class:`FactSource`."""
        return _DaysOff()

    def best_hours(self, contact_ids: Sequence[int], zone: ZoneInfo) -> Mapping[int, tuple[int, ZoneInfo]]:
        """See :class:`FactSource`."""
        return best_hours(contact_ids, zone)

    def series(self, run_id: int, walks: Sequence[SeriesWalk]) -> Mapping[int, SeriesRead]:
        """See :class:`FactSource`."""
        return read_series(run_id, walks)


class _DaysOff:
    """The shop's days off, read when the first one is asked for: most journeys never ask."""

    def __init__(self) -> None:
        self._days: frozenset[date] | None = None

    def __contains__(self, day: object) -> bool:
        if self._days is None:
            self._days = frozenset(DayOff.objects.values_list("day", flat=True))
        return day in self._days


@dataclass
class FixedFacts:
    """The same facts at every moment, such as those of one person today: what a preview walks with.

    ``overlay`` replaces single facts by name, for "what if". ``got``: the items of series that they have got by then.
    """

    base: FactSource = field(default_factory=DatabaseFacts)
    overlay: Mapping[str, Any] = field(default_factory=dict)
    got: set[str] = field(default_factory=set)
    _orders: dict[int, SeriesOrder | None] = field(default_factory=dict)
    _kept: dict[int, tuple[Any, ...]] = field(default_factory=dict)

    def load(
        self, facts: Sequence[FactUse], contact_ids: Sequence[int], now: datetime
    ) -> Mapping[int, tuple[Any, ...]]:
        """See :class:`FactSource`."""
        missing = [contact_id for contact_id in contact_ids if contact_id not in self._kept]
        if missing:
            self._kept.update(self.base.load(facts, missing, now))
        return {
            contact_id: tuple(
                self.overlay.get(fact.name, value) for fact, value in zip(facts, self._kept[contact_id], strict=True)
            )
            for contact_id in contact_ids
        }

    def closures(self) -> Container[date]:
        """See :class:`FactSource`."""
        return self.base.closures()

    def best_hours(self, contact_ids: Sequence[int], zone: ZoneInfo) -> Mapping[int, tuple[int, ZoneInfo]]:
        """See :class:`FactSource`."""
        return self.base.best_hours(contact_ids, zone)

    def series(self, run_id: int, walks: Sequence[SeriesWalk]) -> Mapping[int, SeriesRead]:
        """See :class:`FactSource`. A series does not change either."""
        if missing := {walk.series for walk in walks} - self._orders.keys():
            found = read_orders(missing)
            self._orders |= {series: found.get(series) for series in missing}
        return {walk.enrolment_id: SeriesRead(self._orders[walk.series], self.got) for walk in walks}
