"""Named SQL: every hot statement lives in a room's ``sql/*.sql``, under a ``-- name:`` line.

    -- name: claim_due
    SELECT … WHERE due_at <= %(now)s

``queries = load_sql("journeys")`` reads all of a room's files once; a missing name fails at import. Statements
run on the thread's Django connection, so they share its transaction, but with server-side binding: arrays go as
arrays and statements are prepared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, LiteralString

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.adapt import AdaptersMap

from jouren.core.arrays import ArrayDumper

_ROWS_AT_ONCE = 1 if psycopg.pq.version() < 170_000 else 1_000  # libpq has given several at once since 17
_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)

Params = Mapping[str, Any] | Sequence[Any]


def parse_sql(text: str) -> dict[str, str]:
    """Split a file into its named statements."""
    parts = _NAME.split(text)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


class Queries:
    """A room's named statements. ``queries.all("claim_due", {...})`` runs one and returns its rows."""

    def __init__(self, statements: dict[str, str]) -> None:
        self._statements = statements

    def __contains__(self, name: str) -> bool:
        return name in self._statements

    def text(self, name: str) -> LiteralString:
        """The statement's text. Raises KeyError for an unknown name."""
        return self._statements[name]

    def all(self, name: str, params: Params | None = None) -> list[tuple[Any, ...]]:
        """Run a statement and return all its rows as tuples."""
        return hot_cursor().execute(self.text(name), params).fetchall()

    def one(self, name: str, params: Params | None = None) -> tuple[Any, ...] | None:
        """Run a statement and return its first row, or None."""
        return hot_cursor().execute(self.text(name), params).fetchone()

    def each(self, name: str, params: Params | None = None) -> Iterator[tuple[Any, ...]]:
        """Run a statement and give its rows as they come, so that not all of them are held at once.

        Nothing else can be asked on this connection until the last one was given.
        """
        return hot_cursor().stream(self.text(name), params, size=_ROWS_AT_ONCE)

    def run(self, name: str, params: Params | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        return hot_cursor().execute(self.text(name), params).rowcount


def load_sql(room: str) -> Queries:
    """All named statements of ``jouren/<room>/sql/*.sql``."""
    statements: dict[str, str] = {}
    folder = resources.files(f"jouren.{room}") / "sql"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            for name, body in parse_sql(file.read_text(encoding="utf-8")).items():
                if name in statements:
                    raise ValueError(f"jouren/{room}/sql: two statements are named {name}")
                statements[name] = body
    return Queries(statements)


class _HotCursor(psycopg.Cursor[tuple[Any, ...]]):
    """psycopg's own cursor: it binds on the server, prepares what is run often, and adapts in C.

    Django's connections carry slower adapters of Django's own, for its ORM.
    """

    @property
    def adapters(self) -> AdaptersMap:
        return _ADAPTERS


_ADAPTERS = AdaptersMap(psycopg.adapters)
_ADAPTERS.register_dumper(list, ArrayDumper)


def hot_cursor() -> _HotCursor:
    """A cursor on this thread's Django connection, so in its transaction.

    There is one a connection: read each result before the next statement.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    wrapper.ensure_connection()
    cursor: _HotCursor | None = wrapper.__dict__.get("jouren_cursor")
    if cursor is None or cursor.connection is not wrapper.connection or cursor.closed:
        cursor = _HotCursor(wrapper.connection)
        wrapper.__dict__["jouren_cursor"] = cursor
    return cursor
