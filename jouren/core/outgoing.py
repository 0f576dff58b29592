"""Calls over HTTP to addresses that somebody else has written: careful where, how long and how much.

Only :mod:`~jouren.core.destinations` decides who may be called. Redirects are not followed, proxies of the environment
not used; an answer is read for ten seconds and up to 64 KB, headers included. Nothing is logged here, since addresses,
headers and bodies may hold secrets.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jouren.core.destinations import Address, Destination, NameNotFound, Resolve, addresses_of, read_destination
from jouren.core.errors import JourenError

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MAX_ANSWER_BYTES = 65_536
_PIECE = 4_096


class CallFailed(JourenError):
    """A call got no answer; it may get one another time.

    ``reason`` is ``"name"`` (the host is not known), ``"connection"``, ``"certificate"``, ``"timeout"`` or ``"answer"``
    (what came was no HTTP).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """What came back. ``body`` may be cut off; ``headers`` have small letters and, of equal ones, the last."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def post(url: str, body: bytes, headers: Mapping[str, str], *, resolve: Resolve | None = None) -> Answer:
    """Send ``body`` to ``url`` and return the answer, whatever its status.

    ``resolve(host, port)`` gives the host's addresses as texts; the system's resolver, if not given.

    Raises:
        ForbiddenDestination: the address may not be called, now or ever.
        CallFailed: there was no answer.
        ValueError: a header cannot be sent.
    """
    destination = read_destination(url)
    end = time.monotonic() + TOTAL_SECONDS
    connected_by = time.monotonic() + CONNECT_SECONDS
    try:
        addresses = addresses_of(destination, connected_by - time.monotonic(), resolve)
        with _connect(destination, addresses, connected_by) as line:
            return _exchange(_Line(line, end), destination, body, headers)
    except NameNotFound as error:
        raise CallFailed("name") from error
    except ssl.SSLCertVerificationError as error:
        raise CallFailed("certificate") from error
    except TimeoutError as error:
        raise CallFailed("timeout") from error
    except http.client.HTTPException as error:
        raise CallFailed("answer") from error
    except OSError as error:
        raise CallFailed("connection") from error


def _connect(destination: Destination, addresses: Sequence[Address], by: float) -> socket.socket:
    """A connection to the first of the addresses that takes one; each has an equal part of the time that is left."""
    last: OSError = OSError()
    for position, address in enumerate(addresses):
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(_left(by) / (len(addresses) - position))
            line.connect((str(address), destination.port))
            if destination.scheme != "https":
                return line
            line.settimeout(_left(by))
            return _tls().wrap_socket(line, server_hostname=destination.host)
        except ssl.SSLCertVerificationError:
            line.close()
            raise
        except OSError as error:
            line.close()
            last = error
    raise last


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _exchange(line: _Line, destination: Destination, body: bytes, headers: Mapping[str, str]) -> Answer:
    talk = http.client.HTTPConnection(destination.host)
    talk.sock = line
    talk.putrequest("POST", destination.target, skip_host=True, skip_accept_encoding=True)
    own = {"Host": destination.authority, "Connection": "close", "Content-Length": str(len(body))}
    for name, value in {**headers, **own}.items():
        talk.putheader(name, value)
    talk.endheaders(body)
    answer = talk.getresponse()
    return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, _read(answer))


def _read(answer: http.client.HTTPResponse) -> bytes:
    """As much of the body as comes: the status is said by now, and the line takes no more than it may."""
    parts: list[bytes] = []
    with contextlib.suppress(http.client.HTTPException, OSError):
        while part := answer.read(_PIECE):
            parts.append(part)
    return b"".join(parts)


class _Line:
    """A socket as ``http.client`` uses it, which keeps to one end for all of a call, and takes no more than it may."""

    def __init__(self, line: socket.socket, end: float) -> None:
        self._line = line
        self._end = end
        self._room = MAX_ANSWER_BYTES

    def sendall(self, data: bytes) -> None:
        self._line.settimeout(_left(self._end))
        self._line.sendall(data)

    def makefile(self, *_args: Any, **_options: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def receive_into(self, buffer: memoryview) -> int:
        if self._room == 0:
            return 0
        self._line.settimeout(_left(self._end))
        count = self._line.recv_into(buffer[: self._room])
        self._room -= count
        return count

    def close(self) -> None:
        """Nothing: ``http.client`` closes its end before the answer is read."""


class _Reader(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive_into(memoryview(buffer))
