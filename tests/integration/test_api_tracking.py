"""Clicks and opens: only to the links of that very message, only by good tokens, machines told from people."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from jouren.api import fast
from jouren.contacts.actions import create_contact
from jouren.core import clock
from jouren.events import reactor
from jouren.events.queries import events_of
from jouren.messaging.actions import create_run
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.tracking import make_token
from jouren.messaging.vocabulary import Lane, RunKind, State
from tests.integration.test_api_events import call

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


@pytest.fixture
def delivery() -> Delivery:
    now = clock.now()
    version = MessageVersion.objects.create(
        number=1,
        name="手紙",
        kind="help",
        topic="",
        bodies={"email": {"links": ["https://example.jp/a?x=1", "https://example.jp/b"]}},
        hash="",
        created_at=now,
    )
    return Delivery.objects.create(
        run=create_run(RunKind.BROADCAST, "test"),
        step=uuid.uuid4(),
        contact_id=create_contact(email="hana@example.jp").pk,
        lane=Lane.BROADCAST,
        state=State.SENT,
        due_at=now,
        try_at=now,
        planned_at=now,
        sent_at=now - timedelta(hours=1),
        message_version=version,
    )


def told(delivery: Delivery) -> list[tuple[str, str]]:
    events = events_of([delivery.contact_id], types=["message.clicked", "message.opened"])
    return [(event.type, event.payload["by"]) for event in reversed(events)]


def test_a_click_leads_to_the_link_and_is_told(delivery: Delivery) -> None:
    status, headers, body = call("GET", f"/c/{make_token(delivery.pk)}/1", HTTP_USER_AGENT=BROWSER)
    assert (status, headers["Location"], body) == ("302", "https://example.jp/b", b"")
    assert headers["Cache-Control"] == "no-store"
    assert told(delivery) == [("message.clicked", "human")]
    while reactor.tick():
        pass
    delivery.refresh_from_db()
    assert delivery.first_clicked_at is not None


@pytest.mark.parametrize(
    "environ",
    [
        {"REQUEST_METHOD": "HEAD", "HTTP_USER_AGENT": BROWSER},
        {"HTTP_USER_AGENT": ""},
        {"HTTP_USER_AGENT": "Barracuda Sentinel (EE)"},
        {"HTTP_USER_AGENT": BROWSER, "HTTP_SEC_PURPOSE": "prefetch"},
    ],
)
def test_a_machines_click_is_led_on_but_counts_as_nobodys(delivery: Delivery, environ: dict[str, Any]) -> None:
    method = environ.pop("REQUEST_METHOD", "GET")
    status, headers, _body = call(method, f"/c/{make_token(delivery.pk)}/0", **environ)
    assert (status, headers["Location"]) == ("302", "https://example.jp/a?x=1")
    assert told(delivery) == [("message.clicked", "scanner")]
    while reactor.tick():
        pass
    delivery.refresh_from_db()
    assert delivery.first_clicked_at is None


def test_a_click_within_two_seconds_of_sending_is_a_machines(delivery: Delivery) -> None:
    Delivery.objects.update(sent_at=clock.now())
    call("GET", f"/c/{make_token(delivery.pk)}/0", HTTP_USER_AGENT=BROWSER)
    assert told(delivery) == [("message.clicked", "scanner")]


def test_forged_tokens_and_links_that_the_message_does_not_have_lead_nowhere(delivery: Delivery) -> None:
    good = make_token(delivery.pk)
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    for path in (
        f"/c/{forged}/0",
        f"/c/{good}/2",
        f"/c/{good}/999",
        f"/c/{good}/-1",
        f"/c/{good}/1e0",
        f"/c/{good}/0/",
        f"/c/{make_token(delivery.pk + 1)}/0",
        "/c/x/0",
        f"/c/{good}%00/0",
    ):
        assert call("GET", path, HTTP_USER_AGENT=BROWSER)[0] == "404", path
    assert told(delivery) == []


def test_the_pixel_is_shown_whatever_the_token_and_told_for_a_good_one(delivery: Delivery) -> None:
    status, headers, body = call("GET", f"/o/{make_token(delivery.pk)}.gif", HTTP_USER_AGENT=BROWSER)
    assert (status, headers["Content-Type"], body[:6]) == ("200", "image/gif", b"GIF89a")
    assert call("GET", "/o/AAAAAAAAAAAAAAAA.gif", HTTP_USER_AGENT=BROWSER)[2] == body
    assert told(delivery) == [("message.opened", "human")]


def test_only_get_and_head_are_answered(delivery: Delivery) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert call(method, f"/c/{make_token(delivery.pk)}/0", HTTP_USER_AGENT=BROWSER)[0] == "404"
    assert told(delivery) == []


@contextmanager
def _failing(monkeypatch: pytest.MonkeyPatch, times: int) -> Iterator[None]:
    record, left = fast.record_event, [times]

    def fail_first(event: Any) -> int | None:
        if left[0]:
            left[0] -= 1
            raise psycopg.OperationalError("the server closed the connection unexpectedly")
        return record(event)

    with monkeypatch.context() as patch:
        patch.setattr(fast, "record_event", fail_first)
        patch.setattr(fast.connection, "close", lambda: None)
        yield


def test_a_database_that_went_away_is_tried_once_more_and_then_said_to_be_away(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/c/{make_token(delivery.pk)}/0"
    with _failing(monkeypatch, times=1):
        assert call("GET", path, HTTP_USER_AGENT=BROWSER)[0] == "302"
    with _failing(monkeypatch, times=2):
        assert call("GET", path, HTTP_USER_AGENT=BROWSER)[0] == "503"
    assert told(delivery) == [("message.clicked", "human")]
