"""Several things at once, each in a thread with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connection, connections

from jouren.core.loops import wait_until

PATIENCE = 20
T = TypeVar("T")


def at_once(*work: Callable[[], T]) -> list[T]:
    """Run all of ``work`` in threads that start together; their answers in order."""
    start = threading.Barrier(len(work))

    def run(each: Callable[[], T]) -> T:
        try:
            start.wait()
            return each()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@contextmanager
def meanwhile(work: Callable[[], object], patience: float = PATIENCE) -> Iterator[None]:
    """Do ``work`` in a thread that has come to its end when this ends, or so many seconds later; what it raises is
    raised here."""
    with ThreadPoolExecutor(1) as pool:

        def run() -> None:
            try:
                work()
            finally:
                connections.close_all()

        done = pool.submit(run)
        yield
        done.result(patience)


def somebody_waits_for_a_lock() -> bool:
    """Wait until a connection to this database waits for another's lock. False when none does for long."""
    return wait_until(_is_somebody_waiting, PATIENCE)


def _is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        # Inside a transaction the first look at the activity would be the last.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])
