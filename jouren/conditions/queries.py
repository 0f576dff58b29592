"""Asks conditions of everybody, and facts of a batch of people.

The statements are made of registered expressions and generated names only; every value is bound on the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from jouren.conditions.compile import compile_sql, select_facts, select_past_facts
from jouren.conditions.registry import FactUse
from jouren.core import clock
from jouren.core.sql import hot_cursor

_PRESENT = "c.erased_at IS NULL AND c.merged_at IS NULL"


def count_contacts(tree: object, *, now: datetime | None = None, zone: tzinfo | None = None) -> int:
    """How many people a condition holds for. Raises ConditionError."""
    compiled = compile_sql(tree, now or clock.now(), zone or shop_zone())
    sql = f"SELECT count(*) FROM contacts_contact c\n{compiled.joins}\nWHERE {_PRESENT} AND {compiled.where}"  # noqa: S608
    return int(_run(sql, compiled.params)[0][0])


def contact_ids(
    tree: object,
    *,
    after: int = 0,
    limit: int | None = None,
    now: datetime | None = None,
    zone: tzinfo | None = None,
) -> list[int]:
    """The ids of those for whom a condition holds, ascending, above ``after``. Raises ConditionError."""
    compiled = compile_sql(tree, now or clock.now(), zone or shop_zone())
    sql = (
        f"SELECT c.id FROM contacts_contact c\n{compiled.joins}\n"  # noqa: S608
        f"WHERE c.id > %(after_id)s AND {_PRESENT} AND {compiled.where}\nORDER BY c.id LIMIT %(row_limit)s"
    )
    return [row[0] for row in _run(sql, {**compiled.params, "after_id": after, "row_limit": limit})]


def load_facts(facts: Sequence[FactUse], contact_ids: Iterable[int], now: datetime) -> dict[int, tuple[Any, ...]]:
    """The values of ``facts``, in their order, of each of these people: one query a batch.

    Somebody who does not exist is left out; whoever was erased or merged is there.
    """
    selected = select_facts(facts, now, UTC)
    columns = f", {selected.where}" if facts else ""
    sql = (
        f"SELECT c.id{columns} FROM contacts_contact c\n{selected.joins}\n"  # noqa: S608
        "WHERE c.id = ANY(%(contact_ids)s::bigint[])"
    )
    rows = _run(sql, {**selected.params, "contact_ids": list(contact_ids)})
    return {row[0]: row[1:] for row in rows}


def load_past_facts(
    facts: Sequence[FactUse], asked: Sequence[tuple[int, datetime]], now: datetime
) -> list[tuple[Any, ...]]:
    """The values of ``facts`` for each (contact, moment), in that order, as they were then: one query a batch.

    A fact that keeps no past (``Fact.keeps_past``) is told as it is now. Somebody who does not exist has no value.
    """
    selected = select_past_facts(facts, now, UTC)
    sql = (
        f"SELECT asked.place - 1, {selected.where}\n"
        "FROM unnest(%(contact_ids)s::bigint[], %(moments)s::timestamptz[]) WITH ORDINALITY AS asked (id, at, place)\n"
        f"JOIN contacts_contact c ON c.id = asked.id\n{selected.joins}"
    )
    ids, moments = [contact_id for contact_id, _at in asked], [at for _contact_id, at in asked]
    values: list[tuple[Any, ...]] = [(None,) * len(facts)] * len(asked)
    for place, *row in _run(sql, {**selected.params, "contact_ids": ids, "moments": moments}):
        values[place] = tuple(row)
    return values


def shop_zone() -> tzinfo:
    """The zone that days belong to where nothing else is said."""
    return ZoneInfo(settings.TIME_ZONE)


def _run(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    return hot_cursor().execute(sql, params).fetchall()
