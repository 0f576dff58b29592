"""Which stage people would come to by what is not recorded yet: the rules asked, nothing moved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.events.types import Event, event_type
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.policies import containment
from jouren.pyramid.reactions import concerns

_sql = load_sql("pyramid")


def rules_about(event_types: Collection[str]) -> list[PyramidRule]:
    """The enabled rules that count events of these types."""
    return list(PyramidRule.objects.filter(is_enabled=True, event_type__in=event_types))


def rules_met(
    type: str, payload: Mapping[str, Any], at: datetime, source: str, rules: Sequence[PyramidRule]
) -> list[PyramidRule]:
    """The rules that would count such an event, by the very question that promotes people."""
    event = Event(0, 0, type, 1, at, at, source, dict(payload), True)
    return [rule for rule in rules if concerns(event, rule)]


def counted_already(contact_ids: Collection[int], rules: Sequence[PyramidRule]) -> dict[tuple[int, int], int]:
    """How many events of each of these people (their ids now) each rule counts already, by (person, rule)."""
    wanted = [(pk, rule) for pk in sorted(set(contact_ids)) for rule in rules if rule.at_least > 1]
    if not wanted:
        return {}
    rows = _sql.all(
        "counted_already",
        {
            "contact_ids": [pk for pk, _rule in wanted],
            "types": [rule.event_type for _pk, rule in wanted],
            "matches": [Jsonb(containment(rule.match, event_type(rule.event_type).fields)) for _pk, rule in wanted],
        },
    )
    return {(wanted[place - 1][0], wanted[place - 1][1].pk): count for place, count in rows}
