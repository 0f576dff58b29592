"""Promotion by rules: events in, causes of promotion out, for a whole batch at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.events.policies import fits
from jouren.events.reactions import Reaction
from jouren.events.types import Event, event_type
from jouren.pyramid.actions import merge_positions, promote_contacts
from jouren.pyramid.models import ChangeReason, PyramidRule
from jouren.pyramid.policies import Cause, containment
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")
PURCHASE = "order.paid"
# The same purchase, whose kind became known only later: it satisfies the rules that ask for a kind, which the payment
# itself could not.
RECOGNISED = "order.recognised"
_FREE = {"kind": "free"}


class _Question(NamedTuple):
    """Whether a person satisfies a rule, now that ``event_id`` is known (0: no event in particular)."""

    contact_id: int
    rule: PyramidRule
    event_id: int = 0
    historical: bool = False


def promote(events: Sequence[Event]) -> None:
    """Lift everybody whose event satisfies rules to the highest stage those lead to. At most one event of each."""
    types = {PURCHASE if event.type == RECOGNISED else event.type for event in events}
    rules = list(PyramidRule.objects.filter(is_enabled=True, event_type__in=types))
    causes = defaultdict(list)
    questions = []
    for event in events:
        for rule in rules:
            if not concerns(event, rule):
                continue
            if rule.at_least == 1:
                causes[event.contact_id].append(
                    cause_by(rule, event.id, event.occurred_at, historical=event.historical)
                )
            else:
                questions.append(_Question(event.contact_id, rule, event.id, event.historical))
    for question, cause in _fulfilled(questions):
        causes[question.contact_id].append(cause)
    promote_contacts(causes)


def concerns(event: Event, rule: PyramidRule) -> bool:
    """Whether an event is one of those that a rule counts. A free gift is no purchase, unless a rule is about gifts."""
    if event.type == RECOGNISED:
        if rule.event_type != PURCHASE or "kind" not in rule.match:
            return False
    elif event.type != rule.event_type:
        return False
    if rule.event_type == PURCHASE and fits(event.payload, _FREE) and rule.match.get("kind") != "free":
        return False
    return fits(event.payload, rule.match)


def merge_people(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the history of both, and what both together have earned."""
    merge_positions(kept_id, gone_id)
    rules = PyramidRule.objects.filter(is_enabled=True, at_least__gt=1)
    causes = [cause for _question, cause in _fulfilled([_Question(kept_id, rule) for rule in rules])]
    promote_contacts({kept_id: causes})


def _fulfilled(questions: Sequence[_Question]) -> Iterable[tuple[_Question, Cause]]:
    if not questions:
        return []
    rows = _sql.all(
        "fulfilled",
        {
            "contact_ids": [asked.contact_id for asked in questions],
            "types": [asked.rule.event_type for asked in questions],
            "matches": [_match(asked.rule) for asked in questions],
            "at_least": [asked.rule.at_least for asked in questions],
            "event_ids": [asked.event_id for asked in questions],
            "historical": [asked.historical for asked in questions],
        },
    )
    return [
        (asked, cause_by(asked.rule, event_id, at, historical=asked.historical))
        for asked, event_id, at in ((questions[position - 1], event_id, at) for position, event_id, at in rows)
    ]


def _match(rule: PyramidRule) -> Jsonb:
    return Jsonb(containment(rule.match, event_type(rule.event_type).fields))


def cause_by(rule: PyramidRule, event_id: int, at: datetime, *, historical: bool = False) -> Cause:
    """What an event that satisfies a rule, and happened ``at`` a moment, does to a person."""
    passing_reason = ChangeReason.DIRECT_PURCHASE.value if rule.event_type == PURCHASE else rule.reason
    return Cause(Stage(rule.stage), at, rule.reason, passing_reason, event_id, historical)


PROMOTION = Reaction("pyramid.promote", promote, order=20, historical=True)
