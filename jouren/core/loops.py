"""The hot loops: small pieces of work that a worker process does again and again.

A loop's ``tick`` does one batch and says whether it found work. While it does, it is called again at once; else the
loop waits for a ``NOTIFY`` on its channel or for the poll interval, which is longer where nothing has happened for a
while: a small server has better to do than to look for nothing. Polling is the truth, notifying only makes it quick.
What a tick raises is logged, the thread's database connection is closed, and the loop goes on after a pause:
one loop's trouble, or a restart of PostgreSQL, stops nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.utils import InterfaceError
from psycopg import sql

from jouren.core import clock
from jouren.core.outage import is_away, told

logger = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_LISTEN_SECONDS = 0.5
_LOOK_SECONDS = 1.0
# Who has found nothing, and heard nothing, for so long looks no more often than that.
_CALM_AFTER, _CALM_SECONDS = 10.0, 1.0


@dataclass(frozen=True)
class Loop:
    """``tick()`` does one batch, in a thread of its own, and returns a true value when it found work.

    ``close()``, if given, is called in that thread when the loop ends: the place to hand back what it holds.
    ``is_bulk``: work that may take all of a processor for long, and is best done by a process of its own.
    """

    name: str
    channel: str
    tick: Callable[[], bool | int]
    poll_seconds: float = 0.25
    close: Callable[[], None] | None = None
    is_bulk: bool = False


_loops: dict[str, Loop] = {}


def register_loop(loop: Loop) -> None:
    """Have every worker run ``loop``. Raises ValueError when another loop has its name."""
    if _loops.setdefault(loop.name, loop) != loop:
        raise ValueError(f"There are two loops named {loop.name!r}.")


def registered_loops() -> tuple[Loop, ...]:
    """All loops that a worker runs."""
    return tuple(_loops.values())


def run_loops(stop: threading.Event, loops: Iterable[Loop] | None = None) -> None:
    """Run the loops, each in a thread, until ``stop`` is set; then let each finish its tick, and return."""
    chosen = registered_loops() if loops is None else tuple(loops)
    wakers = {loop.name: threading.Event() for loop in chosen}
    channels: dict[str, list[threading.Event]] = {clock.CHANNEL: list(wakers.values())}
    for loop in chosen:
        if loop.channel != clock.CHANNEL:
            channels.setdefault(loop.channel, []).append(wakers[loop.name])
    threads = [
        threading.Thread(target=_run, args=(loop, wakers[loop.name], stop), name=f"loop-{loop.name}") for loop in chosen
    ]
    threads.append(threading.Thread(target=_listen, args=(channels, stop), name="loop-listener"))
    for thread in threads:
        thread.start()
    # Signals are handled by the main thread, when it next runs: one that the system gives to another thread does not
    # wake it from a wait without an end.
    while not stop.wait(_LOOK_SECONDS):
        pass
    for waker in wakers.values():
        waker.set()
    for thread in threads:
        thread.join()


def _run(loop: Loop, waker: threading.Event, stop: threading.Event) -> None:
    pause, stirred_at = _FIRST_PAUSE, time.monotonic()
    try:
        while not stop.is_set():
            waker.clear()
            try:
                worked = loop.tick()
            except Exception as error:
                _report(loop.name, error)
                connection.close()
                stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            pause = _FIRST_PAUSE
            is_calm = not worked and time.monotonic() - stirred_at > _CALM_AFTER
            if worked or waker.wait(max(loop.poll_seconds, _CALM_SECONDS) if is_calm else loop.poll_seconds):
                stirred_at = time.monotonic()
    finally:
        _end(loop)


def _end(loop: Loop) -> None:
    try:
        if loop.close is not None:
            loop.close()
    except Exception as error:
        _report(loop.name, error)
    finally:
        connections.close_all()


def _report(name: str, error: Exception) -> None:
    """A lost database is one line, said by its driver; anything else is a fault of ours and gets its traceback."""
    if is_away(error):
        logger.warning("Loop %s: the database is away (%s). It is tried again.", name, told(error))
    else:
        logger.error("Loop %s failed. It goes on after a pause.", name, exc_info=error)


def _listen(channels: dict[str, list[threading.Event]], stop: threading.Event) -> None:
    while not stop.is_set():
        wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
        try:
            wrapper.ensure_connection()
            _dispatch(wrapper.connection, channels, stop)
        except (DatabaseError, InterfaceError, psycopg.Error):
            stop.wait(_FIRST_PAUSE)
        finally:
            wrapper.close()


def _dispatch(
    listener: psycopg.Connection[object], channels: dict[str, list[threading.Event]], stop: threading.Event
) -> None:
    for channel in channels:
        listener.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
    # What was said before we listened is lost: look once.
    for wakers in channels.values():
        _wake(wakers)
    while not stop.is_set():
        for heard in listener.notifies(timeout=_LISTEN_SECONDS):
            if heard.channel == clock.CHANNEL:
                clock.forget()
            _wake(channels.get(heard.channel, []))


def _wake(wakers: list[threading.Event]) -> None:
    for waker in wakers:
        waker.set()


def wait_until(condition: Callable[[], bool], seconds: float, step: float = 0.05) -> bool:
    """Wait until ``condition()`` holds. Returns False when it still does not after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True
