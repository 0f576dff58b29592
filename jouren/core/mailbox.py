"""The local mail sink: an SMTP server that keeps what it gets as files, and the functions that read them.

It stands in for a relay while ``JOUREN_EMAIL_URL`` is unset, so that a new installation shows its mail without
sending any. Whoever of the processes holds the lock on ``sink.lock`` serves; the address is in ``sink.json``.
"""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from jouren.core.config import Config, SmtpAddress
from jouren.core.errors import JourenError

logger = logging.getLogger(__name__)

_ID = re.compile(r"^\d{20}-\d{1,10}-\d{1,10}$", re.ASCII)
_LINK = re.compile(r"https?://[^\s<>\"']+")
_TAKE_OVER_SECONDS = 1.0
_LARGEST_MAIL = 30 * 2**20
_counter = itertools.count()


class MailUnavailable(JourenError):
    """There is no relay set and no local sink listening."""


class NoSuchMail(JourenError):
    """The sink holds no mail of that id."""


@dataclass(frozen=True)
class ReceivedMail:
    """One mail as the sink got it. Everything in it but ``id`` is as the sender wrote it.

    ``dated`` is its Date header: in a sandbox that goes by the shop's clock. Without one that can be read, it is when
    the mail arrived.
    """

    id: str
    dated: datetime
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def smtp_address(config: Config) -> SmtpAddress:
    """Where mail is handed over: the relay that is set, else the local sink.

    Raises:
        MailUnavailable: no relay is set and no sink listens.
    """
    if config.email is not None:
        return config.email
    try:
        found = json.loads((config.home / "sink.json").read_text(encoding="utf-8"))
        return SmtpAddress(str(found["host"]), int(found["port"]))
    except (OSError, ValueError, KeyError):
        raise MailUnavailable(
            "No mail relay is set and the local mail sink does not run. Start it with 'jouren up' or 'jouren worker', "
            "or set JOUREN_EMAIL_URL."
        ) from None


def sink_listens(config: Config) -> bool:
    """True when something accepts connections where the sink should be."""
    try:
        address = smtp_address(config)
        socket.create_connection((address.host, address.port), timeout=2).close()
    except (MailUnavailable, OSError):
        return False
    return True


def serve_sink(config: Config, stop: threading.Event) -> None:
    """Be the sink of this data folder until ``stop`` is set; while another process is, wait to take over."""
    config.mail_folder.mkdir(parents=True, exist_ok=True)
    with (config.home / "sink.lock").open("a") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stop.wait(_TAKE_OVER_SECONDS)
                continue
            asyncio.run(_serve(config, stop))


class _Connection(SMTP):
    """One caller's connection; closed when the caller hangs up, even one who does so before having been greeted."""

    def __init__(self, config: Config, loop: asyncio.AbstractEventLoop, open_ones: set[asyncio.Transport]) -> None:
        super().__init__(_Keeper(config.mail_folder), enable_SMTPUTF8=True, data_size_limit=_LARGEST_MAIL, loop=loop)
        self._open_ones = open_ones

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line = cast(asyncio.Transport, transport)
        self._open_ones.add(self._line)
        super().connection_made(transport)

    def eof_received(self) -> bool:
        super().eof_received()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._open_ones.discard(self._line)
        super().connection_lost(error)


