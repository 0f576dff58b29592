"""Files with messages: a CSV table, a Markdown file a message, or a zip of such. Read here, written nowhere.

Nothing in a file is believed: not its name, not its size, not its encoding. What is wrong with one row or file is told
with its place, and the others are read all the same.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from jouren.journeys.series.errors import UnreadableFile
from jouren.journeys.series.intake.drafts import Defaults, Read, Remark, field_of, make_draft
from jouren.journeys.series.intake.markdown import read_markdown

MAX_UPLOAD = 10_000_000
MAX_UNPACKED = 20_000_000
MAX_FILE = 200_000
MAX_MEMBERS = 3_000
MAX_REMARKS = 500
_MARKDOWN = {".md", ".markdown"}
_TABLES = {".csv", ".tsv"}
_HEAD = re.compile(r"^([^\s:#][^:]{0,40}):(?:\s+(.*))?$")
_MAX_HEAD = 50
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DRIVE = re.compile(r"[A-Za-z]:")
_DIGITS = re.compile(r"(\d+)")


class File(NamedTuple):
    """A file as it was handed over."""

    name: str
    data: bytes


def read_files(files: Sequence[File], defaults: Defaults, room: int) -> Read:
    """The messages of these files, in their order: of rows as they stand, of files by name (2 before 10).

    ``room``: how many more messages the series can hold.

    Raises:
        UnreadableFile: it is too much to look at.
    """
    if sum(len(file.data) for file in files) > MAX_UPLOAD:
        raise UnreadableFile(_("That is more than %(most)s MB. Bring it in parts.") % {"most": MAX_UPLOAD // 1_000_000})
    read = Read()
    for file in sorted(files, key=lambda file: _natural(file.name)):
        _read_one(file, defaults, read)
    if not read.drafts and not read.problems:
        read.problems.append(Remark("", 0, _("There is no message in it.")))
    if len(read.drafts) > room:
        told = {"count": f"{len(read.drafts):,}", "room": f"{room:,}"}
        text = _("There are %(count)s messages, and the series has room for %(room)s more. The others are left out.")
        read.problems.append(Remark("", 0, text % told))
        del read.drafts[room:]
    del read.problems[MAX_REMARKS:], read.notes[MAX_REMARKS:]
    return read


def _read_one(file: File, defaults: Defaults, read: Read) -> None:
    kind = PurePosixPath(file.name.casefold()).suffix
    if kind in _MARKDOWN:
        _read_page(file, defaults, read)
    elif kind in _TABLES:
        _read_table(file, defaults, read)
    elif kind == ".zip":
        _read_zip(file, defaults, read)
    else:
        text = _("This is neither a CSV table (.csv) nor Markdown (.md) nor a zip of Markdown files (.zip).")
        read.problems.append(Remark(file.name, 0, text))


def _natural(name: str) -> list[Any]:
    parts = _DIGITS.split(name.casefold())
    return [(int(part), "") if index % 2 and len(part) < 50 else (-1, part) for index, part in enumerate(parts)]


# --- text -----------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> str:
    """A file's text. UTF-8, UTF-16 or Shift_JIS (as Windows writes it), found by what it holds.

    Raises:
        UnreadableFile: it is none of them, or no text at all.
    """
    encodings = [name for bom, name in _BOMS if data.startswith(bom)] or ["utf-8", "cp932"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text.replace("\r\n", "\n").replace("\r", "\n")
    raise UnreadableFile(_("This is not text in UTF-8 or Shift_JIS. Save it again as UTF-8."))


def _text_of(file: File, read: Read) -> str | None:
    try:
        return decode(file.data)
    except UnreadableFile as error:
        read.problems.append(Remark(file.name, 0, str(error)))
        return None


# --- Markdown -------------------------------------------------------------------------------------------------------


def _read_page(file: File, defaults: Defaults, read: Read) -> None:
    if len(file.data) > MAX_FILE:
        text = _("The file is larger than %(most)s KB: no mail is so long.") % {"most": MAX_FILE // 1_000}
        read.problems.append(Remark(file.name, 0, text))
        return
    decoded = _text_of(file, read)
    if decoded is None:
        return
    lines = decoded.split("\n")
    try:
        values, first = _front_matter(lines, file.name, read)
    except UnreadableFile as error:
        read.problems.append(Remark(file.name, 1, str(error)))
        return
    body = "\n".join(lines[first:])
    written = read_markdown(body, first_line=first + 1, heading_is_subject="subject" not in values)
    draft, problems = make_draft(values, written, defaults, file=file.name, line=1)
    read.problems += problems
    read.notes += [Remark(file.name, line, note) for line, note in written.notes]
    if draft is not None:
        read.drafts.append(draft)


def _front_matter(lines: Sequence[str], name: str, read: Read) -> tuple[dict[str, str], int]:
    """What stands between two lines of dashes at the top, by field, and the index of the line behind it.

    Lines of ``key: value`` alone, which is all that a message needs of YAML. Keys that say nothing to us are left out.
    """
    values: dict[str, str] = {}
    if not lines or lines[0].rstrip() != "---":
        return values, 0
    for index, line in enumerate(lines[1 : _MAX_HEAD + 2], start=1):
        if line.rstrip() in {"---", "..."}:
            return values, index + 1
        found = _HEAD.match(line)
        field = field_of(found[1]) if found else None
        if found and field:
            values[field] = _unquoted(found[2] or "")
        elif found:
            text = _("“%(key)s” says nothing about a message and is left out.")
            read.notes.append(Remark(name, index + 1, text % {"key": found[1]}))
    raise UnreadableFile(_("The lines at the top begin with --- and never end: put another line of --- after them."))


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


# --- tables ---------------------------------------------------------------------------------------------------------


def _read_table(file: File, defaults: Defaults, read: Read) -> None:
    text = _text_of(file, read)
    if text is None:
        return
    rows = _rows(text)
    try:
        columns = _columns(file.name, next(rows, (1, []))[1], read)
        for line, cells in rows:
            values = _values(file.name, line, columns, cells, read)
            if values:
                _read_row(file.name, line, values, defaults, read)
    except UnreadableFile as error:
        read.problems.append(Remark(file.name, 0, str(error)))
    except _BrokenTable as error:
        told = _("The table cannot be read from here on. Is a quotation mark missing, or one too many?")
        read.problems.append(Remark(file.name, error.line, told))


class _BrokenTable(Exception):
    """``line``: where the row begins that cannot be read."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its first line."""
    head = text.partition("\n")[0]
    delimiter = max(",\t;", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _BrokenTable(line) from error


def _columns(name: str, head: Sequence[str], read: Read) -> list[str | None]:
    columns = [field_of(cell) for cell in head]
    for cell, field in zip(head, columns, strict=True):
        if field is None and cell.strip():
            text = _("The column “%(column)s” says nothing about a message and is left out.")
            read.notes.append(Remark(name, 1, text % {"column": cell.strip()[:40]}))
    known = [field for field in columns if field]
    if len(set(known)) < len(known):
        raise UnreadableFile(_("Two columns of the first row say the same."))
    if not {"subject", "text"} <= set(known):
        raise UnreadableFile(_("The first row has to name the columns: subject and text at least, or 件名 and 本文."))
    return columns


def _values(
    name: str, line: int, columns: Sequence[str | None], cells: Sequence[str], read: Read
) -> dict[str, str] | None:
    """What a row says, by field; None for one that says nothing, or has too many cells."""
    if len(cells) > len(columns):
        text = _("The row has %(cells)s cells; there are %(columns)s columns.")
        read.problems.append(Remark(name, line, text % {"cells": len(cells), "columns": len(columns)}))
        return None
    if not any(cell.strip() for cell in cells):
        return None
    return {field: cell for field, cell in zip(columns, cells, strict=False) if field}


def _read_row(name: str, line: int, values: dict[str, str], defaults: Defaults, read: Read) -> None:
    written = read_markdown(values.get("text", ""), first_line=line)
    draft, problems = make_draft(values, written, defaults, file=name, line=line)
    read.problems += problems
    read.notes += [Remark(name, place, note) for place, note in written.notes]
    if draft is not None:
        read.drafts.append(draft)


# --- zip ------------------------------------------------------------------------------------------------------------


def _read_zip(file: File, defaults: Defaults, read: Read) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
            members = [member for member in archive.infolist() if not _is_by_the_way(member)]
            if len(members) > MAX_MEMBERS:
                text = _("There are more than %(most)s files in it.") % {"most": f"{MAX_MEMBERS:,}"}
                read.problems.append(Remark(file.name, 0, text))
                return
            _read_members(archive, members, defaults, read)
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
        read.problems.append(Remark(file.name, 0, _("This is no zip file, or it is broken.")))


def _read_members(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], defaults: Defaults, read: Read) -> None:
    left = MAX_UNPACKED
    for name, member in sorted(((_name_of(each), each) for each in members), key=lambda pair: _natural(pair[0])):
        problem = _problem_of(name, member)
        data = b""
        if not problem:
            try:
                with archive.open(member) as opened:
                    data = opened.read(min(MAX_FILE, left) + 1)
            except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, OSError, EOFError):
                problem = _("The file in the zip is broken.")
        if problem:
            read.problems.append(Remark(name, 0, problem))
            continue
        left -= len(data)
        if left < 0:
            raise UnreadableFile(
                _("Unpacked, the zip is larger than %(most)s MB. Bring it in parts.")
                % {"most": MAX_UNPACKED // 1_000_000}
            )
        _read_page(File(name, data), defaults, read)


def _is_by_the_way(member: zipfile.ZipInfo) -> bool:
    """Folders, and what Macs and Windows put beside the files of people."""
    parts = member.filename.replace("\\", "/").split("/")
    hidden = (parts[-1].startswith(".") and parts[-1] not in {"..", "."}) or parts[-1].casefold() in {
        "thumbs.db",
        "desktop.ini",
    }
    return member.is_dir() or "__MACOSX" in parts or hidden


def _problem_of(name: str, member: zipfile.ZipInfo) -> str:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or _DRIVE.match(name):
        return _("Its name leads out of the zip. It is not looked at.")
    if stat.S_ISLNK(member.external_attr >> 16):
        return _("It is a link to another file. It is not looked at.")
    if member.flag_bits & 0x1:
        return _("It is locked with a password. Pack the files without one.")
    if PurePosixPath(name.casefold()).suffix not in _MARKDOWN:
        return _("It is not Markdown (.md).")
    return ""


def _name_of(member: zipfile.ZipInfo) -> str:
    """A member's name. Without a mark for UTF-8 it is what Macs (UTF-8) or a Japanese Windows (Shift_JIS) write."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename
