"""What is shared by the tests of this folder: a mail server that counts, and workers that can be killed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from jouren.core.config import SmtpAddress
from jouren.core.loops import registered_loops, run_loops
from tests.faults.workers import Nursery, Workers, nursery
from tests.smtp_server import ScriptedServer, scripted_server

pytest.register_assert_rewrite("tests.faults.judging")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        running.keeps_bodies = False
        yield running


@pytest.fixture(scope="session")
def origin(django_db_setup: None) -> Iterator[Nursery]:
    """Where processes come from."""
    with nursery() as running:
        yield running


@pytest.fixture
def workers(origin: Nursery, server: ScriptedServer) -> Iterator[Workers]:
    """None runs at first; all are ended with the test."""
    crew = Workers(origin, server.port)
    yield crew
    crew.clear()


@pytest.fixture
def loops(server: ScriptedServer, settings: Any) -> Iterator[Callable[[], None]]:
    """Starts all that a worker does in threads of this process, where no kill is needed."""
    settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", server.port))
    stop = threading.Event()
    thread = threading.Thread(target=run_loops, args=(stop, registered_loops()))
    yield thread.start
    stop.set()
    if thread.ident:
        thread.join(60)
        assert not thread.is_alive()
