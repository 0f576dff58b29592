"""Where facts come from: the database, or a sample person for a preview."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from jouren.conditions.queries import load_facts
from jouren.conditions.registry import FactUse
from jouren.journeys.models import DayOff
from jouren.journeys.series.reading import Reading, read_orders, read_series

if TYPE_CHECKING:
    from jouren.journeys.engine import Walker
    from jouren.journeys.versions import LoadedVersion


class FactSource(Protocol):
    """Gives a program's facts for a batch of people, as plain tuples in the program's order."""

    def load(
        self, facts: Sequence[FactUse], contact_ids: Sequence[int], now: datetime
    ) -> Mapping[int, tuple[Any, ...]]:
        """The values of ``facts`` for each contact; everyone asked for is in the answer."""

    def closures(self) -> Container[date]:
        """The shop's own days off."""

    def series(self, version: LoadedVersion, walkers: Sequence[Walker]) -> Reading:
        """The series that a version sends, and what those who are in one have got of it."""


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

    def series(self, version: LoadedVersion, walkers: Sequence[Walker]) -> Reading:
        """See :class:`FactSource`."""
        return read_series(version, walkers)


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

    ``overlay`` replaces single facts by name, for "what if".
    """

    base: FactSource = field(default_factory=DatabaseFacts)
    overlay: Mapping[str, Any] = field(default_factory=dict)
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

    def series(self, version: LoadedVersion, walkers: Sequence[Walker]) -> Reading:
        """See :class:`FactSource`. Nobody who walks with fixed facts has got anything."""
        return Reading(read_orders(version.program.series), {walker.enrolment_id: () for walker in walkers})
