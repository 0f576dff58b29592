"""Fixtures for tests that send: a mail server that obeys the test, and senders that hand their letters to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from jouren.core.config import SmtpAddress
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import Lane
from tests.smtp_server import ScriptedServer, scripted_server


@pytest.fixture
def server(settings: Any) -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", running.port))
        yield running


@pytest.fixture
def sender(server: ScriptedServer) -> Iterator[Callable[..., LaneSender]]:
    made: list[LaneSender] = []

    def make(lane: Lane = Lane.TRIGGERED) -> LaneSender:
        made.append(LaneSender(lane))
        return made[-1]

    yield make
    for each in made:
        each.close()
