"""Journeys that start and end each other: who enters, who does not and why, and that no circle goes on for ever."""

from __future__ import annotations

from typing import Any

import pytest

from jouren.contacts.models import Contact
from jouren.events.queries import events_of
from jouren.journeys import engine
from jouren.journeys.actions import freeze_version, retire_versions
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.crossing import MAX_TURNS
from jouren.journeys.models import Enrolment, EnrolmentState, Entries, Journey
from jouren.journeys.neighbours import warnings_of
from jouren.journeys.pausing import pause_journey
from jouren.journeys.policies import find_circle
from jouren.journeys.preview import day_by_day, preview_context
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from tests.walking import (
    Time,
    buy,
    draft_journey,
    got,
    live_journey,
    make_reader,
    rewrite,
    send,
    step,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]

BY_HAND = [{"type": "by_hand", "value": None}]


def _start(journey: Journey) -> dict[str, Any]:
    return step("start_journey", {"journey": journey.pk})


def _leave(journey: Journey | None = None) -> dict[str, Any]:
    return step("leave_journey", {"journey": journey.pk if journey else None, "all_others": journey is None})


def _wait(**value: Any) -> dict[str, Any]:
    return step("wait", {"amount": 1, "unit": "days", **value})


def _refusals(contact: Contact) -> list[tuple[str, str]]:
    events = events_of([contact.pk], types=["journey.not_entered"])
    return [(event.payload["name"], event.payload["reason"]) for event in reversed(events)]


def test_a_step_brings_people_into_another_journey_which_goes_on_beside_this_one(hello: Message) -> None:
    care = live_journey([send(hello), _wait()], BY_HAND, name="Care")
    first = live_journey([_start(care), _wait()], name="First")
    contact = make_reader()
    buy(contact)
    work()
    own, started = (Enrolment.objects.get(journey=journey) for journey in (first, care))
    assert (own.state, started.state) == (EnrolmentState.ACTIVE, EnrolmentState.ACTIVE)
    assert started.started_by == own.pk
    assert got(contact) == ["Hello"]
    assert _refusals(contact) == []


def test_whom_the_other_journey_does_not_take_is_told_why(hello: Message) -> None:
    stage = {"fact": "pyramid.stage", "op": "gte", "value": 5}
    choosy = live_journey([send(hello)], BY_HAND, name="Regulars", entry=stage)
    once = live_journey([send(hello)], BY_HAND, name="Once")
    paused = live_journey([send(hello)], BY_HAND, name="Paused")
    closed = live_journey([send(hello)], BY_HAND, name="Closed")
    live_journey([_start(choosy), _start(once), _start(once), _start(closed), _start(paused)])
    retire_versions(closed)
    pause_journey(paused, entries=Entries.TURN_AWAY)
    contact = make_reader()
    buy(contact)
    work()
    assert got(contact) == ["Hello"]
    assert _refusals(contact) == [
        ("Regulars", "not_admitted"),
        ("Once", "been_there"),
        ("Closed", "not_published"),
        ("Paused", "turned_away"),
    ]


def test_journeys_that_start_each_other_stop_after_a_few_turns_and_say_so(hello: Message, time: Time) -> None:
    ping = live_journey([send(hello)], name="Ping", reentry="again")
    pong = live_journey([_start(ping)], BY_HAND, name="Pong", reentry="again")
    freeze_version(rewrite(ping, send(hello), _start(pong)))
    contact = make_reader()
    buy(contact)
    work()
    for _day in range(10):
        time.pass_by(days=1)
        work()
    assert Enrolment.objects.filter(journey=ping).count() == MAX_TURNS
    assert _refusals(contact) == [("Ping", "going_round")]
    buy(contact, "2")
    work()
    assert Enrolment.objects.filter(journey=ping).count() == 2 * MAX_TURNS, "a new occasion begins a new chain"


def test_each_order_starts_a_walk_of_its_own_also_for_two_in_one_batch(hello: Message) -> None:
    care = live_journey([_wait()], BY_HAND, name="Care", reentry="keyed", key="order")
    live_journey([_start(care)], name="Bought", reentry="keyed", key="order")
    contact = make_reader()
    buy(contact, "A")
    buy(contact, "B")
    work()
    assert sorted(walk.key for walk in walks(contact) if walk.journey_id == care.pk) == ["A", "B"]


def test_many_who_come_at_once_are_started_in_one_batch(hello: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    care = live_journey([send(hello)], BY_HAND, name="Care")
    live_journey([_start(care)])
    people = [make_reader(number) for number in range(12)]
    for contact in people:
        buy(contact, f"order {contact.pk}")
    work()
    assert [got(contact) for contact in people] == [["Hello"]] * 12
    assert Enrolment.objects.filter(journey=care, started_by__isnull=False).count() == 12


def test_a_step_takes_people_out_of_another_journey_and_holds_what_it_had_ready(hello: Message, time: Time) -> None:
    offer = live_journey([_wait(), send(hello)], name="Offer")
    other = live_journey([_wait(amount=9)], name="Other")
    contact = make_reader()
    buy(contact)
    work()
    time.pass_by(days=1)
    work()
    assert got(contact) == ["Hello"], "it is planned, and no sender has taken it"
    last = live_journey([_leave(offer)], name="Last")
    for journey in (offer, other):
        Enrolment.objects.filter(journey=journey).update(state=EnrolmentState.ACTIVE)
    buy(contact, "2")
    work()
    left = Enrolment.objects.get(journey=offer)
    assert (left.state, left.reason, left.due_at) == (EnrolmentState.LEFT, "taken_out", None)
    assert Enrolment.objects.get(journey=other).state == EnrolmentState.ACTIVE
    assert Enrolment.objects.get(journey=last).state == EnrolmentState.FINISHED
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, "journey_left")
    told = events_of([contact.pk], types=["journey.left", "message.withheld"])
    assert {(event.type, event.payload["reason"]) for event in told} == {
        ("journey.left", "taken_out"),
        ("journey.left", "finished"),
        ("message.withheld", "journey_left"),
    }


