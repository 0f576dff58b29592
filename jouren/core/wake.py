"""Waking the hot loops soon after there is something for them.

``wake("jouren_react")`` sends a NOTIFY once the caller's transaction has committed, from a thread of this process that
puts many wishes into one. A NOTIFY inside the transactions themselves would make all their commits wait for each
other. A wake that is lost in a crash costs nothing but time: the loops poll.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import DatabaseError, InterfaceError, connection, transaction

logger = logging.getLogger(__name__)

_SPACING_SECONDS = 0.01
_IDLE_SECONDS = 30
_NOTIFY = "SELECT pg_notify(channel, '') FROM unnest(%s::text[]) AS channel"


def wake(channel: str) -> None:
    """Have the loops that listen on ``channel`` look for work, once the current transaction has committed."""
    transaction.on_commit(lambda: _notifier().add(channel))


def settle(seconds: float = 5.0) -> None:
    """Wait until what was wished for has been sent, and let go of the connection: before a process or a test ends."""
    if _current is not None and _current.pid == os.getpid():
        _current.settle(seconds)


class _Notifier:
    """One thread with a connection of its own, which it gives back while nothing is wished for."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._wanted: set[str] = set()
        self._must_rest = False
        self._is_resting = True
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="notifier", daemon=True).start()

    def add(self, channel: str) -> None:
        with self._changed:
            self._wanted.add(channel)
            self._is_resting = False
            self._changed.notify_all()

    def settle(self, seconds: float) -> None:
        with self._changed:
            self._must_rest = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_resting, seconds)
            self._must_rest = False

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._must_rest, _IDLE_SECONDS)
                if not self._wanted:
                    self._rest()
                channels, self._wanted = self._wanted, set()
            self._notify(sorted(channels))
            time.sleep(_SPACING_SECONDS)

    def _rest(self) -> None:
        connection.close()
        self._is_resting = True
        self._changed.notify_all()
        self._changed.wait_for(lambda: self._wanted)

    def _notify(self, channels: list[str]) -> None:
        for _attempt in range(2):
            try:
                with connection.cursor() as cursor:
                    cursor.execute(_NOTIFY, [channels])
                return
            except (DatabaseError, InterfaceError) as error:
                # The connection may be one from before a restart of the server; polling finds the work all the same.
                logger.warning("Cannot notify: %s", error)
                connection.close()


_current: _Notifier | None = None
_lock = threading.Lock()


def _notifier() -> _Notifier:
    """This process's notifier; a forked child starts its own."""
    global _current  # noqa: PLW0603 — one a process
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = _Notifier()
        return _current
