"""A web server for tests that keeps what it is sent, and answers as a test tells it to, also badly."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

CERTIFICATE = Path(__file__).parent / "certificates" / "hooks.example.pem"
"""The certificate and key of ``hooks.example``, signed by nobody but itself."""


class Call(NamedTuple):
    """One request as it came. The names of ``headers`` are in small letters."""

    line: str
    headers: dict[str, str]
    body: bytes


class WebServer(socketserver.ThreadingTCPServer):
    """Answers each call with the next of ``answers``, raw bytes, the last of them again and again.

    An empty answer means: say nothing until the caller goes away.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.answers = [answer(200)]
        self.pause = 0.0  # seconds between two bytes of an answer
        self.calls: list[Call] = []
        self.lock = threading.Lock()
        self.has_calls = threading.Semaphore(0)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def next_answer(self) -> bytes:
        with self.lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Conversation(socketserver.StreamRequestHandler):
    server: WebServer
    timeout = 30

    def handle(self) -> None:
        with suppress(OSError, ssl.SSLError):
            self._talk()

    def _talk(self) -> None:
        line = self.rfile.readline().decode().strip()
        headers = {}
        while field := self.rfile.readline().decode().strip():
            name, _colon, value = field.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        with self.server.lock:
            self.server.calls.append(Call(line, headers, body))
        self.server.has_calls.release()
        said = self.server.next_answer()
        for piece in [said[at : at + 1] for at in range(len(said))] if self.server.pause else [said]:
            self.wfile.write(piece)
            threading.Event().wait(self.server.pause)
        if not said:
            self.rfile.read(1)


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A well-formed answer. ``retry_after`` is the header Retry-After."""
    fields = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


@contextmanager
def web_server(context: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """A server that runs while the context lasts."""
    server = WebServer(context)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
