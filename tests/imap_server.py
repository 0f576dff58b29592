"""A mailbox for tests that does what a test tells it: refuses, breaks the line, answers nonsense."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from jouren.core.config import ImapAddress

USER, PASSWORD = "shop@example.jp", "p@ss word"
HANG_UP = b"hang up"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass
class StoredMail:
    """A mail as it lies in the folder."""

    uid: int
    raw: bytes
    arrived_at: datetime


class ScriptedMailbox(socketserver.ThreadingTCPServer):
    """One folder of one user. ``script(command, line)`` may answer instead: bytes with ``TAG`` for the tag, and
    ``HANG_UP`` at their end to break the line after them.

    ``command`` is ``LOGIN``, ``EXAMINE``, ``SEARCH``, ``FETCH`` and so on, those of UID without it.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None, security: str = "none") -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.context, self.security = context, security
        self.script: Callable[[str, str], bytes | None] = lambda command, line: None
        self.capabilities = "IMAP4rev1"
        self.greeting = b"* OK ready\r\n"
        self.user, self.password, self.folder = USER, PASSWORD, "INBOX"
        self.uid_validity = 7
        self.tells_uid_next = True
        self.mails: list[StoredMail] = []
        self.commands: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> ImapAddress:
        """Where it is, as a setting has it."""
        host = "127.0.0.1" if self.context is None else "localhost"
        return ImapAddress(host, self.port, self.user, self.password, self.security, self.folder)

    def put(self, raw: bytes | str, *, uid: int | None = None, arrived_at: datetime | None = None) -> int:
        """A new mail comes. Returns its UID."""
        data = (raw.encode() if isinstance(raw, str) else raw).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if uid is None:
            uid = self.mails[-1].uid + 1 if self.mails else 1
        self.mails.append(StoredMail(uid, data, arrived_at or datetime.now(UTC)))
        return uid

    def asked(self, command: str) -> list[str]:
        """All lines of a command that came."""
        return [line for line in self.commands if line.upper().removeprefix("UID ").startswith(command)]


class _Conversation(socketserver.StreamRequestHandler):
    server: ScriptedMailbox
    timeout = 10

    def _encrypt(self) -> None:
        assert self.server.context is not None
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.setup()

    def handle(self) -> None:
        with suppress(OSError):  # the client has hung up
            if self.server.security == "tls":
                self._encrypt()
            self._talk()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()

    def _talk(self) -> None:
        self.wfile.write(self.server.greeting)
        while line := self.rfile.readline(65_536):
            tag, _space, rest = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
            self.server.commands.append(rest)
            command = rest.upper().removeprefix("UID ").partition(" ")[0]
            scripted = self.server.script(command, rest)
            if scripted is not None and scripted.endswith(HANG_UP):
                self.wfile.write(scripted.removesuffix(HANG_UP))
                return
            answer = scripted if scripted is not None else self._answer(command, rest)
            self.wfile.write(answer.replace(b"TAG", tag.encode()))
            if command == "STARTTLS" and scripted is None:
                self._encrypt()
            if command == "LOGOUT":
                return

    def _answer(self, command: str, line: str) -> bytes:
        match command:
            case "CAPABILITY":
                return b"* CAPABILITY %s\r\nTAG OK done\r\n" % self.server.capabilities.encode()
            case "LOGIN":
                told = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
                good = told == [self.server.user, self.server.password]
                return b"TAG OK in\r\n" if good else b"TAG NO [AUTHENTICATIONFAILED] no such login\r\n"
            case "AUTHENTICATE":
                self.wfile.write(b"+ \r\n")
                good = b64decode(self.rfile.readline()) == f"\0{self.server.user}\0{self.server.password}".encode()
                return b"TAG OK in\r\n" if good else b"TAG NO [AUTHENTICATIONFAILED] no such login\r\n"
            case "EXAMINE":
                return self._examine(line)
            case "SEARCH":
                found = " ".join(str(mail.uid) for mail in self.server.mails if self._matches(mail, line))
                return f"* SEARCH {found}".rstrip().encode() + b"\r\nTAG OK done\r\n"
            case "FETCH":
                wanted = {int(number) for number in line.split()[2].split(",")}
                parts = [self._head(n, mail) for n, mail in enumerate(self.server.mails, 1) if mail.uid in wanted]
                return b"".join(parts) + b"TAG OK done\r\n"
            case "LOGOUT":
                return b"* BYE\r\nTAG OK bye\r\n"
            case "STARTTLS":
                return b"TAG OK begin\r\n"
            case _:
                return b"TAG BAD unknown\r\n"

    def _examine(self, line: str) -> bytes:
        if line != f'EXAMINE "{self.server.folder}"':
            return b"TAG NO [NONEXISTENT] Unknown Mailbox\r\n"
        mails = self.server.mails
        told = [f"* {len(mails)} EXISTS", f"* OK [UIDVALIDITY {self.server.uid_validity}] valid"]
        if self.server.tells_uid_next:
            told.append(f"* OK [UIDNEXT {mails[-1].uid + 1 if mails else 1}] next")
        return "\r\n".join([*told, "TAG OK [READ-ONLY] open", ""]).encode()

    def _matches(self, mail: StoredMail, line: str) -> bool:
        if since := re.search(r"SINCE (\d+)-(\w+)-(\d+)", line):
            day = datetime(int(since[3]), _MONTHS.index(since[2]) + 1, int(since[1]), tzinfo=UTC)
            return mail.arrived_at >= day
        if first := re.search(r"UID (\d+):\*", line):
            # As RFC 3501 has it: * is the last mail, and a range may be told backwards.
            return mail.uid >= int(first[1]) or mail is self.server.mails[-1]
        return True

    def _head(self, number: int, mail: StoredMail) -> bytes:
        size = 16_384
        head = (mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")[:size]
        at = mail.arrived_at.strftime(f"%d-{_MONTHS[mail.arrived_at.month - 1]}-%Y %H:%M:%S +0000")
        told = f'* {number} FETCH (UID {mail.uid} INTERNALDATE "{at}" BODY[HEADER.FIELDS (FROM)]<0> {{{len(head)}}}\r\n'
        return told.encode() + head + b")\r\n"


@contextmanager
def scripted_mailbox(context: ssl.SSLContext | None = None, security: str = "none") -> Iterator[ScriptedMailbox]:
    """A running mailbox. ``context``: of a server that encrypts, by ``security`` from the start or when asked."""
    with ScriptedMailbox(context, security) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
