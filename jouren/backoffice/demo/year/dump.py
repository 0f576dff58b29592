"""The year as a file: rows by table and column, without anything that belongs to one installation.

Gzipped text. The first line is a JSON object: ``format``, ``end`` (when the year ended), ``migrations`` (the last of
each app) and ``site`` (where links of the shop's own led then). Then for each table a line
``#table<TAB>column<TAB>…``, its rows as PostgreSQL's COPY writes them, and a line of a backslash and a dot.
Content types stand as ``app.model`` and accounts as ``*``: their numbers are another
installation's. Left out or emptied is what is made with an installation's secret key, or is of use to nobody but it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from psycopg import sql

FILE = Path(__file__).with_name("year.gz")
FORMAT = 1
SITE = "http://127.0.0.1:8000"
"""Where links led in a file that does not say it."""
ACCOUNT = "*"
OWN_TABLES = (
    # Who logs in where, and what runs.
    r"auth_.*|django_.*|core_.*|procrastinate_.*|api_.*|team_.*|wagtailusers_.*|wagtailcore_group.*|admin_.*"
    # Made anew from what is loaded.
    r"|wagtailsearch_.*|wagtailimages_rendition|events_inbox|messaging_slot|capture_allowance"
)
EMPTIED = {
    "capture_registration": {"token_hash": "decode(md5(id::text), 'hex')", "ip_hash": "''"},
    "capture_visitor": {"token_hash": "decode(md5(id::text), 'hex')"},
    "contacts_consent_record": {"ip_hash": "''"},
    "messaging_delivery": {"context": "NULL::jsonb", "message_id": "''"},
}
"""By table and column: what stands there instead. Unique columns keep something that tells nothing."""

_TABLES = """
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname !~ ('^(' || %s || ')$')
ORDER BY 1
"""
_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


def write_dump(path: Path, end: datetime) -> dict[str, int]:
    """Write all of the database that belongs to the shop. Returns how many rows of each table."""
    counted: dict[str, int] = {}
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        site = settings.JOUREN.base_url
        head = {"format": FORMAT, "end": end.isoformat(), "migrations": last_migrations(), "site": site}
        file.write(json.dumps(head).encode() + b"\n")
        for table in shop_tables():
            rows = list(_rows(table))
            if not rows:
                continue
            counted[table] = len(rows)
            file.write("\t".join([f"#{table}", *columns_of(table)]).encode() + b"\n")
            file.writelines(rows)
            file.write(b"\\.\n")
    return counted


def shop_tables() -> list[str]:
    """The tables that hold what belongs to a shop."""
    return [row[0] for row in _all(_TABLES, OWN_TABLES)]


def columns_of(table: str) -> list[str]:
    """A table's columns, but for those that PostgreSQL reckons itself."""
    return [row[0] for row in _all(_COLUMNS, table)]


def references_of(table: str) -> dict[str, type[Model]]:
    """The columns of a table that mean a row of another model: also those that the database does not know as such."""
    return {
        field.column: field.related_model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table == table
        for field in model._meta.local_fields
        if field.column and isinstance(field.related_model, type)
    }


def last_migrations() -> dict[str, str]:
    """The name of the last migration of each app that the database has had."""
    applied = MigrationRecorder(connection).applied_migrations()
    return {app: max(name for other, name in applied if other == app) for app in sorted({app for app, _ in applied})}


def _rows(table: str) -> Iterator[bytes]:
    references = references_of(table)
    expressions = [_expression(table, column, references) for column in columns_of(table)]
    statement = sql.SQL("COPY (SELECT {} FROM {} ORDER BY 1) TO STDOUT").format(
        sql.SQL(", ").join(expressions), sql.Identifier(table)
    )
    pending = b""
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for block in copy:
            *lines, pending = (pending + bytes(block)).split(b"\n")
            yield from (line + b"\n" for line in lines)


def _expression(table: str, column: str, references: dict[str, type[Model]]) -> sql.Composable:
    if column in EMPTIED.get(table, {}):
        return sql.SQL(EMPTIED[table][column])
    target = references.get(column)
    if target is ContentType:
        return sql.SQL("(SELECT app_label || '.' || model FROM django_content_type WHERE id = {})").format(
            sql.Identifier(column)
        )
    if target is get_user_model():
        return sql.SQL("CASE WHEN {} IS NOT NULL THEN {} END").format(sql.Identifier(column), sql.Literal(ACCOUNT))
    return sql.Identifier(column)


def _all(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
