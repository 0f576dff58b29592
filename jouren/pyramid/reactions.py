"""Promotion by rules: events in, moves out, for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.events.policies import fits
from jouren.events.reactions import Reaction
from jouren.events.types import Event, event_type
from jouren.pyramid.actions import Move, move_contacts
from jouren.pyramid.models import ChangeReason, PyramidRule
from jouren.pyramid.policies import containment
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")
PURCHASE = "order.paid"


def promote(events: Sequence[Event]) -> None:
    """Move everybody whose event satisfies a rule up to the highest stage it leads to."""
    rules = list(PyramidRule.objects.filter(is_enabled=True, event_type__in={event.type for event in events}))
    candidates = [
        (event, rule)
        for event in events
        for rule in rules
        if rule.event_type == event.type and fits(event.payload, rule.match)
    ]
    best: dict[int, tuple[Event, PyramidRule]] = {}
    for event, rule in _often_enough(candidates):
        if event.id not in best or rule.stage > best[event.id][1].stage:
            best[event.id] = (event, rule)
    move_contacts([_move(event, rule) for event, rule in best.values()])


def _often_enough(candidates: list[tuple[Event, PyramidRule]]) -> list[tuple[Event, PyramidRule]]:
    counted = [(event, rule) for event, rule in candidates if rule.at_least > 1]
    if not counted:
        return candidates
    counts = dict(
        _sql.all(
            "count_events",
            {
                "contact_ids": [event.contact_id for event, _ in counted],
                "types": [event.type for event, _ in counted],
                "matches": [Jsonb(containment(rule.match, event_type(event.type).fields)) for event, rule in counted],
                "event_ids": [event.id for event, _ in counted],
            },
        )
    )
    enough = [pair for i, pair in enumerate(counted, start=1) if counts.get(i, 0) >= pair[1].at_least]
    return [pair for pair in candidates if pair[1].at_least == 1] + enough


def _move(event: Event, rule: PyramidRule) -> Move:
    return Move(
        event.contact_id,
        Stage(rule.stage),
        rule.reason,
        event.occurred_at,
        passing_reason=ChangeReason.DIRECT_PURCHASE.value if event.type == PURCHASE else "",
        is_promotion=True,
        event_id=event.id,
        historical=event.historical,
    )


PROMOTION = Reaction("pyramid.promote", promote, order=20, historical=True)
