"""Facts about what is in the log: how often something happened, with which details, within how many days."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.payload import read_tests
from jouren.conditions.registry import Argument, Fact, FactType, FactUse, Group, Question, Rows, Text, register_fact
from jouren.events.types import event_types

# What a merged person did counts as done by whom they became.
_PERSON = "coalesce(merged.to_id, r.contact_id)"
_JOINED = "LEFT JOIN contacts_alias merged ON merged.from_id = r.contact_id"
_OF_PERSON = (
    "r.contact_id = ANY(ARRAY(SELECT c.id UNION ALL SELECT a.from_id FROM contacts_alias a WHERE a.to_id = c.id))"
)
_WINDOW = "%(within_days)s::bigint * interval '24 hours'"

WITHIN = Argument(
    "within_days",
    _("within the last (days)"),
    FactType.NUMBER,
    is_required=False,
    empty=_("at any time"),
    phrase=_("in the last %(value)s days"),
)
TIMES = (
    Question("gte", _("happened"), 1),
    Question("eq", _("did not happen"), 0),
    Question("gte", _("happened at least (times)")),
    Question("lte", _("happened at most (times)")),
    Question("eq", _("happened exactly (times)")),
)

Narrow = Callable[[Mapping[str, Any]], str]
"""Makes of a fact's arguments a further condition on the rows ``r`` of the log."""


def event_count(
    name: str,
    label: Text,
    arguments: tuple[Argument, ...],
    narrow: Narrow,
    changed_by: Callable[[Mapping[str, Any]], frozenset[str]],
    *,
    group: Group,
    questions: tuple[Question, ...] = TIMES,
    phrase: Text = "",
) -> tuple[Fact, Fact]:
    """A fact that counts events, and the one that says when they grow older than ``within_days``; register both.

    ``narrow`` says which rows ``r`` of the log are meant, with the arguments as ``%(name)s``. ``arguments`` gets
    ``within_days`` added.
    """

    def rows(given: Mapping[str, Any]) -> Rows:
        where = narrow(given)
        if given["within_days"] is not None:
            where += f" AND r.occurred_at > %(now)s::timestamptz - {_WINDOW}"
        return Rows("events_event r", where, _PERSON, _JOINED, _OF_PERSON)

    def past_rows(given: Mapping[str, Any]) -> Rows:
        return replace(rows(given), where=f"{rows(given).where} AND r.occurred_at <= %(now)s::timestamptz")

    def next_change(use: FactUse, op: str, value: Any) -> FactUse | None:
        if use.given["within_days"] is None or not (ranks := _ranks(op, value)):
            return None
        return FactUse(leaving.name, FactType.DATETIME, (*use.arguments, ("ranks", ranks)))

    leaving = _leaving(f"{name}.leaves", rows)
    counted = Fact(
        name,
        FactType.NUMBER,
        label,
        arguments=(*arguments, WITHIN),
        default=0,
        rows=rows,
        past_rows=past_rows,
        changed_by=changed_by,
        next_change=next_change,
        group=group,
        questions=questions,
        phrase=phrase,
    )
    return counted, leaving


def _ranks(op: str, value: Any) -> tuple[int, ...]:
    """At which counts the answer changes. The event of that rank, the newest having rank 1, is the one that decides."""
    edges: set[int] = set()
    for number in value if isinstance(value, list) else [value]:
        if op in {"gte", "lt", "eq", "ne", "between"}:
            edges.add(math.ceil(number))
        if op in {"gt", "lte", "eq", "ne", "between"}:
            edges.add(math.floor(number) + 1)
    return tuple(sorted(edge for edge in edges if 1 <= edge < 2**31))


def _leaving(name: str, rows: Callable[[Mapping[str, Any]], Rows]) -> Fact:
    """When the first of the events at ``ranks`` leaves the window. Not for editors: its arguments are never read."""
    first = f"(SELECT min(told.moments[rank]) FROM unnest(%(ranks)s::integer[]) AS rank) + {_WINDOW}"  # noqa: S608
    newest_first = "array_agg(r.occurred_at ORDER BY r.occurred_at DESC) AS moments"

    def join(given: Mapping[str, Any]) -> str:
        people = f"SELECT {_PERSON} AS person, {newest_first} {rows(given).everybody} GROUP BY 1"
        leaves = f"SELECT person, {first} AS leaves FROM ({people}) AS told"  # noqa: S608
        return f"LEFT JOIN ({leaves}) AS {{j}} ON {{j}}.person = c.id"

    def batch(given: Mapping[str, Any]) -> str:
        return f"SELECT {first} FROM (SELECT {newest_first} {rows(given).one}) AS told"  # noqa: S608

    return Fact(name, FactType.DATETIME, "", "{j}.leaves", join, batch_sql=batch)


def _events() -> list[Choice]:
    return [(kind.name, kind.label) for kind in event_types()]


FACTS = event_count(
    "events.count",
    _("Something happened"),
    (
        Argument("type", _("event"), choices="events"),
        Argument("where", _("details"), is_required=False, read=read_tests),
    ),
    lambda given: "r.type = %(type)s::text AND %(where)s",
    lambda given: frozenset({given["type"]}),
    group=Group.EVENTS,
    phrase="%(type)s",
)


def register() -> None:
    """Make the count of any event known, and the list of events."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("events", _events)
