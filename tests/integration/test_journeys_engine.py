"""The advancer: facts of the moment, failures set apart, two at once, figures."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Enrolment, EnrolmentState
from jouren.journeys.queries import figures
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from tests.at_once import at_once
from tests.walking import START, Time, buy, got, live_journey, make_message, make_reader, send, step, wait, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def test_a_branch_follows_the_facts_of_that_moment(hello: Message, time: Time) -> None:
    thanks, offer = make_message("Thanks"), make_message("Offer")
    bought_twice = {"fact": "orders.count", "argument": "", "op": "gte", "value": "2"}
    live_journey(
        [
            wait(1),
            step(
                "branch",
                {
                    "when": [{"type": "test", "value": bought_twice}],
                    "then": [send(thanks)],
                    "otherwise": [send(offer)],
                },
            ),
        ]
    )
    keen, other = make_reader(1), make_reader(2)
    for contact in (keen, other):
        buy(contact)
    work()
    buy(keen, "second")
    work()
    time.pass_by(days=1)
    work()
    assert got(keen) == ["Thanks"]
    assert got(other) == ["Offer"]


def test_one_walk_that_fails_is_set_apart_and_the_others_go_on(hello: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    journey = live_journey([wait(1)])
    people = [make_reader(number) for number in range(7)]
    enrol_by_hand(journey, [person.pk for person in people])
    walk = engine.walk

    def fail_for_one(walker: engine.Walker, *rest: Any, **more: Any) -> engine.Move:
        if walker.contact_id == people[3].pk:
            raise ValueError("these facts cannot be")
        return walk(walker, *rest, **more)

    monkeypatch.setattr(engine, "walk", fail_for_one)
    work()
    assert Enrolment.objects.get(contact_id=people[3].pk).state == EnrolmentState.FAILED
    assert Enrolment.objects.get(contact_id=people[3].pk).reason == "ValueError: these facts cannot be"
    assert Enrolment.objects.filter(state=EnrolmentState.ACTIVE, due_at=START + timedelta(days=1)).count() == 6


def test_two_advancers_at_once_plan_one_message_for_each(hello: Message) -> None:
    journey = live_journey([send(hello)])
    people = [make_reader(number).pk for number in range(60)]
    enrol_by_hand(journey, people)

    def advance_all() -> None:
        while engine.tick():
            pass

    at_once(advance_all, advance_all)
    assert Delivery.objects.count() == 60
    assert Enrolment.objects.filter(state=EnrolmentState.FINISHED).count() == 60


def test_figures_tell_where_people_are_and_what_they_got(hello: Message) -> None:
    journey = live_journey([send(hello, "send"), wait(1)])
    enrol_by_hand(journey, [make_reader(number).pk for number in range(3)])
    work()
    Delivery.objects.update(state=State.SENT)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(first_clicked_at=START)
    told = figures(journey)
    assert (told.active, told.finished, told.left) == (3, 0, 0)
    assert told.steps[str(uuid.uuid5(uuid.NAMESPACE_OID, "wait"))].here == 3
    sending = told.steps[str(uuid.uuid5(uuid.NAMESPACE_OID, "send"))]
    assert (sending.sent, sending.clicked, sending.here) == (3, 1, 0)
