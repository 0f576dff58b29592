"""What a paused journey had planned waits with its people, and goes when the journey does, if it is still wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jouren.contacts.actions import withdraw_consent
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.events.reactor import tick as react
from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Journey
from jouren.messaging.actions import hold_run, release_run
from jouren.messaging.models import Delivery, Message, Run
from jouren.messaging.queries import is_sending, next_due
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import State
from tests.backoffice import owner_client
from tests.messages import published, reader
from tests.sending import events_of, plan, run
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db


def journey_of(message: Message, **fields: Any) -> Journey:
    """A published journey that sends this message at once."""
    journey = Journey(name="Welcome", **fields)
    stream = {
        "trigger": [{"type": "event", "value": {"event": "order.paid"}}],
        "steps": [{"type": "send", "value": {"message": message.pk}, "id": "8d3e3f0e-6a3b-4f5b-9b57-0d3b6f1f0c11"}],
    }
    for name, value in stream.items():
        setattr(journey, name, journey._meta.get_field(name).stream_block.to_python(value))
    journey.save()
    journey.save_revision().publish()
    return Journey.objects.get(pk=journey.pk)


def publish_again(journey: Journey) -> None:
    Journey.objects.get(pk=journey.pk).save_revision().publish()


def walk(journey: Journey, *contacts: Contact) -> None:
    """Plan the first message of these people."""
    enrol_by_hand(journey, [contact.pk for contact in contacts])
    while engine.tick():
        pass


def states() -> dict[int, tuple[int, str]]:
    return {
        contact: (state, reason)
        for contact, state, reason in Delivery.objects.values_list("contact_id", "state", "reason")
    }


def test_what_a_paused_journey_had_planned_waits_and_goes_when_it_is_published_again(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    message = published().message
    journey, contact = journey_of(message), reader("a@example.jp")
    walk(journey, contact)
    journey.unpublish()
    working = sender()
    run(working)
    assert states() == {contact.pk: (State.PLANNED, "")}
    assert server.letters == []
    assert not is_sending()
    publish_again(journey)
    assert is_sending()
    run(working)
    assert states() == {contact.pk: (State.SENT, "")}
    assert server.recipients == ["a@example.jp"]
    run(working)
    assert len(server.letters) == 1


def test_of_those_who_waited_whom_the_goal_or_the_gate_refuses_by_then_gets_nothing(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    journey = journey_of(published().message, goal={"fact": "orders.count", "op": "gte", "value": 1})
    stays, buys, leaves = (reader(f"{name}@example.jp") for name in ("stays", "buys", "leaves"))
    walk(journey, stays, buys, leaves)
    journey.unpublish()
    order = {"order": "1", "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"]}
    record_event(NewEvent("order.paid", buys.pk, order))
    while react():
        pass
    withdraw_consent(leaves.pk, "email", "newsletter", via="unsubscribe")
    publish_again(journey)
    run(sender())
    assert server.recipients == ["stays@example.jp"]
    assert states()[buys.pk] == (State.SUPPRESSED, "journey_left")
    assert states()[leaves.pk] == (State.SUPPRESSED, "unsubscribed")
    assert events_of(buys) == ["message.withheld"]


def test_others_pass_by_what_a_run_on_hold_has_planned_before_them(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    held = plan(published(), *[reader(f"h{number}@example.jp") for number in range(30)])
    hold_run(held[0].run_id)
    plan(published(name="Another"), reader("a@example.jp"))
    working = sender()
    run(working)
    assert server.recipients == ["a@example.jp"]
    assert Delivery.objects.filter(state=State.PLANNED, attempts=0).count() == 30
    release_run(held[0].run_id)
    run(working)
    assert len(server.letters) == 31


def test_a_sandboxs_clock_goes_past_what_is_on_hold() -> None:
    later = clock.now().replace(microsecond=0)
    (delivery,) = plan(published(), reader("a@example.jp"), due_at=later.replace(year=later.year + 1))
    assert next_due() == delivery.due_at
    hold_run(delivery.run_id)
    assert next_due() is None
    release_run(delivery.run_id)
    assert next_due() == delivery.due_at


def test_what_waited_of_a_journey_that_is_deleted_is_withheld_and_says_why(
    server: ScriptedServer, sender: Callable[..., LaneSender]
) -> None:
    journey, contact = journey_of(published().message), reader("a@example.jp")
    walk(journey, contact)
    journey.unpublish()
    Journey.objects.get(pk=journey.pk).delete()
    run(sender())
    assert states() == {contact.pk: (State.SUPPRESSED, "cancelled")}
    assert server.letters == []


def test_a_cancelled_run_is_not_put_on_hold() -> None:
    journey = journey_of(published().message)
    made = Run.objects.get(kind="journey")
    journey.delete()
    hold_run(made.pk)
    made.refresh_from_db()
    assert (made.held_at, made.cancelled_at is not None) == (None, True)


def test_the_screens_say_that_it_waits_for_the_journey(server: ScriptedServer) -> None:
    version = published(name="Waits")
    journey, contact = journey_of(version.message), reader("a@example.jp", family_name="山田")
    walk(journey, contact)
    browser = owner_client()
    assert browser.post(f"/admin/journeys/unpublish/{journey.pk}/").status_code == 302
    for url in (f"/admin/people/{contact.public_id}/", f"/admin/messages/{version.message_id}/deliveries/"):
        assert (
            "What it belongs to, a journey or a broadcast, is paused, and its messages wait."
            in browser.get(url).content.decode()
        ), url
