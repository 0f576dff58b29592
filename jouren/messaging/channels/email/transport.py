"""Several SMTP connections worked by one thread: whichever can go on does."""

from __future__ import annotations

import itertools
import logging
import selectors
import smtplib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import Future

from jouren.core.config import SmtpAddress
from jouren.core.errors import JourenError
from jouren.core.relay import CONNECT_ERRORS, Trouble, connect, trouble_of
from jouren.messaging.channels.base import Fate, Handover, Outcome
from jouren.messaging.channels.email.connection import Connection, Phase

logger = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
# Asking again and again with a wrong password gets accounts locked.
_PERMANENT_PAUSE = 300.0
_OPENERS = 8
_GRACE_SECONDS = 0.03  # how long the quick wait for the slow


class SmtpTransport:
    """Connections to one relay, numbered from 0; ``address()`` says where it is. A broken one is replaced; one thread
    uses it.

    Connections are opened in helper threads, so that a relay that is slow to greet holds up no letter. While the relay
    cannot be reached no letter is asked for: the deliveries stay planned, and connecting is tried again after a pause.
    """

    def __init__(self, address: Callable[[], SmtpAddress], hostname: str) -> None:
        self._address = address
        self._hostname = hostname
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, Connection] = {}
        self._opening: dict[int, Future[smtplib.SMTP]] = {}
        self._ended: list[Outcome] = []
        self._busy = 0
        self._pause = _FIRST_PAUSE
        self._no_connecting_before = 0.0
        self._is_known_well = False
        self._news: list[Trouble | None] = []

    def ready(self, wanted: int, lines: int, letters: int, wait: float = 0.0) -> list[int]:
        """A connection's number for each letter that it can take now, connections in turn.

        Opens more while fewer than ``wanted`` are open, up to ``lines``; idle ones beyond ``lines`` are closed.
        """
        self._collect(0.0)
        self._drop_idle(lines)
        self._open_up_to(min(wanted, lines))
        if wait and not self._connections and self._opening:
            futures.wait(self._opening.values(), wait, futures.FIRST_COMPLETED)
        self._adopt_opened()
        room = {line: letters - connection.carries for line, connection in self._connections.items()}
        return [line for turn in range(letters) for line, places in room.items() if places > turn]

    def send(self, letters: Sequence[Handover]) -> None:
        """Begin to hand over these letters, those of one connection one after the other."""
        for handover in letters:
            connection = self._connections.get(handover.line)
            if connection is None:  # it broke with the letter before
                self._ended.append(Outcome(handover.key, Fate.NOT_BEGUN))
                continue
            self._busy += 1
            connection.add(handover)
            self._look_after(connection)

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

    def recall(self) -> None:
        """Begin no more letters: those that wait behind another end as not begun."""
        for connection in list(self._connections.values()):
            connection.recall()
            self._look_after(connection)

    def news(self) -> list[Trouble | None]:
        """What became known of the relay: a trouble for each failure to connect, None for the first success after."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Close all connections; letters under way are left to their fate."""
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
                connection.writable()
            if events & selectors.EVENT_READ and connection.phase is not Phase.CLOSED:
                connection.readable()
            self._look_after(connection)

    def _look_after(self, connection: Connection) -> None:
        """Take over what has ended on a connection, and watch it for what it waits for now."""
        if connection.ended:
            self._busy -= len(connection.ended)
            self._ended += connection.ended
            connection.ended.clear()
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
            connection.fail("The server did not answer in time.")
            self._look_after(connection)

    def _drop_idle(self, most: int) -> None:
        before = time.monotonic() - IDLE_SECONDS
        for connection in [c for c in self._connections.values() if c.phase is Phase.IDLE]:
            if connection.last_used < before or len(self._connections) > most:
                self._forget(connection)
                connection.close()

    def _open_up_to(self, wanted: int) -> None:
        if time.monotonic() < self._no_connecting_before:
            return
        for line in itertools.count():
            if len(self._connections) + len(self._opening) >= wanted:
                return
            if self._opening and not self._is_known_well:
                return  # one at a time, until one succeeds: a wrong password is not tried eight times at once
            if len(self._opening) >= _OPENERS:
                return
            if line not in self._connections and line not in self._opening:
                self._opening[line] = self._open_in_background()

    def _adopt_opened(self) -> None:
        for line in [line for line, future in self._opening.items() if future.done()]:
            future = self._opening.pop(line)
            try:
                connection = Connection(line, future.result())
            except CONNECT_ERRORS as error:
                self._wait_before_connecting(error)
                continue
            self._pause = _FIRST_PAUSE
            if not self._is_known_well:
                self._is_known_well = True
                self._news.append(None)
            self._connections[line] = connection
            self._selector.register(connection.watched, connection.wanted, connection)

    def _wait_before_connecting(self, error: Exception) -> None:
        if time.monotonic() < self._no_connecting_before:
            return
        trouble = trouble_of(error, self._known_address())
        self._no_connecting_before = time.monotonic() + (_PERMANENT_PAUSE if trouble.is_permanent else self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self._is_known_well = False
        self._news.append(trouble)
        logger.warning("The mail relay cannot be used now (%s): %s", trouble.kind, trouble.detail)

    def _open_in_background(self) -> Future[smtplib.SMTP]:
        # A daemon, for which nobody waits: a relay that does not answer must not keep this process from ending.
        opened: Future[smtplib.SMTP] = Future()
        threading.Thread(target=self._open, args=(opened,), name="smtp-open", daemon=True).start()
        return opened

    def _open(self, opened: Future[smtplib.SMTP]) -> None:
        try:
            opened.set_result(connect(self._address(), self._hostname))
        except BaseException as error:
            opened.set_exception(error)

    def _known_address(self) -> SmtpAddress | None:
        try:
            return self._address()
        except JourenError:
            return None


def _close_opened(future: Future[smtplib.SMTP]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().close()
