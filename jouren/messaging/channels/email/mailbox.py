"""New mails of a folder, their heads alone: looked for by UID after a kept one, read without marking them as read."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from jouren.core.errors import JourenError

MOST_AT_ONCE = 200
"""So many mails are read in a round."""
HEAD_BYTES = 16_384
"""So much of a mail's head is read."""
LOOK_BACK = timedelta(days=7)
"""How old the mails are that a mailbox is begun with."""
_IN_ONE_ANSWER = 50
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]{1,40})"')
_UID_END = 2**32


class FolderNotRead(JourenError):
    """The server does not answer as IMAP has it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a folder was read: all mails up to ``last_uid``, as UIDs are under ``uid_validity``."""

    uid_validity: int
    last_uid: int


@dataclass(frozen=True, slots=True)
class MailHead:
    """One mail: its head as bytes, cut off where it is too long, and when the server got it (None: not told)."""

    uid: int
    arrived_at: datetime | None
    head: bytes


@dataclass(frozen=True, slots=True)
class Round:
    """What a round brought: the heads, in order, how far the folder is read with them, whether there are more."""

    heads: list[MailHead]
    mark: Mark
    has_more: bool


def read_new(
    client: imaplib.IMAP4, mark: Mark | None, today: date, headers: Collection[str], most: int = MOST_AT_ONCE
) -> Round:
    """Read what came after ``mark`` into an open folder, the oldest first, ``most`` mails at most.

    Where there is no mark, or UIDs mean something else now, it begins with the mails of the last week.

    Raises:
        IMAP_ERRORS: see :mod:`jouren.core.imap`.
    """
    uid_validity = _number(client, "UIDVALIDITY")
    if uid_validity is None:
        raise FolderNotRead("The server tells no UIDVALIDITY.")
    if mark is None or mark.uid_validity != uid_validity:
        uids = _search(client, f"SINCE {_imap_date(today - LOOK_BACK)}")
        mark = Mark(uid_validity, (uids[0] if uids else _next_uid(client)) - 1)
    else:
        # "n:*" always has the last mail, also when its UID is below n.
        uids = [uid for uid in _search(client, f"UID {mark.last_uid + 1}:*") if uid > mark.last_uid]
    chosen = uids[:most]
    heads = [
        head
        for start in range(0, len(chosen), _IN_ONE_ANSWER)
        for head in _fetch(client, chosen[start : start + _IN_ONE_ANSWER], headers)
    ]
    return Round(heads, Mark(uid_validity, max([mark.last_uid, *chosen])), len(uids) > most)


def _search(client: imaplib.IMAP4, asked: str) -> list[int]:
    numbers = b" ".join(part for part in _ask(client, "SEARCH", asked) if isinstance(part, bytes)).split()
    uids = {int(number) for number in numbers if number.isdigit() and len(number) <= 10}
    return sorted(uid for uid in uids if 0 < uid < _UID_END)


def _next_uid(client: imaplib.IMAP4) -> int:
    told = _number(client, "UIDNEXT")
    return told if told is not None else max([0, *_search(client, "ALL")]) + 1


def _fetch(client: imaplib.IMAP4, uids: Sequence[int], headers: Collection[str]) -> Iterator[MailHead]:
    wanted = f"(UID INTERNALDATE BODY.PEEK[HEADER.FIELDS ({' '.join(headers).upper()})]<0.{HEAD_BYTES}>)"
    answer = _ask(client, "FETCH", ",".join(map(str, uids)), wanted)
    asked = set(uids)
    for position, part in enumerate(answer):
        if not isinstance(part, tuple):
            continue
        # What is told of a mail stands before its literal or, with some servers, behind it.
        behind = answer[position + 1] if position + 1 < len(answer) else b""
        told = part[0] + b" " + (behind if isinstance(behind, bytes) else b"")
        uid = _UID.search(told)
        if uid is not None and int(uid[1]) in asked:
            yield MailHead(int(uid[1]), _arrived_at(told), part[1][:HEAD_BYTES])


def _ask(client: imaplib.IMAP4, command: str, *arguments: str) -> list[Any]:
    answer, parts = client.uid(command, *arguments)
    if answer != "OK":
        said = parts[-1] if parts else b""
        raise FolderNotRead(said.decode("utf-8", "replace") if isinstance(said, bytes) else answer)
    return parts


def _number(client: imaplib.IMAP4, name: str) -> int | None:
    _name, told = client.response(name)
    last = told[-1] if told else None
    return int(last) if isinstance(last, bytes) and last.isdigit() and 0 < int(last) < _UID_END else None


def _arrived_at(told: bytes) -> datetime | None:
    found = _ARRIVED.search(told)
    if found is None:
        return None
    try:
        moment = parsedate_to_datetime(found[1].decode("ascii").strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _imap_date(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
