"""How people leave a journey, and what steps do to them on the way."""

from __future__ import annotations

import pytest

from jouren.contacts.models import Suppression
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.models import EnrolmentState
from jouren.messaging.gate import Question, Verdict, ask, load_gate_facts
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.pyramid.models import PyramidPosition
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
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def test_the_goal_is_asked_again_before_every_message(hello: Message, time: Time) -> None:
    live_journey([wait(1), send(hello)], goal={"fact": "orders.count", "op": "gte", "value": 2})
    contact = make_reader()
    buy(contact, "1")
    work()
    buy(contact, "2")
    work()
    time.pass_by(days=1)
    work()
    assert got(contact) == []
    walk = walk_of(contact)
    assert (walk.state, walk.reason) == (EnrolmentState.FINISHED, "goal_reached")


def test_who_reaches_the_goal_while_a_message_waits_to_go_does_not_get_it(hello: Message) -> None:
    live_journey([send(hello)], goal={"fact": "orders.count", "op": "gte", "value": 2})
    one, two = make_reader(1), make_reader(2)
    for contact in (one, two):
        buy(contact)
    work()
    buy(two, "second")
    work()
    run_id = Delivery.objects.filter(contact_id=one.pk).values_list("run_id", flat=True)[0]
    version_id = hello.versions.get().pk
    facts = load_gate_facts([Question(contact.pk, version_id, run_id, "email") for contact in (one, two)])
    assert ask(facts, START) == [None, None]
    assert ask(facts, START, is_sending=True) == [None, Verdict("journey_left")]


def test_stage_leaving_in_peace_and_exit_do_what_they_say(hello: Message) -> None:
    live_journey(
        [
            step("stage", {"stage": "5", "reason": "finest customer"}),
            step("suppress", {"channel": "", "reason": "asked for peace"}),
            send(make_message("Offer", "ask")),
            send(hello),
            step("exit", {"reason": "not for them"}),
        ]
    )
    contact = make_reader()
    buy(contact)
    work()
    assert PyramidPosition.objects.get(contact_id=contact.pk).stage == 5
    stop = Suppression.objects.get(contact=contact)
    assert (stop.reason, stop.channel, stop.detail) == ("in_peace", "", "asked for peace")
    # What they asked for still goes to them.
    offer, letter = Delivery.objects.filter(contact_id=contact.pk).order_by("pk")
    assert (offer.state, offer.reason) == (State.SUPPRESSED, "suppressed:in_peace")
    assert letter.state == State.PLANNED
    assert walk_of(contact).reason == "not for them"


def test_whom_a_journey_left_in_peace_comes_back_by_buying_after_all(hello: Message, time: Time) -> None:
    live_journey(
        [step("suppress", {"channel": "email", "reason": ""})],
        [{"type": "event", "value": {"event": "registration.confirmed"}}],
    )
    contact = make_reader()
    record_event(NewEvent("registration.confirmed", contact.pk, {"registration": 1, "title": "Letters"}))
    work()
    assert Suppression.objects.get(lifted_at=None).channel == "email"
    time.pass_by(days=3)
    buy(contact)
    work()
    assert not Suppression.objects.filter(lifted_at=None).exists()
