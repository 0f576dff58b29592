"""Python lists as PostgreSQL arrays, written fast: batches go to the database as arrays of a thousand values and more.

psycopg's own dumper, in Python, looks at each value several times; here a list of one kind is written in one pass. The
array has no type of its own: the statement's cast gives it one (``%(ids)s::bigint[]``), without a detour over text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg.abc import Buffer, DumperKey
from psycopg.adapt import PyFormat
from psycopg.types.array import BaseListDumper, ListDumper
from psycopg.types.json import Jsonb

_SEPARATOR = "\x00"  # no text in PostgreSQL has it


def write_array(values: list[Any]) -> bytes | None:
    """The array literal of a flat list whose values are of one kind or None; None for any other list.

    Raises ValueError when a text holds a NUL, which PostgreSQL cannot store.
    """
    kinds = set(map(type, values))
    has_missing = type(None) in kinds
    kinds.discard(type(None))
    writers = {_writer_of(kind) for kind in kinds}
    if len(writers) > 1 or None in writers:
        return None
    if not writers:
        return ("{" + ",".join(["NULL"] * len(values)) + "}").encode()
    write = writers.pop()
    assert write is not None
    if not has_missing:
        return ("{" + ",".join(write(values)) + "}").encode()
    written = iter(write([value for value in values if value is not None]))
    return ("{" + ",".join("NULL" if value is None else next(written) for value in values) + "}").encode()


def _texts(values: list[str]) -> Iterable[str]:
    joined = _SEPARATOR.join(values)
    if joined.count(_SEPARATOR) != len(values) - 1:
        raise ValueError("A text with a NUL cannot be stored.")
    quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace(_SEPARATOR, '"' + _SEPARATOR + '"')
    return f'"{quoted}"'.split(_SEPARATOR)


def _json(values: list[Jsonb]) -> Iterable[str]:
    return _texts([json.dumps(value.obj) for value in values])


def _moments(values: list[Any]) -> Iterable[str]:
    # A batch has few different moments: most stand in it a thousand times, as the same object.
    known: dict[int, str] = {}
    return [known.get(id(value)) or known.setdefault(id(value), value.isoformat()) for value in values]


_WRITERS: tuple[tuple[type, Callable[[list[Any]], Iterable[str]]], ...] = (
    (bool, lambda values: ["t" if value else "f" for value in values]),
    (int, lambda values: map(int.__repr__, values)),
    (str, _texts),
    (date, _moments),  # a datetime is a date
    (UUID, lambda values: map(str, values)),
    (float, lambda values: map(float.__repr__, values)),
    (Jsonb, _json),
    (Decimal, lambda values: map(str, values)),
)


@lru_cache(maxsize=100)
def _writer_of(kind: type) -> Callable[[list[Any]], Iterable[str]] | None:
    return next((write for known, write in _WRITERS if issubclass(kind, known)), None)


def fold(rows: Iterable[tuple[Any, ...]], width: int) -> tuple[list[int], list[list[Any]]]:
    """Tell what repeats once: each row's number among the different ones, from 1, and those, as ``width`` columns.

    In SQL the columns are unnested ``WITH ORDINALITY`` and joined by that number: most of a batch differs from one
    another in little, and a value that stands there a thousand times is written, and read, once.
    """
    numbers: dict[tuple[Any, ...], int] = {}
    places = [numbers.setdefault(row, len(numbers) + 1) for row in rows]
    return places, [list(column) for column in zip(*numbers, strict=True)] or [[] for _ in range(width)]


class ArrayDumper(ListDumper):
    """Dumps flat lists by :func:`write_array`; all others as psycopg does."""

    def get_key(self, obj: list[Any], format: PyFormat) -> DumperKey:
        return self.cls if _is_plain(obj) else super().get_key(obj, format)

    def upgrade(self, obj: list[Any], format: PyFormat) -> BaseListDumper:
        return self if _is_plain(obj) else super().upgrade(obj, format)

    def dump(self, obj: list[Any]) -> Buffer | None:
        written = write_array(obj) if self.sub_dumper is None else None
        return super().dump(obj) if written is None else written


def _is_plain(values: list[Any]) -> bool:
    writers = {_writer_of(kind) for kind in set(map(type, values)) - {type(None)}}
    return not writers or (len(writers) == 1 and None not in writers)
