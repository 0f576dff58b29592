"""What moved people in a past time, or would have had they stood elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.events.types import event_type
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.policies import Cause, Placing, containment
from jouren.pyramid.reactions import cause_by
from jouren.pyramid.stages import Stage

_sql = load_sql("pyramid")


class Moved(NamedTuple):
    """What lifts a person, and where others put them."""

    causes: list[Cause]
    placings: list[Placing]


def moved_between(contact_ids: Collection[int], start: datetime, end: datetime) -> dict[int, Moved]:
    """By person (their id now): all that satisfied a rule of now after ``start``, wherever they stood then, until
    ``end`` (aware), and what really moved them.
    """
    moved: dict[int, Moved] = defaultdict(lambda: Moved([], []))
    rules = list(PyramidRule.objects.filter(is_enabled=True))
    span = {"contact_ids": list(contact_ids), "start": start, "end": end}
    asked = {
        "types": [rule.event_type for rule in rules],
        "matches": [Jsonb(containment(rule.match, event_type(rule.event_type).fields)) for rule in rules],
        "at_least": [rule.at_least for rule in rules],
    }
    for contact_id, position, event_id, at in _sql.all("satisfied_between", {**span, **asked}):
        moved[contact_id].causes.append(cause_by(rules[position - 1], event_id, at))
    for contact_id, stage, at, reason, event_id in _sql.all("changes_between", span):
        placings = moved[contact_id].placings
        if event_id is None:  # the stages that it passed have the same moment
            if placings and placings[-1].at == at:
                placings.pop()
            placings.append(Placing(Stage(stage), at, reason))
        else:
            moved[contact_id].causes.append(Cause(Stage(stage), at, reason, reason, event_id))
    return dict(moved)
