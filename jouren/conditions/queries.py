"""Asks conditions of everybody, and facts of a batch of people.

The statements are made of registered expressions and generated names only; every value is bound on the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any

import psycopg
from django.db import transaction

from jouren.conditions.compile import compile_sql, select_facts, select_past_facts
from jouren.conditions.errors import TooManyToCount
from jouren.conditions.registry import FactUse
from jouren.conditions.standing import select_standing
from jouren.core import clock
from jouren.core.sql import hot_cursor
from jouren.core.zone import shop_zone

PATIENCE_MILLISECONDS = 3_000
_BE_BRIEF = "SET LOCAL statement_timeout = {}"
PRESENT = "c.erased_at IS NULL AND c.merged_at IS NULL"


def count_contacts(tree: object, *, now: datetime | None = None, zone: tzinfo | None = None) -> int:
    """How many people a condition holds for. Raises ConditionError."""
    compiled = compile_sql(tree, now or clock.now(), zone or shop_zone())
    sql = f"SELECT count(*) FROM contacts_contact c\n{compiled.joins}\nWHERE {PRESENT} AND {compiled.where}"  # noqa: S608
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
        f"WHERE c.id > %(after_id)s AND {PRESENT} AND {compiled.where}\nORDER BY c.id LIMIT %(row_limit)s"
    )
    return [row[0] for row in _run(sql, {**compiled.params, "after_id": after, "row_limit": limit})]


def count_briefly(tree: object, *, milliseconds: int = PATIENCE_MILLISECONDS) -> int:
    """How many people a condition holds for, for somebody who waits. Raises ConditionError, TooManyToCount."""
    with briefly(milliseconds):
        return count_contacts(tree)


def sample_briefly(tree: object, size: int, *, milliseconds: int = PATIENCE_MILLISECONDS) -> list[int]:
    """The ids of a few of those for whom a condition holds. Raises ConditionError, TooManyToCount."""
    with briefly(milliseconds):
        return contact_ids(tree, limit=size)


@contextmanager
def briefly(milliseconds: int = PATIENCE_MILLISECONDS) -> Iterator[None]:
    """Each statement in here, on the hot cursor, has so long. Raises TooManyToCount when one takes longer."""
    try:
        with transaction.atomic():
            hot_cursor().execute(_BE_BRIEF.format(int(milliseconds)).encode())
            yield
            hot_cursor().execute(b"SET LOCAL statement_timeout TO DEFAULT")
    except psycopg.errors.QueryCanceled as error:
        raise TooManyToCount from error


def contacts_standing(
    tree: object, *, now: datetime | None = None, zone: tzinfo | None = None
) -> list[tuple[int, bool, datetime | None]]:
    """``(id, holds, next_change)`` of those for whom a condition holds, or may come to by time alone."""
    sql, params = select_standing(tree, now or clock.now(), zone or shop_zone())
    return [(row[0], row[1], row[2]) for row in _run(f"{sql} ORDER BY id", params)]


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


def _run(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    return hot_cursor().execute(sql, params).fetchall()
