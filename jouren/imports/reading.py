"""Bytes of a table → rows of text, with the line each begins on in the file. Pure, and never the whole file at once.

What is broken breaks one row: a character of another encoding, a NUL, a quote that is never closed. A row, a cell and
the number of columns have limits, so that no file can take the memory.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from jouren.imports.errors import BadFile

ENCODINGS = {"utf-8": "UTF-8", "cp932": "Shift_JIS", "utf-16": "UTF-16"}
DELIMITERS = {",": ",", "\t": "Tab", ";": ";"}
MAX_COLUMNS = 500
MAX_CELL = 10_000
MAX_ROW = 130_000
"""Less than the longest cell that Python's reader takes, which is for the whole program to set."""
_SURE = 10
"""So many times more lines than all others together must be of an encoding, where not every line is."""
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Bytes that are no text come as lone surrogates, in UTF-16 as the replacement character.
_BROKEN = re.compile("[\ud800-\udfff]")
_BROKEN_16 = re.compile("[\ud800-\udfff\ufffd]")
_CHUNK = 1 << 18
_LOOKED_AT = 200_000


class Row(NamedTuple):
    """One row. ``line``: where it begins in the file, from 1. ``problem``: why it cannot be used, else empty."""

    line: int
    cells: list[str]
    problem: str = ""


