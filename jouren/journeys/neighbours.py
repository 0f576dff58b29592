"""What an author should know of the journeys around theirs: circles of them, starts that lead nowhere, and others that
begin with the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jouren.core.sql import load_sql
from jouren.events.policies import holds
from jouren.journeys.crossing import MAX_TURNS
from jouren.journeys.models import Journey
from jouren.journeys.policies import find_circle
from jouren.journeys.versions import triggers_of

_sql = load_sql("journeys")
_LEFT = "journey.left"


@dataclass(frozen=True)
class _Node:
    """A journey as its neighbours see it: whom its steps start, and which events bring people in."""

    name: str
    triggers: Sequence[Mapping[str, Any]]
    starts: Sequence[int]


def warnings_of(journey: Journey, compiled: Mapping[str, Any]) -> list[str]:
    """What to tell the author of ``compiled``, which is or is to be that journey's program, among all live journeys."""
    nodes = {
        journey_id: _Node(name, triggers or [], starts)
        for journey_id, name, triggers, starts in _sql.all("live_programs")
    }
    own_id = journey.pk or 0
    names = {step["journey"]: step["name"] for step in compiled["steps"].values() if step["type"] == "start_journey"}
    closed = [name for started, name in names.items() if started not in nodes]
    own = nodes[own_id] = _Node(journey.name, triggers_of(compiled), list(names))
    found = [
        _("The journey “%(name)s” is not published: nobody enters it from here.") % {"name": name} for name in closed
    ]
    found += [
        _("“%(name)s” begins with the same: who enters both gets the messages of both.") % {"name": node.name}
        for journey_id, node in nodes.items()
        if journey_id != own_id and any(trigger in own.triggers for trigger in node.triggers)
    ]
    if circle := _circle(own_id, nodes):
        found.append(circle)
    return found


def _circle(own_id: int, nodes: Mapping[int, _Node]) -> str:
    """The circle of journeys that leads back to this one, in words; empty when there is none."""
    starts = [(origin, target) for origin, node in nodes.items() for target in node.starts if target in nodes]
    ends = [(origin, target) for target, node in nodes.items() for origin in _followed(node, nodes)]
    way = find_circle(own_id, starts)
    text = _("People go round in a circle: %(way)s. Each goes round %(most)s times at most.")
    if not way:
        way = find_circle(own_id, [*starts, *ends])
        text = _("People can go round in a circle without end: %(way)s. Let them enter once only, or give a condition.")
    return text % {"way": " → ".join(nodes[each].name for each in way), "most": MAX_TURNS} if way else ""


def _followed(node: _Node, nodes: Mapping[int, _Node]) -> Iterable[int]:
    """The journeys whose end brings people into this one."""
    for trigger in node.triggers:
        if trigger["event"] == _LEFT:
            for journey_id, other in nodes.items():
                left = {"journey": journey_id, "name": other.name}
                tests = [test for test in trigger.get("where", ()) if test["field"] in left]
                if holds(left, tests):
                    yield journey_id