def test_a_step_takes_people_out_of_all_other_journeys_but_not_out_of_its_own(time: Time) -> None:
    for name in ("One", "Two"):
        live_journey([_wait(amount=9)], name=name)
    last = live_journey([_wait(), _leave(), _wait()], name="Last")
    contact, bystander = make_reader(1), make_reader(2)
    buy(contact)
    buy(bystander, "2")
    work()
    Enrolment.objects.filter(contact_id=bystander.pk, journey=last).delete()
    time.pass_by(days=1)
    work()
    assert [walk.state for walk in Enrolment.objects.filter(contact_id=contact.pk).order_by("journey__name")] == [
        EnrolmentState.ACTIVE,
        EnrolmentState.LEFT,
        EnrolmentState.LEFT,
    ]
    assert {walk.state for walk in walks(bystander)} == {EnrolmentState.ACTIVE}


def test_two_journeys_that_end_each_other_at_the_same_moment_do_not_stop_anybody() -> None:
    one = live_journey([_wait()], name="One")
    two = live_journey([_leave(one)], name="Two")
    freeze_version(rewrite(one, _leave(two)))
    contact = make_reader()
    buy(contact)
    work()
    assert engine.is_busy() is False
    assert {walk.state for walk in walks(contact)} <= {EnrolmentState.FINISHED, EnrolmentState.LEFT}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda own, other: step("start_journey", {"journey": None}), "starts a journey that is not there"),
        (lambda own, other: _start(own), "A journey cannot start itself"),
        (lambda own, other: _start(other), "“Draft” was never published"),
        (lambda own, other: step("leave_journey", {"journey": None, "all_others": False}), "or all others"),
        (lambda own, other: step("leave_journey", {"journey": other.pk, "all_others": True}), "not both"),
        (lambda own, other: _leave(own), "To leave this journey itself"),
    ],
)
def test_what_cannot_be_walked_is_refused_when_the_journey_is_published(make: Any, problem: str) -> None:
    own, other = draft_journey([_wait()]), draft_journey([_wait()], name="Draft")
    own.steps = own._meta.get_field("steps").stream_block.to_python([make(own, other)])  # type: ignore[union-attr]
    with pytest.raises(JourneyProblem, match=problem):
        compile_journey(own)


def test_the_author_is_shown_the_circle_and_the_paused_journey_before_publishing() -> None:
    ping = live_journey([_wait()], name="Ping")
    pong = live_journey([_start(ping)], BY_HAND, name="Pong")
    closed = live_journey([_wait()], BY_HAND, name="Closed")
    retire_versions(closed)
    ping.steps = ping._meta.get_field("steps").stream_block.to_python([_start(pong), _start(closed)])  # type: ignore[union-attr]
    assert [hint.what for hint in preview_context(ping, "flow")["hints"] if not hint.remedy] == [
        "The journey “Closed” is not published: nobody enters it from here.",
        "People go round in a circle: Ping → Pong → Ping. Each goes round 3 times at most.",
    ]


def test_the_author_is_told_which_other_journey_begins_with_the_same_event() -> None:
    lapsed = [{"type": "event", "value": {"event": "customer.lapsed"}}]
    live_journey([_wait()], lapsed, name="Miss you")
    live_journey([_wait()], BY_HAND, name="By hand")
    again = draft_journey([_wait()], lapsed, name="Win back")
    assert warnings_of(again, compile_journey(again)) == [
        "“Miss you” begins with the same: who enters both gets the messages of both."
    ]
    by_hand = draft_journey([_wait()], BY_HAND, name="By hand too")
    assert not warnings_of(by_hand, compile_journey(by_hand))


def test_a_journey_that_begins_when_any_journey_ends_is_seen_to_follow_itself() -> None:
    live_journey([_wait()], BY_HAND, name="Quiet")
    after = [{"type": "event", "value": {"event": "journey.left"}}]
    journey = draft_journey([_wait()], after, name="Echo")
    assert warnings_of(journey, compile_journey(journey)) == [
        "People can go round in a circle without end: Echo → Echo. Let them enter once only, or give a condition."
    ]
    only = [
        {
            "type": "event",
            "value": {"event": "journey.left", "where": [{"field": "name", "op": "eq", "value": "Quiet"}]},
        }
    ]
    journey = draft_journey([_wait()], only, name="Echo")
    assert warnings_of(journey, compile_journey(journey)) == []


def test_the_preview_tells_of_the_other_journeys() -> None:
    other = live_journey([_wait()], BY_HAND, name="Care")
    journey = draft_journey([_start(other), _leave(other), _leave()])
    assert [moment.text for moment in day_by_day(compile_journey(journey))][:3] == [
        "Enters the journey “Care”, if they may",
        "Is taken out of the journey “Care”",
        "Is taken out of all other journeys",
    ]


def test_circles_are_found_by_the_shortest_way() -> None:
    assert find_circle(1, [(1, 2), (2, 3), (3, 1), (2, 1)]) == [1, 2, 1]
    assert find_circle(1, [(1, 1)]) == [1, 1]
    assert find_circle(1, [(1, 2), (2, 3), (3, 2)]) == []
