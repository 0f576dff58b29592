"""Mail as bytes. What is the same for everybody is built once a version; the rest is filled in for each person.

Nothing that comes from outside reaches a header unchecked: names and subjects become encoded words (RFC 2047),
addresses are checked, and both bodies are base64, so that no line can end the mail early or need dot-stuffing.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from jouren.messaging.channels.base import Letter, LetterOrder, Sender
from jouren.messaging.errors import DeliveryError
from jouren.messaging.templating import Templates
from jouren.messaging.vocabulary import Kind

_LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_PLAIN_HEADER = re.compile(r"[A-Za-z0-9 .,!'()/:+_-]{1,60}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_WORD_BYTES = 45  # of UTF-8 in one encoded word: 60 in base64, 72 with its marks (RFC 2047: 75 at most)


def mail_address(value: str) -> str:
    """An address as SMTP takes it, its domain in ASCII. Odd old local parts (two dots) pass.

    Raises:
        DeliveryError: it cannot be written in a mail (permanent).
    """
    local, at, domain = value.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii") if domain else ""
    except UnicodeError:
        ascii_domain = ""
    if not (at and _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(ascii_domain)):
        raise DeliveryError("The address cannot be used for mail.", permanent=True, code=0, enhanced="5.1.3")
    return f"{local}@{ascii_domain}"


def encode_words(text: str) -> bytes:
    """A header's text: as it is when plain, else as encoded words folded over lines."""
    text = _CONTROLS.sub(" ", text).strip()
    if not text or _PLAIN_HEADER.fullmatch(text):
        return text.encode("ascii")
    words, piece, size = [], "", 0
    for character in text:
        length = len(character.encode("utf-8", "replace"))
        if size + length > _WORD_BYTES:
            words.append(piece)
            piece, size = "", 0
        piece += character
        size += length
    words.append(piece)
    return b"\r\n ".join(
        b"=?utf-8?b?%s?=" % binascii.b2a_base64(word.encode("utf-8", "replace"), newline=False) for word in words
    )


def base64_lines(text: str) -> bytes:
    """Text as UTF-8 in base64, in lines of 76 characters that end in CRLF."""
    encoded = binascii.b2a_base64(text.encode("utf-8", "replace"), newline=False)
    return b"\r\n".join([encoded[start : start + 76] for start in range(0, len(encoded), 76)]) + b"\r\n"


@dataclass(frozen=True)
class _Form:
    """A version's parts that are the same for everybody."""

    head: bytes
    boundary: bytes
    is_marketing: bool


class EmailWriter:
    """Writes mails of published versions for one sender. Belongs to one thread."""

    REMEMBERED = 200

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self._templates = Templates()
        self._forms: dict[int, _Form] = {}
        self._from = mail_address(sender.address)
        self._address_line = b"<%s>" % self._from.encode("ascii")

    def knows(self, version_id: int) -> bool:
        return version_id in self._forms

    def learn(self, version_id: int, body: Mapping[str, Any], kind: str) -> None:
        """Compile a version's body. Raises TemplateProblem."""
        if len(self._forms) >= self.REMEMBERED:
            oldest = next(iter(self._forms))
            del self._forms[oldest]
            for part in ("subject", "text", "html"):
                self._templates.remove(f"{oldest}.{part}")
        for part in ("subject", "text", "html"):
            self._templates.add(f"{version_id}.{part}", body[part])
        boundary = b"=_jouren_%d" % version_id
        self._forms[version_id] = _Form(self._head(boundary), boundary, kind != Kind.TRANSACTIONAL)

    def _head(self, boundary: bytes) -> bytes:
        lines = [b"From: " + b" ".join(filter(None, (self._phrase(self.sender.name), self._address_line)))]
        if self.sender.reply_to:
            lines.append(b"Reply-To: <%s>" % mail_address(self.sender.reply_to).encode("ascii"))
        lines += [
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/alternative; boundary="%s"' % boundary,
        ]
        return b"\r\n".join(lines) + b"\r\n"

    @staticmethod
    def _phrase(name: str) -> bytes:
        words = encode_words(name)
        return b'"%s"' % words if words and not words.startswith(b"=?") else words

    def write(self, order: LetterOrder, now: datetime) -> Letter:
        """The mail for one person. Raises TemplateProblem, DeliveryError."""
        form = self._forms[order.version_id]
        recipient = mail_address(order.address)
        base = self.sender.base_url
        variables = {**order.variables, **link_variables(base, order.token)}
        subject, text, html = (
            self._templates.render(f"{order.version_id}.{part}", variables) for part in ("subject", "text", "html")
        )
        head = [
            form.head,
            b"To: <%s>\r\nSubject: " % recipient.encode("ascii"),
            encode_words(subject),
            b"\r\nDate: %s\r\nMessage-ID: <%s>\r\n"
            % (format_datetime(now).encode("ascii"), order.message_id.encode("ascii")),
        ]
        if form.is_marketing:
            head.append(
                b"List-Unsubscribe: <%s>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                % variables["unsubscribe_url"].encode("ascii")
            )
        data = b"".join([*head, b"\r\n", *_parts(form.boundary, text, html)])
        return Letter(self._from, recipient, data)


def link_variables(base_url: str, token: str) -> dict[str, str]:
    """The addresses that belong to one delivery, by the names that templates use. ``media_base``: where pictures of our
    own are, before their paths.
    """
    return {
        "unsubscribe_url": f"{base_url}/u/{token}",
        "preference_url": f"{base_url}/p/{token}",
        "link_base": f"{base_url}/c/{token}",
        "pixel_url": f"{base_url}/o/{token}.gif",
        "media_base": base_url,
    }


def _parts(boundary: bytes, text: str, html: str) -> list[bytes]:
    opening = b"--%s\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return [
        opening % (boundary, b"plain"),
        base64_lines(text),
        opening % (boundary, b"html"),
        base64_lines(html),
        b"--%s--\r\n" % boundary,
    ]
