"""Whether the stages and marks that are kept are what the log makes of everybody, told event by event.

A rule counts from when it was made, so one that was changed since may make a difference; so may people who were merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from jouren.core.money import DEFAULT_CURRENCY
from jouren.core.sql import load_sql
from jouren.events.types import event_type
from jouren.mechanisms.event_types import LAPSED, LIKELY, NOT_LIKELY, RETURNED
from jouren.mechanisms.models import Mark
from jouren.mechanisms.queries import stored_rules
from jouren.mechanisms.vocabulary import MarkKind
from jouren.pyramid.models import ChangeReason, PyramidPosition, PyramidRule
from jouren.pyramid.policies import containment
from jouren.pyramid.stages import Stage

_sql = load_sql("mechanisms")
_BY_RULES = sorted(set(ChangeReason.values) - {ChangeReason.STAFF.value, ChangeReason.JOURNEY.value})
_MARKS = {
    LIKELY: (MarkKind.LIKELY_REGULAR.value, True),
    NOT_LIKELY: (MarkKind.LIKELY_REGULAR.value, False),
    LAPSED: (MarkKind.LAPSED.value, True),
    RETURNED: (MarkKind.LAPSED.value, False),
}


class Told(NamedTuple):
    """Something that moves a person: a rule that is satisfied (never down), or somebody who puts them there."""

    event_id: int
    stage: int
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A person of whom something else is kept than the log makes. ``what``: "stage", or the kind of a mark."""

    contact_id: int
    what: str
    kept: int
    recomputed: int


def final_stage(told: Iterable[Told]) -> int:
    """Where somebody stands after all that was told of them, in the order in which it was. Pure."""
    stage = Stage.AWARE.value
    for each in sorted(told):
        stage = each.stage if each.is_by_hand else max(stage, each.stage)
    return stage


def differences() -> Iterator[Difference]:
    """Everybody of whom something else is kept than the log makes, stages first."""
    yield from _stage_differences()
    yield from _mark_differences()


def _stage_differences() -> Iterator[Difference]:
    told: dict[int, list[Told]] = defaultdict(list)
    for rule in PyramidRule.objects.filter(is_enabled=True):
        for contact_id, event_id in _sql.all("satisfied_when", _terms(rule)):
            told[contact_id].append(Told(event_id, rule.stage))
    rules = stored_rules()
    if rules.good_is_enabled:
        asked = {"currency": DEFAULT_CURRENCY, "amount": rules.good_amount}
        for contact_id, event_id in _sql.all("good_when", asked):
            told[contact_id].append(Told(event_id, Stage.REGULAR))
    for contact_id, event_id, stage in _sql.all("put_by_hand", {"by_rules": _BY_RULES}):
        told[contact_id].append(Told(event_id, stage, is_by_hand=True))
    kept = dict(_present(PyramidPosition.objects).values_list("contact_id", "stage"))
    for contact_id in sorted(told.keys() | kept.keys()):
        stands, recomputed = kept.get(contact_id, Stage.AWARE.value), final_stage(told.get(contact_id, []))
        if stands != recomputed:
            yield Difference(contact_id, "stage", stands, recomputed)


def _mark_differences() -> Iterator[Difference]:
    recomputed: dict[tuple[int, str], bool] = {}
    for contact_id, type_name in _sql.all("told_of_marks", {"types": list(_MARKS)}):
        kind, holds = _MARKS[type_name]
        recomputed[contact_id, kind] = holds
    kept = set(_present(Mark.objects.filter(until=None)).values_list("contact_id", "kind"))
    for contact_id, kind in sorted(recomputed.keys() | kept):
        is_kept, is_told = (contact_id, kind) in kept, recomputed.get((contact_id, kind), False)
        if is_kept != is_told:
            yield Difference(contact_id, kind, int(is_kept), int(is_told))


def _present(rows: Any) -> QuerySet[Any]:
    found: QuerySet[Any] = rows.filter(contact__erased_at=None, contact__merged_at=None)
    return found


def _terms(rule: PyramidRule) -> dict[str, Any]:
    match = Jsonb(containment(rule.match, event_type(rule.event_type).fields))
    return {"type": rule.event_type, "match": match, "at_least": rule.at_least}