async def _serve(config: Config, stop: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    open_ones: set[asyncio.Transport] = set()
    place = config.home / "sink.json"
    server = await _open(loop, lambda: _Connection(config, loop, open_ones), _former_port(place))
    host, port = server.sockets[0].getsockname()[:2]
    _write_whole(place, json.dumps({"host": host, "port": port, "pid": os.getpid()}).encode())
    logger.info("The local mail sink listens on %s:%s and keeps mail in %s.", host, port, config.mail_folder)
    try:
        await asyncio.to_thread(stop.wait)
    finally:
        place.unlink(missing_ok=True)
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
        await _hang_up(open_ones)  # first: a server that is closed leaves what it has just accepted without an owner
        server.close()


async def _hang_up(open_ones: set[asyncio.Transport]) -> None:
    """Close the connections that are open, and those accepted this moment."""
    while open_ones or asyncio.all_tasks() - {asyncio.current_task()}:
        for transport in tuple(open_ones):
            transport.abort()
        await asyncio.sleep(0)


async def _open(
    loop: asyncio.AbstractEventLoop, connection: Callable[[], asyncio.BaseProtocol], port: int
) -> asyncio.Server:
    """Listen where a former sink did, so that senders find its successor; else on any free port."""
    try:
        return await loop.create_server(connection, "127.0.0.1", port, backlog=512)
    except OSError:
        return await loop.create_server(connection, "127.0.0.1", 0, backlog=512)


def _former_port(place: Path) -> int:
    try:
        return int(json.loads(place.read_text(encoding="utf-8"))["port"])
    except (OSError, ValueError, KeyError):
        return 0


class _Keeper:
    """Writes each mail, whole or not at all, as one file a recipient."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        for recipient in envelope.rcpt_tos:
            head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {recipient}\r\n"
            # In order of arrival when sorted by name; the process id keeps a successor's names apart.
            name = f"{time.time_ns():020d}-{next(_counter)}-{os.getpid()}.eml"
            _write_whole(self._folder / name, head.encode() + content)
        return "250 OK kept"


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_bytes(content)
    draft.replace(path)


def list_mail(config: Config, limit: int = 50, to: str | None = None) -> list[ReceivedMail]:
    """The newest mails, newest first; ``to`` keeps those to that address (case does not matter)."""
    wanted = to.casefold() if to else None
    mails = (_parse(path) for path in _files(config))
    chosen = (mail for mail in mails if mail and (wanted is None or mail.recipient.casefold() == wanted))
    return list(itertools.islice(chosen, limit))


def read_mail(config: Config, mail_id: str) -> ReceivedMail:
    """One mail by its id. Raises :class:`NoSuchMail`, also for text that is no id."""
    mail = _parse(config.mail_folder / f"{mail_id}.eml") if _ID.match(mail_id) else None
    if mail is None:
        raise NoSuchMail(f"There is no mail {mail_id!r}.")
    return mail


def forget_mail(config: Config, addresses: Iterable[str]) -> int:
    """Delete every mail to one of these addresses (case does not matter). Returns how many there were."""
    unwanted = {address.casefold() for address in addresses}
    forgotten = 0
    for path in _files(config):
        if _recipient(path).casefold() in unwanted:
            path.unlink(missing_ok=True)
            forgotten += 1
    return forgotten


def _recipient(path: Path) -> str:
    """The envelope's recipient: the second line of the file, where the sink wrote it."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            next(lines)
            return next(lines).removeprefix("X-Envelope-To:").strip()
    except (FileNotFoundError, StopIteration):
        return ""


def _files(config: Config) -> Iterator[Path]:
    try:
        names = sorted((path.name for path in config.mail_folder.iterdir()), reverse=True)
    except FileNotFoundError:
        return
    for name in names:
        if _ID.match(name.removesuffix(".eml")):
            yield config.mail_folder / name


def _parse(path: Path) -> ReceivedMail | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    text, html = _body(message, "plain"), _body(message, "html")
    return ReceivedMail(
        id=path.stem,
        dated=_date(message) or datetime.fromtimestamp(int(path.name[:20]) / 1e9, UTC),
        sender=_header(message, "From") or _header(message, "X-Envelope-From"),
        recipient=_header(message, "X-Envelope-To"),
        subject=_header(message, "Subject"),
        text=text,
        html=html,
        links=_links(text, html),
        headers=tuple((name, _header(message, name)) for name in dict.fromkeys(message.keys())),
    )


def _date(message: EmailMessage) -> datetime | None:
    try:
        dated = parsedate_to_datetime(_header(message, "Date")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # In a zone to the east it has to exist, too.
    return dated if dated.year < 9999 else None


def _header(message: EmailMessage, name: str) -> str:
    # The parser raises whatever it meets (IndexError, ValueError …) on some malformed headers; a reader must not.
    try:
        return str(message.get(name, ""))
    except Exception:
        return str(dict(message.raw_items()).get(name, ""))


def _body(message: EmailMessage, kind: str) -> str:
    try:
        part = message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""
    except (LookupError, ValueError, AttributeError):  # an unknown charset, a broken encoding
        payload = message.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _links(text: str, html: str) -> tuple[str, ...]:
    finder = _LinkFinder()
    finder.feed(html)
    return tuple(dict.fromkeys([*finder.found, *_LINK.findall(text)]))


class _LinkFinder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
