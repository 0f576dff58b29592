"""People wait in journeys: for a time, for a day, for something to happen."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jouren.contacts.models import Contact
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import engine
from jouren.journeys.actions import freeze_version, retire_versions
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.steps import listening
from jouren.messaging.models import ClickHour, Message
from tests.walking import (
    START,
    Time,
    buy,
    got,
    live_journey,
    make_message,
    make_reader,
    send,
    step,
    wait,
    walk_of,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def test_step_messages_come_at_their_own_times(hello: Message, time: Time) -> None:
    second, third = make_message("Second"), make_message("Third")
    live_journey(
        [
            send(hello),
            wait(3),
            send(second),
            step("wait_until", {"day": 7, "at": "08:00", "business": False}),
            send(third),
        ]
    )
    contact = make_reader()
    buy(contact)
    work()
    assert got(contact) == ["Hello"]
    assert engine.next_due() == START + timedelta(days=3)
    time.pass_by(days=3)
    work()
    assert got(contact) == ["Hello", "Second"]
    assert engine.next_due() == datetime(2026, 11, 28, 23, tzinfo=UTC)  # the 29th, 8:00 in Tokyo
    time.now = datetime(2026, 11, 28, 22, 59, tzinfo=UTC)
    work()
    assert got(contact) == ["Hello", "Second"]
    time.pass_by(minutes=1)
    work()
    assert got(contact) == ["Hello", "Second", "Third"]
    assert walk_of(contact).state == EnrolmentState.FINISHED


def waiting_journey() -> tuple[Message, Message]:
    heard, silent = make_message("Heard"), make_message("Silent")
    live_journey(
        [
            step(
                "wait_event",
                {
                    "event": "message.clicked",
                    "message": None,
                    "amount": 2,
                    "unit": "days",
                    "then": [send(heard)],
                    "otherwise": [send(silent)],
                },
            )
        ]
    )
    return heard, silent


def click(contact: Contact, by: str = "human", **more: Any) -> None:
    payload = {"delivery": 1, "message": 1, "title": "x", "url": "https://example.jp/", "by": by}
    record_event(NewEvent("message.clicked", contact.pk, payload, **more))


def test_an_event_wakes_who_waits_for_it_and_a_scanner_does_not(time: Time) -> None:
    waiting_journey()
    keen, scanned, silent = (make_reader(number) for number in range(3))
    for contact in (keen, scanned, silent):
        buy(contact)
    work()
    time.pass_by(hours=1)
    click(keen)
    click(scanned, by="scanner")
    work()
    assert got(keen) == ["Heard"]
    assert got(scanned) == []
    time.pass_by(days=2)
    work()
    assert got(keen) == ["Heard"]
    assert got(scanned) == got(silent) == ["Silent"]


def test_a_reply_to_one_message_wakes_who_waits_for_it(time: Time) -> None:
    asked, other, heard, silent = (make_message(name) for name in ("Asked", "Other", "Heard", "Silent"))
    replied = {"event": "message.replied", "message": asked.pk, "amount": 2, "unit": "days"}
    live_journey([step("wait_event", {**replied, "then": [send(heard)], "otherwise": [send(silent)]})])
    keen, astray = make_reader(1), make_reader(2)
    for contact, message in ((keen, asked), (astray, other)):
        buy(contact)
        work()
        time.pass_by(hours=1)
        payload = {"delivery": 1, "message": message.pk, "title": message.name}
        record_event(NewEvent("message.replied", contact.pk, payload))
        work()
    assert (got(keen), got(astray)) == (["Heard"], [])


def test_an_event_that_comes_as_its_wait_ends_does_not_answer_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    either = {"message": None, "amount": 2, "unit": "days", "then": [], "otherwise": []}
    first = step("wait_event", {**either, "event": "message.clicked"})
    second = step("wait_event", {**either, "event": "message.opened"})
    live_journey([first, second])
    contact = make_reader()
    buy(contact)
    work()

    def meanwhile_the_wait_ends(*_asked: Any) -> bool:
        Enrolment.objects.filter(contact_id=contact.pk).update(step=uuid.UUID(second["id"]), waits_for="message.opened")
        return True

    click(contact)
    monkeypatch.setattr(listening, "is_meant", meanwhile_the_wait_ends)
    reactor.tick()
    assert (str(walk_of(contact).step), walk_of(contact).heard_event_id) == (second["id"], None)


def test_an_event_from_before_the_wait_does_not_count(time: Time) -> None:
    waiting_journey()
    contact = make_reader()
    buy(contact)
    work()
    click(contact, occurred_at=START - timedelta(minutes=1))
    work()
    assert got(contact) == []


def test_an_answer_that_comes_while_a_journey_stands_still_is_heard_when_it_goes_on(time: Time) -> None:
    waiting_journey()
    contact = make_reader()
    buy(contact)
    work()
    journey = Journey.objects.get()
    retire_versions(journey)
    time.pass_by(hours=1)
    click(contact)
    work()
    assert got(contact) == []
    freeze_version(journey)
    work()
    assert got(contact) == ["Heard"]


def test_everybody_gets_a_message_at_the_hour_at_which_they_tend_to_answer(time: Time) -> None:
    message = make_message("Hello")
    live_journey([step("wait_best", None), send(message)])
    owl, new = make_reader(1), make_reader(2)
    ClickHour.objects.create(contact_id=owl.pk, hour=21, clicks=50)
    for person in (owl, new):
        buy(person)
    work()
    assert [walks(person)[0].due_at for person in (owl, new)] == [
        START.replace(hour=12),  # 21:00 in Tokyo
        START.replace(hour=23),  # 8:00 the next day, where nobody has clicked yet
    ]
    time.pass_by(hours=11)
    work()
    assert (got(owl), got(new)) == (["Hello"], [])
