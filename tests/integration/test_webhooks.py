"""Journeys that call systems of the shop's own: once planned, delivered until taken, told on the timeline."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings
from standardwebhooks.webhooks import Webhook

from jouren.contacts.actions import (
    create_contact,
    define_attribute,
    erase_contact,
    merge_contacts,
    set_attributes,
)
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.destinations import ForbiddenDestination
from jouren.events.queries import events_of
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.preview import day_by_day
from jouren.webhooks import caller as caller_module
from jouren.webhooks.actions import (
    add_secret,
    change_webhook,
    end_secret,
    make_webhook,
    retry_calls,
    try_webhook,
)
from jouren.webhooks.caller import Caller
from jouren.webhooks.errors import WebhookProblem
from jouren.webhooks.models import Call, CallState, Endpoint
from jouren.webhooks.outbox import PlannedCall, plan_calls
from jouren.webhooks.queries import failing_calls, is_busy, next_due, standings
from jouren.webhooks.tasks import purge_calls
from tests.walking import START, Time, buy, draft_journey, live_journey, make_reader, step, work
from tests.web_server import WebServer, answer, web_server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time()
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as running, override_settings(OUTGOING_PRIVATE_NETWORKS=["127.0.0.1/32"]):
        yield running


@pytest.fixture
def hook(server: WebServer) -> Endpoint:
    return make_webhook("Shipping", server.url("/secret-path"))[0]


@pytest.fixture
def calls() -> Iterator[Caller]:
    made = Caller()
    yield made
    made.close()


def _step(hook: Endpoint, *fields: str, name: str = "send samples", key: str = "") -> dict[str, Any]:
    return step("webhook", {"endpoint": str(hook.pk), "name": name, "fields": list(fields)}, key)


def _plan(hook: Endpoint, contact: Contact | None = None, walk_id: int | None = None) -> Call:
    content = {"type": "journey.step", "fields": [], "data": {}}
    step_id = "00000000-0000-0000-0000-000000000001" if walk_id else None
    plan_calls([PlannedCall(hook.pk, contact.pk if contact else None, content, walk_id, step_id)], clock.now())
    return Call.objects.latest("pk")


def _run(caller: Caller) -> None:
    while caller.tick():
        pass


def _told(contact: Contact) -> list[tuple[str, Any]]:
    events = events_of([contact.pk], types=["webhook.delivered", "webhook.failed"])
    return [(event.type, event.payload.get("status") or event.payload.get("reason")) for event in reversed(events)]


def test_a_step_tells_the_system_who_came_where_and_only_what_was_chosen(
    server: WebServer, hook: Endpoint, calls: Caller
) -> None:
    define_attribute("size", "text", "Size")
    journey = live_journey([_step(hook, "email", "name", "stage", "shop", "attribute:size", key="a")], name="Samples")
    contact = make_reader(family_name="山田", given_name="花子")
    set_attributes(contact.pk, {"size": "L"})
    buy(contact)
    work()
    _run(calls)
    (call,) = server.calls
    assert call.line == "POST /secret-path HTTP/1.1"
    assert call.headers["content-type"] == "application/json"
    body = json.loads(call.body)
    stored = Call.objects.get()
    assert body == {
        "type": "journey.step",
        "timestamp": "2026-11-22T01:00:00+00:00",
        "data": {
            "event_id": f"msg_{stored.message_id.hex}",
            "journey": {"id": journey.pk, "name": "Samples"},
            "step": {"id": str(stored.step), "name": "send samples"},
            "walk": 1,
            "about": "",
            "contact": {
                "id": str(contact.public_id),
                "email": "p1@example.jp",
                "name": "山田 花子",
                "stage": "existing",
                "shop": None,
                "attributes": {"size": "L"},
            },
        },
    }
    assert (stored.state, stored.attempts, stored.error) == (CallState.DELIVERED, 1, "")
    assert _told(contact) == [("webhook.delivered", 200)]


def test_calls_are_signed_and_two_secrets_are_valid_at_a_time(server: WebServer, calls: Caller) -> None:
    hook, first = make_webhook("Shipping", server.url())
    second = add_secret(hook.pk)
    with pytest.raises(WebhookProblem, match="two secrets already"):
        add_secret(hook.pk)
    _plan(hook)
    _run(calls)
    end_secret(hook.secrets.earliest("pk").pk)
    with pytest.raises(WebhookProblem, match="only secret"):
        end_secret(hook.secrets.latest("pk").pk)
    _plan(hook)
    _run(calls)
    before, after = server.calls
    for secret in (first, second):
        assert Webhook(secret).verify(before.body, before.headers)["type"] == "journey.step"
    assert Webhook(second).verify(after.body, after.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(first).verify(after.body, after.headers)


def test_the_database_does_not_hold_the_secret(hook: Endpoint) -> None:
    secret = add_secret(hook.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT salt FROM webhooks_secret")
        assert all(salt not in secret and secret not in salt for (salt,) in cursor.fetchall())


def test_a_step_is_told_once_however_often_it_is_planned(server: WebServer, hook: Endpoint, calls: Caller) -> None:
    contact = make_reader()
    _plan(hook, contact, walk_id=7)
    _plan(hook, contact, walk_id=7)
    _plan(hook, contact, walk_id=8)
    _run(calls)
    assert len(server.calls) == Call.objects.count() == 2


def test_what_is_rolled_back_is_never_told(server: WebServer, hook: Endpoint, calls: Caller) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        _plan(hook)
        raise RuntimeError
    _run(calls)
    assert server.calls == []


def test_a_failing_system_is_called_again_under_the_same_id_until_it_takes_it(
    server: WebServer, hook: Endpoint, calls: Caller, time: Time
) -> None:
    server.answers = [answer(503, b"later"), answer(429, retry_after="600"), answer(200)]
    contact = make_reader()
    call = _plan(hook, contact)
    _run(calls)
    call.refresh_from_db()
    assert (call.state, call.attempts, call.error, call.answer) == (CallState.WAITING, 1, "status:503", "later")
    assert call.try_at == START + timedelta(seconds=5)
    assert (next_due(), is_busy()) == (call.try_at, False)
    time.pass_by(seconds=5)
    _run(calls)
    call.refresh_from_db()
    assert call.try_at == time.now + timedelta(minutes=10)
    time.pass_by(minutes=10)
    _run(calls)
    call.refresh_from_db()
    assert (call.state, call.attempts, call.error, call.answer) == (CallState.DELIVERED, 3, "", "")
    assert len({call.headers["webhook-id"] for call in server.calls}) == 1
    assert len(server.calls) == 3
    assert _told(contact) == [("webhook.delivered", 200)]


def test_a_system_that_fails_for_a_day_is_given_up_and_staff_may_try_again(
    server: WebServer, hook: Endpoint, calls: Caller, time: Time
) -> None:
    server.answers = [answer(500)]
    contact = make_reader()
    call = _plan(hook, contact)
    while call.state != CallState.FAILED:
        _run(calls)
        call.refresh_from_db()
        time.now = max(time.now, call.try_at)
    assert call.ended_at is not None
    assert (call.ended_at - START, len(server.calls)) == (timedelta(days=1), 14)
    assert _told(contact) == [("webhook.failed", "status:500")]
    assert failing_calls(10) == [call]
    server.answers = [answer(200)]
    assert retry_calls([call.pk]) == 1
    _run(calls)
    call.refresh_from_db()
    assert (call.state, call.give_up_at) == (CallState.DELIVERED, time.now + timedelta(days=1))
    assert retry_calls([call.pk]) == 0
    assert [kind for kind, _value in _told(contact)] == ["webhook.failed", "webhook.delivered"]


@pytest.mark.parametrize(
    ("said", "reason"), [(answer(404), "status:404"), (answer(302, Location="http://127.0.0.1/"), "status:302")]
)
def test_what_will_not_get_better_is_not_tried_again(
    server: WebServer, hook: Endpoint, calls: Caller, said: bytes, reason: str
) -> None:
    server.answers = [said]
    contact = make_reader()
    call = _plan(hook, contact)
    _run(calls)
    call.refresh_from_db()
    assert (call.state, call.error, len(server.calls)) == (CallState.FAILED, reason, 1)
    assert _told(contact) == [("webhook.failed", reason)]


def test_an_address_within_our_network_is_not_called(server: WebServer, hook: Endpoint, calls: Caller) -> None:
    call = _plan(hook)
    with override_settings(OUTGOING_PRIVATE_NETWORKS=()):
        _run(calls)
    call.refresh_from_db()
    assert (call.state, call.error, server.calls) == (CallState.FAILED, "forbidden", [])


def test_a_system_that_is_switched_off_is_not_called_and_one_that_moved_is_called_where_it_is(
    server: WebServer, hook: Endpoint, calls: Caller
) -> None:
    first = _plan(hook)
    change_webhook(hook.pk, name="Shipping", url=server.url("/moved"), is_on=False)
    _run(calls)
    first.refresh_from_db()
    assert (first.state, first.error, server.calls) == (CallState.FAILED, "off", [])
    assert retry_calls([first.pk]) == 0
    with pytest.raises(WebhookProblem, match="switched off"):
        try_webhook(hook.pk)
    change_webhook(hook.pk, name="Shipping", url=server.url("/moved"), is_on=True)
    assert retry_calls([first.pk]) == 1
    _run(calls)
    assert [call.line for call in server.calls] == ["POST /moved HTTP/1.1"]


def test_nobody_is_told_of_somebody_who_was_erased_and_merged_people_are_told_as_one(
    server: WebServer, hook: Endpoint, calls: Caller
) -> None:
    erased, kept, gone = (create_contact(email=f"{name}@example.jp") for name in ("erased", "kept", "gone"))
    waiting, other = _plan(hook, erased), _plan(hook, gone)
    erase_contact(erased.pk)
    merge_contacts(kept.pk, gone.pk)
    _run(calls)
    waiting.refresh_from_db()
    other.refresh_from_db()
    assert (waiting.state, waiting.error, waiting.contact_id) == (CallState.FAILED, "erased", None)
    (call,) = server.calls
    assert json.loads(call.body)["data"]["contact"] == {"id": str(kept.public_id)}
    assert other.state == CallState.DELIVERED


def test_a_caller_that_dies_is_followed_by_another_and_its_late_word_does_not_count(
    server: WebServer, hook: Endpoint, calls: Caller, time: Time
) -> None:
    contact = make_reader()
    call = _plan(hook, contact)
    dead = Caller()
    server.answers = [b"", answer(200)]
    dead.tick()
    server.has_calls.acquire()
    assert (is_busy(), calls.tick()) == (True, False), "somebody has it in hand"
    time.pass_by(minutes=2)
    _run(calls)
    call.refresh_from_db()
    assert (call.state, call.attempts) == (CallState.DELIVERED, 2)
    (late,) = dead._flying.values()
    caller_module.record([(late, caller_module.Outcome("timeout"))], time.now)
    call.refresh_from_db()
    assert (call.state, call.error) == (CallState.DELIVERED, "")
    assert _told(contact) == [("webhook.delivered", 200)]
    assert len({each.headers["webhook-id"] for each in server.calls}) == 1
    server.shutdown()


def test_a_slow_system_holds_up_no_other(server: WebServer, hook: Endpoint, calls: Caller) -> None:
    with web_server() as other_server:
        server.answers = [b""]
        other = make_webhook("Other", other_server.url())[0]
        for _number in range(50):
            _plan(hook)
        _plan(other)
        while not other_server.calls:
            assert calls.tick()
        assert Call.objects.filter(endpoint=hook, state=CallState.CALLING).count() == caller_module.AT_ONCE_EACH
        server.shutdown()
        server.server_close()


def test_two_callers_at_once_make_each_call_once(server: WebServer, hook: Endpoint) -> None:
    for number in range(20):
        _plan(hook, None, walk_id=number + 1)

    def run() -> None:
        caller = Caller()
        _run(caller)
        caller.close()
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Call.objects.filter(state=CallState.DELIVERED).count() == len(server.calls) == 20


def test_what_a_system_answers_is_kept_short_and_harmless(server: WebServer, hook: Endpoint, calls: Caller) -> None:
    server.answers = [answer(400, b"\x00\xff<script>" + b"x" * 5_000)]
    call = _plan(hook)
    _run(calls)
    call.refresh_from_db()
    assert call.answer.startswith("�<script>xxx")
    assert len(call.answer) == 300


def test_no_secret_and_no_address_is_written_to_the_log(
    server: WebServer, hook: Endpoint, calls: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [answer(400)]
    _plan(hook)
    _run(calls)
    assert "The webhook" in caplog.text
    assert "secret-path" not in caplog.text
    assert "whsec_" not in caplog.text


def test_a_try_is_a_call_about_nobody(server: WebServer, hook: Endpoint, calls: Caller) -> None:
    try_webhook(hook.pk)
    _run(calls)
    body = json.loads(server.calls[0].body)
    assert (body["type"], set(body["data"])) == ("webhook.test", {"event_id"})


def test_how_webhooks_stand_and_what_is_forgotten(server: WebServer, hook: Endpoint, calls: Caller, time: Time) -> None:
    server.answers = [answer(200), answer(404), answer(500)]
    for _each in range(3):
        _plan(hook)
        _run(calls)
    assert vars(standings()[hook.pk]) == {"delivered": 1, "waiting": 1, "stuck": 1, "failed": 1}
    time.pass_by(days=31)
    assert purge_calls() == 1
    assert vars(standings()[hook.pk]) == {"delivered": 0, "waiting": 1, "stuck": 1, "failed": 1}
    time.pass_by(days=60)
    assert purge_calls() == 1


def test_an_address_that_cannot_be_called_is_refused_when_it_is_written() -> None:
    with pytest.raises(ForbiddenDestination):
        make_webhook("Files", "file:///etc/passwd")
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"endpoint": "", "name": "", "fields": []}, "system that is not there"),
        ({"endpoint": "99999", "name": "", "fields": []}, "system that is not there"),
        ({"endpoint": "one", "name": "", "fields": []}, "system that is not there"),
        ({"endpoint": "own", "name": "", "fields": ["attribute:gone"]}, "cannot tell “attribute:gone”"),
    ],
)
def test_a_step_that_cannot_call_is_refused_when_the_journey_is_published(
    hook: Endpoint, value: dict[str, Any], problem: str
) -> None:
    value = {**value, "endpoint": str(hook.pk) if value["endpoint"] == "own" else value["endpoint"]}
    with pytest.raises(JourneyProblem, match=problem):
        compile_journey(draft_journey([step("webhook", value)]))


def test_the_preview_tells_that_a_system_is_called(hook: Endpoint) -> None:
    journey = draft_journey([_step(hook), _step(hook, name="")])
    assert [moment.text for moment in day_by_day(compile_journey(journey))][:2] == [
        "“Shipping” is told (send samples)",
        "“Shipping” is told",
    ]
