"""Brings the year into an empty installation, so that it ends within the last day.

The file is rows, and the database is that of the newest migration: a column that came later takes its default, as on a
running system. What does not fit any more is refused as a whole, with the command that makes the file anew.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from psycopg import sql

from jouren.backoffice.demo.year.dump import ACCOUNT, FILE, FORMAT, SITE, columns_of, references_of, shop_tables
from jouren.core.errors import JourenError
from jouren.events.partitions import ensure_partitions

REMAKE = "make demo-year"
_DAY = re.compile(rb"(?<![\w-])(20\d\d-[01]\d-[0-3]\d)(?![\d-])")
_SEQUENCES = """
SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relname = ANY(%s) AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
"""
_PARENTS = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid AND conparentid = 0
"""


class YearOutOfDate(JourenError):
    """The file of the demo's year does not fit this version."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The demo's year does not fit this version ({why}). Make it anew: {REMAKE}")


@transaction.atomic
def load_year(now: datetime, owner_id: int, path: Path = FILE) -> datetime:
    """Fill an empty, migrated installation. ``owner_id`` stands wherever somebody of the shop did something.

    All days are moved by the same number of days, so that the year's end is the last moment of its kind before ``now``.
    Returns that moment.

    Raises:
        YearOutOfDate: the file cannot be used; nothing is changed.
    """
    with gzip.open(path, "rb") as packed:
        file = cast(BinaryIO, packed)
        head = json.loads(file.readline())
        if head["format"] != FORMAT:
            raise YearOutOfDate(f"format {head['format']}")
        end = datetime.fromisoformat(head["end"])
        shift = timedelta(days=(now - end) // timedelta(days=1))
        try:
            tables = _read(file, _mover(shift, head.get("site", SITE)), owner_id)
            _set_sequences(tables)
            connection.check_constraints()
        except DatabaseError as error:
            raise YearOutOfDate(str(error).strip().splitlines()[0]) from error
    ensure_partitions(now)
    return end + shift


def _read(file: BinaryIO, moved: Callable[[bytes], bytes], owner_id: int) -> list[str]:
    parts = dict(_parts(file))
    known = set(shop_tables())
    if strange := parts.keys() - known:
        raise YearOutOfDate(f"there is no table {min(strange)}")
    order = _parents_first(known)
    with connection.cursor() as cursor:
        for table in reversed(order):
            cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    for table in order:
        if table in parts:
            columns, lines = parts[table]
            _copy(table, columns, lines, moved, owner_id)
    return [table for table in order if table in parts]


def _parts(file: BinaryIO) -> Iterator[tuple[str, tuple[list[str], list[bytes]]]]:
    """The tables of a file with their columns and rows."""
    for line in file:
        table, *columns = line.decode().removeprefix("#").rstrip("\n").split("\t")
        lines = []
        for row in file:
            if row == b"\\.\n":
                break
            lines.append(row)
        yield table, (columns, lines)


def _copy(table: str, columns: list[str], lines: list[bytes], moved: Callable[[bytes], bytes], owner_id: int) -> None:
    if missing := set(columns) - set(columns_of(table)):
        raise YearOutOfDate(f"{table} has no column {min(missing)}")
    meant = _meant(columns, references_of(table), owner_id)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for line in lines:
            copy.write(moved(_with_numbers(line, meant) if meant else line))


def _meant(
    columns: list[str], references: Mapping[str, type[Model]], owner_id: int
) -> dict[int, Mapping[bytes, bytes]]:
    """By a column's place: the numbers that stand here for what the file calls by name."""
    meant: dict[int, Mapping[bytes, bytes]] = {}
    for place, column in enumerate(columns):
        if references.get(column) is ContentType:
            meant[place] = _content_types()
        elif references.get(column) is get_user_model():
            meant[place] = {ACCOUNT.encode(): str(owner_id).encode(), b"\\N": b"\\N"}
    return meant


def _content_types() -> dict[bytes, bytes]:
    types = ContentType.objects.values_list("app_label", "model", "pk")
    return {b"\\N": b"\\N", **{f"{app}.{model}".encode(): str(pk).encode() for app, model, pk in types}}


def _with_numbers(line: bytes, meant: Mapping[int, Mapping[bytes, bytes]]) -> bytes:
    values = line.rstrip(b"\n").split(b"\t")
    for place, numbers in meant.items():
        if values[place] not in numbers:
            raise YearOutOfDate(f"there is no {values[place].decode()}")
        values[place] = numbers[values[place]]
    return b"\t".join(values) + b"\n"


def _mover(shift: timedelta, site: str) -> Callable[[bytes], bytes]:
    """What moves all days in a row, also those within JSON; and links of the shop's own from ``site`` to this one."""
    there, here = site.encode(), settings.JOUREN.base_url.encode()

    @lru_cache(maxsize=4096)
    def moved(day: bytes) -> bytes:
        return (date.fromisoformat(day.decode()) + shift).isoformat().encode()

    def move(found: re.Match[bytes]) -> bytes:
        try:
            return moved(found[1])
        except ValueError:  # no day
            return found[1]

    return lambda line: _DAY.sub(move, line.replace(there, here))


def _parents_first(tables: set[str]) -> list[str]:
    """The tables, each after those that it means; where they mean each other, in any order."""
    with connection.cursor() as cursor:
        cursor.execute(_PARENTS)
        pairs = [(child, parent) for child, parent in cursor.fetchall() if {child, parent} <= tables]
    parents: dict[str, set[str]] = {table: {parent for child, parent in pairs if child == table} for table in tables}
    order: list[str] = []
    while parents:
        free = sorted(table for table, waits in parents.items() if not waits) or [min(parents)]
        order += free
        for table in free:
            del parents[table]
        for waits in parents.values():
            waits.difference_update(free)
    return order


def _set_sequences(tables: list[str]) -> None:
    """Let new rows be numbered after those that were loaded."""
    with connection.cursor() as cursor:
        cursor.execute(_SEQUENCES, [tables])
        found: list[tuple[Any, ...]] = cursor.fetchall()
        for table, column, sequence in found:
            cursor.execute(
                # Never backwards: a number that was given once stays given.
                sql.SQL(
                    "SELECT setval(%s, greatest(max({column}), (SELECT last_value FROM {sequence}))) FROM {table} "
                    "HAVING max({column}) > 0"
                ).format(
                    column=sql.Identifier(column),
                    table=sql.Identifier(table),
                    sequence=sql.Identifier(*sequence.split(".")),
                ),
                [sequence],
            )
