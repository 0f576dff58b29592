"""What tests of several rooms begin with: a page with a form, a clock and messages for journeys, a mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from jouren.capture.models import Form
from jouren.content.models import LandingPage
from jouren.core import clock
from jouren.core.config import SmtpAddress
from jouren.core.loops import wait_until
from jouren.messaging.models import Message
from jouren.messaging.queries import is_sending
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import Lane
from tests.capture_pages import make_form, make_page
from tests.smtp_server import ScriptedServer, scripted_server
from tests.walking import Time, make_message


@pytest.fixture
def form() -> Form:
    """A form that asks for name, address and problem."""
    return make_form()


@pytest.fixture
def page(form: Form) -> LandingPage:
    """A published page with the form on it."""
    return make_page(form)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock stands still until the test moves it."""
    moved = Time()
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


@pytest.fixture
def hello() -> Message:
    return make_message("Hello")


@pytest.fixture
def one() -> Message:
    return make_message("One")


@pytest.fixture
def two() -> Message:
    return make_message("Two")


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


@pytest.fixture
def deliver(sender: Callable[..., LaneSender]) -> Callable[[], None]:
    """Lets everything that is due now go out."""
    made = sender(Lane.TRIGGERED)
    return lambda: wait_until(lambda: not made.tick() and not is_sending(), 60, step=0.002) or None
