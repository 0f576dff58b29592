"""The hot loops on a real PostgreSQL: they work, wake, survive each other's failures and the server's, and stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from jouren.core import loops
from jouren.core.loops import Loop, register_loop, registered_loops, run_loops, wait_until
from jouren.core.wake import wake

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def running(*loops: Loop) -> Iterator[None]:
    stop = threading.Event()
    runner = threading.Thread(target=run_loops, args=(stop, loops))
    runner.start()
    try:
        yield
    finally:
        stop.set()
        runner.join(timeout=10)
        assert not runner.is_alive()


def backend_of_this_thread() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_loop_goes_on_at_once_while_it_finds_work() -> None:
    left = [3]
    idle = threading.Event()

    def tick() -> bool:
        if not left[0]:
            idle.set()
            return False
        left[0] -= 1
        return True

    with running(Loop("three", "jouren_test", tick, poll_seconds=30)):
        assert idle.wait(5)
    assert left == [0]


def test_a_wake_reaches_the_loops_when_its_transaction_commits_and_not_before() -> None:
    ticks: list[float] = []
    with running(Loop("sleeper", "jouren_test", lambda: ticks.append(time.monotonic()), poll_seconds=60)):
        assert wait_until(lambda: len(ticks) == 2, 5)
        with transaction.atomic():
            wake("jouren_other")
            wake("jouren_test")
            time.sleep(0.3)
            assert len(ticks) == 2
        assert wait_until(lambda: len(ticks) == 3, 5)


def test_a_notification_wakes_an_idle_loop_long_before_its_poll() -> None:
    ticks: list[float] = []
    with running(Loop("sleeper", "jouren_test", lambda: ticks.append(time.monotonic()), poll_seconds=60)):
        # One tick at the start, one when the listener is ready: it looks once for what was said before.
        assert wait_until(lambda: len(ticks) == 2, 5)
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY jouren_test")
        assert wait_until(lambda: len(ticks) == 3, 5)


def test_a_notification_wakes_only_the_loops_of_its_channel() -> None:
    ticks = {"one": 0, "other": 0}

    def count(name: str) -> bool:
        ticks[name] += 1
        return False

    one = Loop("one", "jouren_one", lambda: count("one"), poll_seconds=60)
    other = Loop("other", "jouren_other", lambda: count("other"), poll_seconds=60)
    with running(one, other):
        assert wait_until(lambda: ticks == {"one": 2, "other": 2}, 5)
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY jouren_one")
        assert wait_until(lambda: ticks["one"] == 3, 5)
    assert ticks == {"one": 3, "other": 2}


def test_polling_finds_work_that_nobody_announced() -> None:
    ticks: list[None] = []
    with running(Loop("poller", "jouren_test", lambda: ticks.append(None), poll_seconds=0.01)):
        assert wait_until(lambda: len(ticks) > 5, 5)


def test_a_loop_that_finds_nothing_for_long_looks_less_often_until_something_stirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "_CALM_AFTER", 0.2)
    monkeypatch.setattr(loops, "_CALM_SECONDS", 60.0)
    ticks: list[None] = []
    with running(Loop("poller", "jouren_test", lambda: ticks.append(None), poll_seconds=0.01)):
        assert wait_until(lambda: len(ticks) > 5, 5)
        assert wait_until(lambda: _stands_still(ticks), 10)
        before = len(ticks)
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY jouren_test")
        assert wait_until(lambda: len(ticks) > before + 5, 5)


def _stands_still(ticks: list[None]) -> bool:
    before = len(ticks)
    time.sleep(0.3)
    return len(ticks) == before


def test_what_one_loop_raises_is_logged_and_stops_neither_it_nor_another(caplog: pytest.LogCaptureFixture) -> None:
    failing, well = [0], [0]

    def fail() -> bool:
        failing[0] += 1
        raise RuntimeError("broken tick")

    def work() -> bool:
        well[0] += 1
        return False

    with caplog.at_level(logging.ERROR, "jouren.core.loops"):  # noqa: SIM117
        with running(Loop("bad", "jouren_test", fail), Loop("good", "jouren_test", work, poll_seconds=0.01)):
            assert wait_until(lambda: failing[0] >= 2 and well[0] > 20, 10)
    assert "Loop bad failed" in caplog.text
    assert "broken tick" in caplog.text


def test_loops_and_listener_come_back_when_the_server_drops_their_connections(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backends: list[int] = []

    def tick() -> bool:
        backends.append(backend_of_this_thread())
        return False

    with running(Loop("survivor", "jouren_test", tick, poll_seconds=0.05)):
        assert wait_until(lambda: len(backends) > 2, 5)
        before = backends[-1]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert wait_until(lambda: backends[-1] != before, 10)
    assert "the database is away" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_loop_hands_back_what_it_holds_in_its_own_thread_when_it_ends() -> None:
    threads: list[str] = []
    with running(
        Loop("holder", "jouren_test", lambda: False, close=lambda: threads.append(threading.current_thread().name))
    ):
        pass
    assert threads == ["loop-holder"]


def test_two_loops_may_not_have_one_name() -> None:
    existing = registered_loops()[0]
    register_loop(existing)
    with pytest.raises(ValueError, match="two loops named"):
        register_loop(Loop(existing.name, "jouren_test", lambda: False))