@dataclass(frozen=True)
class Form:
    """How a file is to be read. ``is_sure``: the encoding is known and not only the likeliest."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    is_sure: bool = True


def find_form(file: BinaryIO, *, encoding: str = "", delimiter: str = "") -> Form:
    """Find out how a file is written; what is given is taken as it is. The header is its first row with anything in it.

    Raises:
        BadFile: it is empty, has no table, or is too wide; the message says which.
    """
    is_sure = True
    if not encoding:
        encoding, is_sure = find_encoding(file)
    delimiter = delimiter or find_delimiter(file, encoding)
    header = next(
        (row for row in _raw_rows(file, encoding, delimiter) if row.problem or _says_something(row.cells)), None
    )
    if header is None:
        raise BadFile(_("The file is empty."))
    if header.problem:
        raise BadFile(_("The first row cannot be read: %(problem)s") % {"problem": header.problem})
    return Form(encoding, delimiter, tuple(_distinct(header.cells)), is_sure)


def _distinct(names: Sequence[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for name in names:
        plain = " ".join(name.split())[:200]
        seen[plain] = seen.get(plain, 0) + 1
        yield plain if seen[plain] == 1 else f"{plain} ({seen[plain]})"


def find_encoding(file: BinaryIO) -> tuple[str, bool]:
    """The encoding by its mark or else by trying, and whether it is sure. Neither: the likeliest, not sure."""
    file.seek(0)
    start = file.read(4)
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name, True
    if _is_all(file, "utf-8"):
        return "utf-8", True
    return _by_lines(file)


def _is_all(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _by_lines(file: BinaryIO) -> tuple[str, bool]:
    """Broken somewhere, or Shift_JIS: which encoding most lines are of that are not plain ASCII."""
    counts = {"utf-8": 0, "cp932": 0, "": 0}
    file.seek(0)
    looked_at = 0
    while looked_at < _LOOKED_AT and (line := file.readline(MAX_ROW)):
        if not line.isascii():
            looked_at += 1
            counts[next((name for name in ("utf-8", "cp932") if _decodes(line, name)), "")] += 1
    best = max(("utf-8", "cp932"), key=lambda name: counts[name])
    others = sum(counts.values()) - counts[best]
    return best, counts[best] > 0 and counts[best] >= _SURE * others


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def find_delimiter(file: BinaryIO, encoding: str) -> str:
    """What divides the first line into the most columns; a comma where nothing does."""
    lines = (line for line in _lines(_text(file, encoding)) if line.strip())
    first = next(lines, "")[:MAX_ROW]
    return max(DELIMITERS, key=lambda mark: _columns(first, mark))


def _columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0


def read_rows(file: BinaryIO, form: Form) -> Iterator[Row]:
    """The rows after the header, in their order; rows without any text are left out."""
    rows = _raw_rows(file, form.encoding, form.delimiter)
    next((row for row in rows if row.problem or _says_something(row.cells)), None)
    width = len(form.header)
    for row in rows:
        if row.problem:
            yield row
        elif len(row.cells) > width and any(row.cells[width:]):
            text = _("It has %(cells)s cells, the first row has %(columns)s.")
            yield Row(row.line, row.cells, text % {"cells": len(row.cells), "columns": width})
        elif _says_something(row.cells):
            yield row


def _says_something(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells))


def _raw_rows(file: BinaryIO, encoding: str, delimiter: str) -> Iterator[Row]:
    lines = _Lines(_text(file, encoding))
    broken = _BROKEN_16 if encoding == "utf-16" else _BROKEN
    parser = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin_row()
        try:
            cells = next(parser)
        except StopIteration:
            return
        except (csv.Error, _TooLong):
            yield Row(lines.row_line, [], _too_long())
            lines.give_back_all_but_first()
            parser = csv.reader(lines, delimiter=delimiter)
            continue
        yield Row(lines.row_line, cells, _trouble(cells, lines, broken, encoding))


def _too_long() -> str:
    text = _("It is longer than %(most)s characters, or a quotation mark in it is never closed.")
    return text % {"most": f"{MAX_ROW:,}"}


def _trouble(cells: Sequence[str], lines: _Lines, broken: re.Pattern[str], encoding: str) -> str:
    if len(cells) > MAX_COLUMNS:
        text = _("It has %(cells)s columns; %(most)s are the most.")
        return text % {"cells": f"{len(cells):,}", "most": MAX_COLUMNS}
    if lines.row_length > MAX_CELL and any(len(cell) > MAX_CELL for cell in cells):
        return _("A cell in it is longer than %(most)s characters.") % {"most": f"{MAX_CELL:,}"}
    if lines.is_plain:
        return ""
    if any("\x00" in cell for cell in cells):
        return _("It holds a character that is no text (NUL).")
    if any(broken.search(cell) for cell in cells):
        text = _("It holds characters that are not %(encoding)s.")
        return text % {"encoding": ENCODINGS.get(encoding, encoding)}
    return ""


def _text(file: BinaryIO, encoding: str) -> io.TextIOWrapper:
    file.seek(0)
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(io.BufferedReader(_Kept(file), _CHUNK), name, errors, newline="")


class _Kept(io.RawIOBase):
    """Somebody else's file: it stays open when the text around it goes."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """What a buffer around it asks for."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines with their ends; one that is too long comes cut, and the rest of it not at all."""
    while line := text.readline(MAX_ROW + 1):
        yield line
        while len(line) > MAX_ROW and line[-1] not in "\r\n":
            line = text.readline(MAX_ROW + 1)
            if not line:
                break


class _TooLong(Exception):
    """The row has become longer than any may be."""


class _Lines:
    """Feeds a parser with lines, and knows which of them the row at hand has taken."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._fresh = _lines(text)
        self._given_back: deque[str] = deque()
        self._taken: list[str] = []
        self._line = 0
        self.row_line = 1
        self.row_length = 0
        self.is_plain = True

    def begin_row(self) -> None:
        """What is taken from now on is of another row."""
        self._taken.clear()
        self.row_line = self._line + 1
        self.row_length = 0
        self.is_plain = True

    def give_back_all_but_first(self) -> None:
        """The row was none: only its first line is lost, the others are read again."""
        self._given_back.extendleft(reversed(self._taken[1:]))
        self._line -= len(self._taken) - 1

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else next(self._fresh)
        self._taken.append(line)
        self._line += 1
        self.row_length += len(line)
        if self.row_length > MAX_ROW:
            raise _TooLong
        if self.is_plain and not line.isascii():
            self.is_plain = not _UNUSUAL.search(line)
        elif "\x00" in line:
            self.is_plain = False
        return line


_UNUSUAL = re.compile("[\x00\ud800-\udfff\ufffd]")
