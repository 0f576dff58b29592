"""A mail server for tests that does what a test tells it: refuses, hangs, breaks the line."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

HANG_UP = b"hang up"
SAY_NOTHING = b"say nothing"


class ScriptedServer(socketserver.ThreadingTCPServer):
    """Takes every letter, unless ``script(command, argument)`` answers otherwise.

    ``command`` is ``MAIL``, ``RCPT``, ``DATA`` or ``.`` (the end of a letter, with its recipient as argument); the
    answer is a reply line, ``HANG_UP``, ``SAY_NOTHING``, or None for the usual.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.script: Callable[[str, str], bytes | None] = lambda command, argument: None
        self.offers_pipelining = True
        self.keeps_bodies = True  # of ten thousands of letters the headers are enough
        self.asks_for_data_anyway = False  # RFC 2920 3.2: a server may say 354 though it refused every recipient
        self.letters: list[tuple[str, bytes]] = []
        self.commands: list[str] = []
        self.lock = threading.Lock()
        self._is_dead = False
        self._open: set[socket.socket] = set()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def die(self) -> None:
        """Break every line at once, and hang up on whoever calls, until :meth:`rise`."""
        with self.lock:
            self._is_dead = True
            for line in self._open:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def rise(self) -> None:
        """Answer again."""
        with self.lock:
            self._is_dead = False

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            if not self._is_dead:
                self._open.add(request)
            is_dead = self._is_dead
        if is_dead:
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self.lock:
            self._open.discard(request)
        super().shutdown_request(request)

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _data in self.letters]

    def mail_to(self, recipient: str) -> EmailMessage:
        """The one mail that this address got."""
        (mail,) = self.mails_to(recipient)
        return mail

    def mails_to(self, recipient: str) -> list[EmailMessage]:
        """All that this address got, in the order of arrival."""
        with self.lock:
            mine = [data for address, data in self.letters if address == recipient]
        return [message_from_bytes(data, _class=EmailMessage, policy=policy.default) for data in mine]


class _Conversation(socketserver.StreamRequestHandler):
    server: ScriptedServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        # A sender that was killed resets its connections.
        with suppress(ConnectionError):
            self._converse()

    def _converse(self) -> None:
        self._recipient = ""
        self._is_refused = False
        self._say(b"220 test")
        while line := self.rfile.readline():
            verb = line[:4].decode("ascii", "replace").upper().strip()
            argument = line[4:].decode("utf-8", "replace").strip()
            with self.server.lock:
                self.server.commands.append(line.decode("utf-8", "replace").strip())
            if verb == "QUIT" or not self._answer(verb, argument):
                return

    def _answer(self, verb: str, argument: str) -> bool:
        if verb == "EHLO":
            self._say(b"250-test\r\n250 PIPELINING" if self.server.offers_pipelining else b"250 test")
            return True
        if verb in {"MAIL", "RSET"}:
            self._is_refused = False
        if verb == "RCPT":
            self._recipient = argument.partition("<")[2].partition(">")[0]
            argument = self._recipient
        if verb == "DATA":
            argument = self._recipient
        answer = self.server.script(verb, argument)
        if answer is not None:
            self._is_refused = self._is_refused or answer >= b"4"
            return self._scripted(answer)
        if verb == "DATA" and self._is_refused and not self.server.asks_for_data_anyway:
            self._say(b"503 no valid recipients")
            return True
        if verb == "DATA":
            self._say(b"354 go on")
            return self._letter()
        self._say(b"250 ok")
        return True

    def _letter(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) and line != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            return False
        if self._is_refused:
            assert lines == []
            self._say(b"554 no valid recipients")
            return True
        answer = self.server.script(".", self._recipient)
        if answer is None or answer.startswith(b"2") or answer == HANG_UP:
            with self.server.lock:
                self.server.letters.append((self._recipient, self._kept(lines)))
        if answer is not None:
            return self._scripted(answer)
        self._say(b"250 taken")
        return True

    def _kept(self, lines: list[bytes]) -> bytes:
        whole = b"".join(lines)
        return whole if self.server.keeps_bodies else whole.partition(b"\r\n\r\n")[0]

    def _scripted(self, answer: bytes) -> bool:
        if answer == HANG_UP:
            return False
        if answer != SAY_NOTHING:
            self._say(answer)
        return True

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """A running server."""
    with ScriptedServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def text_of(message: EmailMessage, kind: str) -> str:
    """The plain or HTML body of a mail."""
    part: Any = message.get_body((kind,))
    return str(part.get_content())
