"""Which mail is an answer to one of ours, told by its headers alone. Whatever they hold, reading raises nothing."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from hashlib import sha256

from jouren.messaging.tracking import parse_token

HEADERS = (
    "From",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Date",
    "Subject",
    "Return-Path",
    "Content-Type",
    "Auto-Submitted",
    "Precedence",
    "List-Id",
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Response-Suppress",
    "X-Vacation",
    "X-Failed-Recipients",
)
"""All that is asked for of a mail."""

_MOST_LETTERS = 16_384
_ID = re.compile(r"<\s*([^<>\s]{3,500})\s*>")
_BARE_ID = re.compile(r"[^<>\s@]{1,250}@[^<>\s@]{1,250}")
_ADDRESS = re.compile(r"[^\s<>,;:\"()@]{1,200}@[^\s<>,;:\"()@]{1,253}")
_IN_ANGLES = re.compile(r"<([^<>]{1,500})>")
_NAME = re.compile(r"[!-9;-~]{1,76}")
_TELLS_OF_A_MACHINE = (
    "list-id",
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-response-suppress",
    "x-vacation",
    "x-failed-recipients",
)
_MACHINES = re.compile(r"(mailer-?daemon|postmaster|no-?reply|do-?not-?reply|auto-?reply)(\+.*)?", re.IGNORECASE)
_PRECEDENCES = frozenset({"bulk", "auto_reply", "auto-reply", "list", "junk"})
# What is not said in any header but the subject. At its beginning only: a person may answer a mail of such a name.
_SUBJECTS = re.compile(
    r"[\s\[【(（]*(auto(matic)?[ -]?(reply|response)|auto:|out of (the )?office|vacation reply|"
    r"自動(返信|応答|回答|送信)|不在(通知|応答|連絡))",
    re.IGNORECASE,
)

Headers = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a delivery of ours. ``key`` is the same whenever, and from wherever, this mail is read."""

    delivery_id: int
    key: str


def read_reply(head: bytes, own_addresses: Collection[str] = ()) -> Reply | None:
    """The answer that a mail with this head is; None: it answers none of our messages, or no person wrote it.

    ``own_addresses``: the shop's, in lower case.
    """
    headers = read_headers(head)
    delivery_id = answered_delivery(headers)
    if delivery_id is None or is_automatic(headers):
        return None
    sender = sender_of(headers)
    if not sender or sender in own_addresses:
        return None
    return Reply(delivery_id, reply_key(headers))


def read_headers(head: bytes) -> dict[str, list[str]]:
    """Headers by their names in lower case, unfolded. What is no header is passed over, what is too much cut off."""
    text = head[:_MOST_LETTERS].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    found: dict[str, list[str]] = {}
    values: list[str] | None = None
    for line in text.split("\n"):
        if line[:1] in {" ", "\t"}:
            if values:
                values[-1] += " " + line.strip()
            continue
        if not line:
            if found:
                break  # the body begins
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip()
        values = found.setdefault(name.lower(), []) if colon and _NAME.fullmatch(name) else None
        if values is not None:
            values.append(value.strip())
    return found


def answered_delivery(headers: Headers) -> int | None:
    """The delivery whose Message-ID this mail answers: one that was signed here. The nearest in the thread counts."""
    nearest = [id_ for value in headers.get("in-reply-to", ()) for id_ in message_ids(value)]
    thread = [id_ for value in headers.get("references", ()) for id_ in message_ids(value)]
    return first_of_ours([*nearest, *reversed(thread)])


def first_of_ours(ids: Iterable[str]) -> int | None:
    """The delivery of the first of these Message-IDs that was made here."""
    return next((found for found in map(delivery_of_message_id, ids) if found is not None), None)


def message_ids(value: str) -> list[str]:
    """The Message-IDs in a header, without their angle brackets, which some programs leave out."""
    return _ID.findall(value) or _BARE_ID.findall(value)


def delivery_of_message_id(message_id: str) -> int | None:
    """The delivery that a Message-ID was made for, or None when it was not made here."""
    token, at, _host = message_id.strip().removeprefix("<").removesuffix(">").strip().rpartition("@")
    return parse_token(token) if at else None


def is_automatic(headers: Headers) -> bool:
    """Whether a machine sent this: an absence notice, a report, a list (RFC 3834, and what programs did before it)."""
    if any(_first_word(value) != "no" for value in headers.get("auto-submitted", ())):
        return True
    if any(_first_word(value) in _PRECEDENCES for value in headers.get("precedence", ())):
        return True
    if any(_first_word(value) != "no" for name in _TELLS_OF_A_MACHINE for value in headers.get(name, ())):
        return True
    if any(re.fullmatch(r"(<\s*>)?", value) for value in headers.get("return-path", ())):
        return True
    if any(_first_word(value) == "multipart/report" for value in headers.get("content-type", ())):
        return True  # of a bounce, or that somebody's program has shown it
    if _MACHINES.fullmatch(sender_of(headers).partition("@")[0]):
        return True
    return any(_SUBJECTS.match(_decoded(value)) for value in headers.get("subject", ()))


def sender_of(headers: Headers) -> str:
    """The address in From, in lower case; empty when there is none. What stands in its name is no address."""
    for value in headers.get("from", ()):
        in_angles = _IN_ANGLES.findall(value)
        found = _ADDRESS.findall(in_angles[-1] if in_angles else value)
        if found:
            return str(found[-1]).lower()
    return ""


def reply_key(headers: Headers) -> str:
    """By which a reply counts once: made of its own Message-ID or, of a mail without one, of what else it says."""
    own = [id_ for value in headers.get("message-id", ()) for id_ in message_ids(value)][:1]
    if not own:
        own = [value for name in ("from", "date", "in-reply-to", "references") for value in headers.get(name, ())]
    return key_of(*own)


def key_of(*parts: str) -> str:
    """The key of a reply with this Message-ID."""
    return "reply:" + sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _first_word(value: str) -> str:
    return re.split(r"[\s;(]", value.strip().lower(), maxsplit=1)[0]


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value[:500])))
    except (HeaderParseError, LookupError, ValueError):
        return value
