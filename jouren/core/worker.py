"""A worker process: the hot loops, the job worker, the heartbeat and, where mail has no relay, the local sink."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from enum import StrEnum

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.utils import InterfaceError

from jouren.core.interpreter import tune_for_loops
from jouren.core.jobs import run_jobs
from jouren.core.loops import Loop, registered_loops, run_loops
from jouren.core.mailbox import serve_sink

logger = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
ALIVE_SECONDS = 20
_BULK_NICENESS = 5


class Share(StrEnum):
    """Which part of the work a worker does.

    A broadcast keeps a processor busy for as long as it lasts. In a process of its own, and a little less important to
    the operating system, it does not hold up what people wait for.
    """

    ALL = "all"
    URGENT = "urgent"
    BULK = "bulk"

    def has(self, loop: Loop) -> bool:
        """Whether a loop belongs to this share."""
        return self == Share.ALL or loop.is_bulk == (self == Share.BULK)


def run_worker(stop: threading.Event, *, share: Share = Share.ALL, sink: bool = True) -> None:
    """Work until ``stop`` is set, then end every part in order and return.

    ``sink=False`` leaves the local mail sink to another process.
    """
    tune_for_loops()
    if share == Share.BULK:
        os.nice(_BULK_NICENESS)
    # Jobs end with the loops. What the loops still send at the end needs the sink, so that ends after them.
    end = threading.Event()
    helpers: list[tuple[Callable[[threading.Event], None], threading.Event]] = [(beat, end)]
    if share != Share.BULK:
        helpers.append((run_jobs, stop))
    if sink and settings.JOUREN.email is None:
        helpers.append((_sink, end))
    threads = [threading.Thread(target=helper, args=(event,), name=helper.__name__) for helper, event in helpers]
    for thread in threads:
        thread.start()
    logger.info("Worker %d runs.", os.getpid())
    try:
        run_loops(stop, [loop for loop in registered_loops() if share.has(loop)])
    finally:
        end.set()
        for thread in threads:
            thread.join()
    logger.info("Worker %d has ended.", os.getpid())


def _sink(stop: threading.Event) -> None:
    serve_sink(settings.JOUREN, stop)


_learners: list[Callable[[], object]] = []


def register_learner(learn: Callable[[], object]) -> None:
    """Have every worker call ``learn`` at each beat: it reads a choice of the shop's that this process remembers."""
    _learners.append(learn)


def beat(stop: threading.Event) -> None:
    """Say every five seconds that this process lives; take the row away at an orderly end.

    Liveness is about the machine, not the shop: it goes by the database's real time, also in a sandbox.
    """
    worker_id = uuid.uuid4()
    try:
        while not stop.is_set():
            try:
                _say(worker_id)
                for learn in _learners:
                    learn()
            except (DatabaseError, InterfaceError):
                connection.close()
            stop.wait(BEAT_SECONDS)
        _unsay(worker_id)
    finally:
        connection.close()


def _say(worker_id: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_worker (id, host, pid, started_at, seen_at) "
            "VALUES (%s, %s, %s, clock_timestamp(), clock_timestamp()) "
            "ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
            [worker_id, socket.gethostname()[:255], os.getpid()],
        )
        cursor.execute("DELETE FROM core_worker WHERE seen_at < clock_timestamp() - interval '1 day'")


def _unsay(worker_id: uuid.UUID) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM core_worker WHERE id = %s", [worker_id])
    except (DatabaseError, InterfaceError):
        logger.info("The database has gone before the worker could sign off.")


def count_alive() -> int:
    """How many worker processes were heard of in the last twenty seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM core_worker WHERE seen_at > clock_timestamp() - make_interval(secs => %s)",
            [ALIVE_SECONDS],
        )
        return int(cursor.fetchone()[0])
