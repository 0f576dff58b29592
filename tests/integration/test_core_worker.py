"""A worker process's parts that are no hot loop: heartbeat, job worker, and the care for jobs of dead workers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from procrastinate.contrib.django import app

from jouren.core.jobs import retry_stalled, run_jobs
from jouren.core.loops import wait_until
from jouren.core.worker import beat, count_alive, run_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@contextmanager
def jobs_worked_on() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_jobs, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=20)
    assert not thread.is_alive()


async def retry_once() -> int:
    retried = await retry_stalled()
    # In a worker, Procrastinate closes the connection of the thread that the queries ran in.
    await sync_to_async(connections.close_all)()
    return retried


def test_a_worker_is_counted_while_it_lives_and_not_after(stop: threading.Event) -> None:
    assert count_alive() == 0
    thread = threading.Thread(target=beat, args=(stop,))
    thread.start()
    assert wait_until(lambda: count_alive() == 1, 5)
    stop.set()
    thread.join(timeout=10)
    assert count_alive() == 0
    assert rows("SELECT count(*) FROM core_worker") == [(0,)]


def test_a_deferred_job_is_done() -> None:
    app.configure_task("core.retry_stalled_jobs").defer(timestamp=0)
    with jobs_worked_on():
        # A job that succeeded is deleted.
        assert wait_until(lambda: rows("SELECT count(*) FROM procrastinate_jobs") == [(0,)], 10)


def test_a_job_worker_starts_anew_after_all_its_connections_broke() -> None:
    # Another worker has the jobs of these minutes: this one asks for them, gets none, and so does nothing that would
    # close the connection it asked with.
    rows(
        "INSERT INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp) "
        "SELECT 'core.retry_stalled_jobs', '', extract(epoch FROM date_trunc('minute', now()))::bigint + 60 * minute "
        "FROM generate_series(-1, 5) AS minute RETURNING id"
    )
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    asked = f"SELECT count(*) {others} AND query LIKE '%procrastinate_defer_periodic_job%'"
    for _start in range(2):
        with jobs_worked_on():
            assert wait_until(lambda: rows(asked) == [(1,)], 10)
            rows(f"SELECT pg_terminate_backend(pid, 5000) {others}")


def test_a_job_of_a_dead_worker_is_put_back_and_one_of_a_living_worker_is_left() -> None:
    for _number in range(3):
        app.configure_task("core.test_job", allow_unknown=True).defer()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes'), (now()) "
            "RETURNING id"
        )
        dead, living = (row[0] for row in cursor.fetchall())
        cursor.execute("SELECT id FROM procrastinate_jobs ORDER BY id")
        killed, worked_on, waiting = (row[0] for row in cursor.fetchall())
        for job, worker in ((killed, dead), (worked_on, living)):
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s", [worker, job]
            )
    assert asyncio.run(retry_once()) == 1
    assert rows("SELECT id, status FROM procrastinate_jobs ORDER BY id") == [
        (killed, "todo"),
        (worked_on, "doing"),
        (waiting, "todo"),
    ]
    assert asyncio.run(retry_once()) == 0


def test_a_whole_worker_starts_and_stops(stop: threading.Event) -> None:
    thread = threading.Thread(target=run_worker, args=(stop,), kwargs={"sink": False})
    thread.start()
    assert wait_until(lambda: count_alive() == 1, 10)
    stop.set()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert [other.name for other in threading.enumerate() if other.name.startswith("loop-")] == []
