"""Many SMTP connections worked in lock step by one thread: write to all, then read from all."""

from __future__ import annotations

import logging
import selectors
import smtplib
import time
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor

from jouren.core.config import SmtpAddress
from jouren.core.errors import JourenError
from jouren.messaging.channels.base import Letter, Outcome
from jouren.messaging.channels.email.connection import Connection, Phase, connect

logger = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_OPENERS = 8
_GRACE_SECONDS = 0.03  # how long the quick wait for the slow


class SmtpTransport:
    """Up to ``size`` connections to one relay, numbered from 0; ``address()`` says where it is. A broken one is
    replaced; one thread uses it.

    Connections are opened in helper threads, so that a relay that is slow to greet holds up no letter. While the relay
    cannot be reached no letter is asked for: the deliveries stay planned, and connecting is tried again after a pause.
    """

    def __init__(self, address: Callable[[], SmtpAddress], size: int, hostname: str) -> None:
        self._address = address
        self._size = size
        self._hostname = hostname
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, Connection] = {}
        self._opening: dict[int, Future[smtplib.SMTP]] = {}
        self._ended: list[Outcome] = []
        self._busy = 0
        self._pause = _FIRST_PAUSE
        self._no_connecting_before = 0.0
        self._openers = ThreadPoolExecutor(_OPENERS, thread_name_prefix="smtp-open")

    def ready(self, wanted: int, wait: float = 0.0) -> list[int]:
        """Numbers of the connections that can take a letter now; opens more while fewer than ``wanted`` are open."""
        self._collect(0.0)
        self._drop_idle()
        self._open_up_to(min(wanted, self._size))
        if wait and not self._connections and self._opening:
            futures.wait(self._opening.values(), wait, futures.FIRST_COMPLETED)
        self._adopt_opened()
        return [line for line, connection in self._connections.items() if connection.phase is Phase.IDLE]

    def send(self, letters: Sequence[tuple[int, Letter]]) -> None:
        """Begin to hand over one letter on each of these connections."""
        for line, letter in letters:
            connection = self._connections[line]
            self._busy += 1
            self._take(connection, connection.begin(letter))

    def poll(self, timeout: float) -> list[Outcome]:
        """What has ended, waiting up to ``timeout`` seconds for all; less once only stragglers are left."""
        until = time.monotonic() + timeout
        stragglers = self._busy // 4
        while self._busy and (left := until - time.monotonic()) > 0:
            self._collect(left)
            if self._busy <= stragglers:
                until, stragglers = min(until, time.monotonic() + _GRACE_SECONDS), -1
        self._end_overdue()
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Close all connections; letters under way are left to their fate."""
        self._openers.shutdown(wait=False, cancel_futures=True)
        for future in self._opening.values():
            future.add_done_callback(_close_opened)
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()
        self._selector.close()

    def _collect(self, timeout: float) -> None:
        if not self._connections:
            return
        for key, events in self._selector.select(timeout):
            connection: Connection = key.data
            if events & selectors.EVENT_WRITE and connection.phase is not Phase.CLOSED:
                self._take(connection, connection.writable())
            if events & selectors.EVENT_READ and connection.phase is not Phase.CLOSED:
                self._take(connection, connection.readable())

    def _take(self, connection: Connection, outcome: Outcome | None) -> None:
        if outcome is not None:
            self._busy -= 1
            self._ended.append(outcome)
        if connection.phase is Phase.CLOSED:
            self._forget(connection)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
        if connection.wanted != wanted:
            connection.wanted = wanted
            self._selector.modify(connection.watched, wanted, connection)

    def _forget(self, connection: Connection) -> None:
        if self._connections.get(connection.line) is connection:
            del self._connections[connection.line]
            self._selector.unregister(connection.watched)

    def _end_overdue(self) -> None:
        if not self._busy:
            return
        now = time.monotonic()
        for connection in [c for c in self._connections.values() if c.deadline < now]:
            self._take(connection, connection.fail("The server did not answer in time."))

    def _drop_idle(self) -> None:
        before = time.monotonic() - IDLE_SECONDS
        for connection in [c for c in self._connections.values() if c.phase is Phase.IDLE and c.last_used < before]:
            self._forget(connection)
            connection.close()

    def _open_up_to(self, wanted: int) -> None:
        if time.monotonic() < self._no_connecting_before:
            return
        for line in range(self._size):
            if len(self._connections) + len(self._opening) >= wanted:
                return
            if line not in self._connections and line not in self._opening:
                self._opening[line] = self._openers.submit(self._connect)

    def _adopt_opened(self) -> None:
        for line in [line for line, future in self._opening.items() if future.done()]:
            future = self._opening.pop(line)
            try:
                connection = Connection(line, future.result())
            except (OSError, smtplib.SMTPException, JourenError) as error:
                self._wait_before_connecting(error)
                continue
            self._pause = _FIRST_PAUSE
            self._connections[line] = connection
            self._selector.register(connection.watched, connection.wanted, connection)

    def _wait_before_connecting(self, error: Exception) -> None:
        if time.monotonic() < self._no_connecting_before:
            return
        self._no_connecting_before = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        logger.warning("The mail relay cannot be used now: %s", error)

    def _connect(self) -> smtplib.SMTP:
        return connect(self._address(), self._hostname)


def _close_opened(future: Future[smtplib.SMTP]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()
