"""What all segments ask, compiled together: they share one tuple of facts, so that a batch loads each fact once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import FactUse, fact
from jouren.conditions.standing import CompiledStanding, compile_standing, leaves_of
from jouren.conditions.tree import parse_tree
from jouren.core.sql import load_sql

_sql = load_sql("contacts")

FACT = "segment"
"""The fact by which a condition asks for another segment."""
MERGED, ERASED = "contacts.merged", "contact.erased"
_ALWAYS = frozenset({MERGED, ERASED})


class Listed(NamedTuple):
    """A segment as it stands in the list that every batch reads."""

    id: int
    name: str
    version: int
    filled_version: int

    @property
    def is_filled(self) -> bool:
        """Whether its people are kept by events; else it is being filled."""
        return self.version == self.filled_version


@dataclass(frozen=True)
class Definition:
    """A segment's condition, ready to be asked. ``asks`` are the segments it asks for."""

    id: int
    compiled: CompiledStanding
    asks: frozenset[int]


@dataclass(frozen=True)
class Plan:
    """All segments that can be asked. A segment comes in a later level than those it asks for.

    ``dependents``: by a segment's id, the segments that ask for it.
    """

    levels: tuple[tuple[Definition, ...], ...]
    by_event: Mapping[str, frozenset[int]]
    dependents: Mapping[int, frozenset[int]]
    ids: frozenset[int]

    def concerned_by(self, event_type: str) -> frozenset[int]:
        """The segments whose answer an event of that type may change, unless by way of another segment."""
        return self.ids if event_type in _ALWAYS else self.by_event.get(event_type, frozenset())


def segments_asked(tree: object) -> frozenset[int]:
    """The segments that a condition asks for. Raises ConditionError for what is none."""
    uses = (leaf.use for leaf in leaves_of(parse_tree(tree)))
    return frozenset(use.given["segment"] for use in uses if use.name == FACT)


def listed_segments() -> list[Listed]:
    """All segments as they are now."""
    return [Listed(*row) for row in _sql.all("segments")]


def plan_of(listed: Sequence[Listed]) -> Plan:
    """What these segments ask; a condition that cannot be asked any more is left out."""
    return _plan(tuple((segment.id, segment.version) for segment in listed))


@lru_cache(maxsize=4)
def _plan(versions: tuple[tuple[int, int], ...]) -> Plan:
    definitions: dict[int, Definition] = {}
    present = FactUse("contact.present", fact("contact.present").use({}).type)
    facts: tuple[FactUse, ...] = (present,)
    for id_, version in versions:
        if (definition := _define(id_, condition_of(id_, version), facts)) is not None:
            definitions[id_] = definition
            facts = definition.compiled.facts
    levels = _levels(definitions)
    by_event: dict[str, set[int]] = defaultdict(set)
    for definition in definitions.values():
        for type in definition.compiled.changed_by:
            by_event[type].add(definition.id)
    dependents: dict[int, set[int]] = defaultdict(set)
    for definition in definitions.values():
        for asked in definition.asks:
            dependents[asked].add(definition.id)
    return Plan(levels, _frozen(by_event), _frozen(dependents), frozenset(definitions))


def _frozen(sets: Mapping[Any, set[int]]) -> dict[Any, frozenset[int]]:
    return {key: frozenset(ids) for key, ids in sets.items()}


def condition_of(id_: int, version: int) -> Any:
    """The condition of a version; None when it is a version no more."""
    row = _sql.one("segment_condition", {"id": id_, "version": version})
    return row[0] if row else None


def _define(id_: int, condition: Any, facts: Iterable[FactUse]) -> Definition | None:
    try:
        return Definition(id_, compile_standing(condition, facts), segments_asked(condition))
    except ConditionError:
        return None


def _levels(definitions: Mapping[int, Definition]) -> tuple[tuple[Definition, ...], ...]:
    """Those that ask for no other first. What asks for itself in a circle is refused when saved, and left out here."""
    placed: set[int] = set()
    levels: list[tuple[Definition, ...]] = []
    while True:
        level = tuple(
            definition
            for id_, definition in definitions.items()
            if id_ not in placed and definition.asks & definitions.keys() <= placed
        )
        if not level:
            return tuple(levels)
        levels.append(level)
        placed |= {definition.id for definition in level}
