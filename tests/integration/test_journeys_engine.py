"""People walk journeys: triggered, advanced, woken, set apart; on real PostgreSQL, through the public actions."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from jouren.contacts.actions import create_contact, grant_consent, keep_consent_text, merge_contacts
from jouren.contacts.models import Contact, Suppression, Topic
from jouren.core import clock
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand, freeze_version, retire_versions, surviving_steps
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.queries import figures
from jouren.journeys.steps import listening
from jouren.messaging.gate import Question, Verdict, ask, load_gate_facts
from jouren.messaging.models import Delivery, Message, MessageVersion
from jouren.messaging.vocabulary import State
from jouren.pyramid.models import PyramidPosition

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class Time:
    """The test's own clock."""

    def __init__(self) -> None:
        self.now = START

    def pass_by(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time()
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


@pytest.fixture
def topic() -> Topic:
    return Topic.objects.get_or_create(key="newsletter", defaults={"name": "Newsletter"})[0]


@pytest.fixture
def message(topic: Topic) -> Message:
    return make_message("Hello", topic)


def make_message(name: str, topic: Topic) -> Message:
    message = Message.objects.create(name=name, kind="help", topic=topic, language="ja", live=True)
    MessageVersion.objects.create(
        message=message, number=1, name=name, kind="help", topic=topic.key, bodies={}, hash=name, created_at=START
    )
    return message


def make_contact(topic: Topic, number: int = 1) -> Contact:
    contact = create_contact(email=f"p{number}@example.jp")
    text = keep_consent_text("I want it.")
    grant_consent(contact.pk, "email", topic.key, text=text, via="form")
    return contact


def step(kind: str, value: dict[str, Any], key: str = "") -> dict[str, Any]:
    return {"type": kind, "value": value, "id": str(uuid.uuid5(uuid.NAMESPACE_OID, key) if key else uuid.uuid4())}


def make_journey(steps: Sequence[dict[str, Any]], **fields: Any) -> Journey:
    journey = Journey(name="Welcome", trigger=[("event", {"event": "order.paid"})], **fields)
    journey.steps = journey._meta.get_field("steps").stream_block.to_python(list(steps))
    journey.save()
    freeze_version(journey)
    return journey


def buy(contact: Contact, key: str = "1", **payload: Any) -> None:
    order = {"order": key, "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"], **payload}
    record_event(NewEvent("order.paid", contact.pk, order))


def work() -> None:
    """What a worker does until nothing is left to do."""
    while reactor.tick() or engine.tick():
        pass


def sent_names(contact: Contact) -> list[str]:
    return list(
        Delivery.objects.filter(contact_id=contact.pk).order_by("id").values_list("message_version__name", flat=True)
    )


def walk_of(contact: Contact) -> Enrolment:
    return Enrolment.objects.get(contact_id=contact.pk)


def test_a_purchase_brings_a_person_in_and_the_first_message_is_planned_at_once(topic: Topic, message: Message) -> None:
    make_journey([step("send", {"message": message.pk})])
    contact = make_contact(topic)
    buy(contact)
    work()
    delivery = Delivery.objects.get(contact_id=contact.pk)
    assert (delivery.state, delivery.due_at, delivery.occurrence) == (State.PLANNED, START, 1)
    assert walk_of(contact).state == EnrolmentState.FINISHED
    told = [event.type for event in events_of([contact.pk], types=["journey.entered", "journey.left"])]
    assert sorted(told) == ["journey.entered", "journey.left"]


def test_step_messages_come_at_their_own_times(topic: Topic, message: Message, time: Time) -> None:
    second, third = make_message("Second", topic), make_message("Third", topic)
    make_journey(
        [
            step("send", {"message": message.pk}),
            step("wait", {"amount": 3, "unit": "days"}),
            step("send", {"message": second.pk}),
            step("wait_until", {"day": 7, "at": "08:00", "business": False}),
            step("send", {"message": third.pk}),
        ]
    )
    contact = make_contact(topic)
    buy(contact)
    work()
    assert sent_names(contact) == ["Hello"]
    assert engine.next_due() == START + timedelta(days=3)
    time.pass_by(days=3)
    work()
    assert sent_names(contact) == ["Hello", "Second"]
    assert engine.next_due() == datetime(2026, 11, 28, 23, tzinfo=UTC)  # the 29th, 8:00 in Tokyo
    time.now = datetime(2026, 11, 28, 22, 59, tzinfo=UTC)
    work()
    assert sent_names(contact) == ["Hello", "Second"]
    time.pass_by(minutes=1)
    work()
    assert sent_names(contact) == ["Hello", "Second", "Third"]
    assert walk_of(contact).state == EnrolmentState.FINISHED


def test_once_means_once_and_again_means_not_while_inside(topic: Topic, message: Message, time: Time) -> None:
    steps = [step("wait", {"amount": 1, "unit": "days"})]
    once, again = make_journey(steps, reentry="once"), make_journey(steps, reentry="again")
    contact = make_contact(topic)
    for key in ("1", "2"):
        buy(contact, key)
        work()
    time.pass_by(days=1)
    work()
    buy(contact, "3")
    work()
    assert Enrolment.objects.filter(journey=once).count() == 1
    assert list(Enrolment.objects.filter(journey=again).order_by("id").values_list("occurrence", "state")) == [
        (1, EnrolmentState.FINISHED),
        (2, EnrolmentState.ACTIVE),
    ]


def test_imported_history_brings_nobody_in(topic: Topic, message: Message) -> None:
    make_journey([step("send", {"message": message.pk})])
    contact = make_contact(topic)
    order = {"order": "1", "kind": "regular", "amount": 1000, "currency": "JPY", "products": []}
    record_event(NewEvent("order.paid", contact.pk, order, historical=True))
    work()
    assert not Enrolment.objects.exists()
    assert not Delivery.objects.exists()


def test_an_entry_condition_lets_only_some_in(topic: Topic, message: Message) -> None:
    journey = Journey(name="English", trigger=[("event", {"event": "order.paid"})])
    journey.entry = {"fact": "contact.language", "op": "eq", "value": "en"}
    journey.steps = journey._meta.get_field("steps").stream_block.to_python([step("send", {"message": message.pk})])
    journey.save()
    freeze_version(journey)
    japanese = make_contact(topic)
    english = create_contact(email="hello@example.com", language="en")
    for contact in (japanese, english):
        buy(contact, str(contact.pk))
    work()
    assert list(Enrolment.objects.values_list("contact_id", flat=True)) == [english.pk]


def test_a_branch_follows_the_facts_of_that_moment(topic: Topic, message: Message, time: Time) -> None:
    thanks, offer = make_message("Thanks", topic), make_message("Offer", topic)
    bought_twice = {"fact": "orders.count", "argument": "", "op": "gte", "value": "2"}
    make_journey(
        [
            step("wait", {"amount": 1, "unit": "days"}),
            step(
                "branch",
                {
                    "when": [{"type": "test", "value": bought_twice}],
                    "then": [step("send", {"message": thanks.pk})],
                    "otherwise": [step("send", {"message": offer.pk})],
                },
            ),
        ]
    )
    keen, other = make_contact(topic, 1), make_contact(topic, 2)
    for contact in (keen, other):
        buy(contact, f"first-{contact.pk}")
    work()
    buy(keen, "second")
    work()
    time.pass_by(days=1)
    work()
    assert sent_names(keen) == ["Thanks"]
    assert sent_names(other) == ["Offer"]


def waiting_journey(topic: Topic) -> tuple[Message, Message]:
    heard, silent = make_message("Heard", topic), make_message("Silent", topic)
    make_journey(
        [
            step(
                "wait_event",
                {
                    "event": "message.clicked",
                    "message": None,
                    "amount": 2,
                    "unit": "days",
                    "then": [step("send", {"message": heard.pk})],
                    "otherwise": [step("send", {"message": silent.pk})],
                },
            )
        ]
    )
    return heard, silent


def click(contact: Contact, by: str = "human", **more: Any) -> None:
    payload = {"delivery": 1, "message": 1, "title": "x", "url": "https://example.jp/", "by": by}
    record_event(NewEvent("message.clicked", contact.pk, payload, **more))


def test_an_event_wakes_who_waits_for_it_and_a_scanner_does_not(topic: Topic, time: Time) -> None:
    waiting_journey(topic)
    keen, scanned, silent = (make_contact(topic, number) for number in range(3))
    for contact in (keen, scanned, silent):
        buy(contact, str(contact.pk))
    work()
    time.pass_by(hours=1)
    click(keen)
    click(scanned, by="scanner")
    work()
    assert sent_names(keen) == ["Heard"]
    assert sent_names(scanned) == []
    time.pass_by(days=2)
    work()
    assert sent_names(keen) == ["Heard"]
    assert sent_names(scanned) == sent_names(silent) == ["Silent"]


def test_an_event_that_comes_as_its_wait_ends_does_not_answer_the_next_one(
    topic: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = {"message": None, "amount": 2, "unit": "days", "then": [], "otherwise": []}
    first = step("wait_event", {**wait, "event": "message.clicked"})
    second = step("wait_event", {**wait, "event": "message.opened"})
    make_journey([first, second])
    contact = make_contact(topic)
    buy(contact)
    work()

    def meanwhile_the_wait_ends(*_asked: Any) -> bool:
        Enrolment.objects.filter(contact_id=contact.pk).update(step=uuid.UUID(second["id"]), waits_for="message.opened")
        return True

    click(contact)
    monkeypatch.setattr(listening, "fits", meanwhile_the_wait_ends)
    reactor.tick()
    assert (str(walk_of(contact).step), walk_of(contact).heard_event_id) == (second["id"], None)


def test_an_event_from_before_the_wait_does_not_count(topic: Topic, time: Time) -> None:
    waiting_journey(topic)
    contact = make_contact(topic)
    buy(contact)
    work()
    click(contact, occurred_at=START - timedelta(minutes=1))
    work()
    assert sent_names(contact) == []


def test_the_goal_is_asked_again_before_every_message(topic: Topic, message: Message, time: Time) -> None:
    journey = Journey(name="Second purchase", trigger=[("event", {"event": "order.paid"})])
    field = journey._meta.get_field
    journey.goal = {"fact": "orders.count", "op": "gte", "value": 2}
    journey.steps = field("steps").stream_block.to_python(
        [step("wait", {"amount": 1, "unit": "days"}), step("send", {"message": message.pk})]
    )
    journey.save()
    freeze_version(journey)
    contact = make_contact(topic)
    buy(contact, "1")
    work()
    buy(contact, "2")
    work()
    time.pass_by(days=1)
    work()
    assert sent_names(contact) == []
    walk = walk_of(contact)
    assert (walk.state, walk.reason) == (EnrolmentState.FINISHED, "goal_reached")


def test_stage_suppression_and_exit_do_what_they_say(topic: Topic, message: Message) -> None:
    make_journey(
        [
            step("stage", {"stage": "5", "reason": "finest customer"}),
            step("suppress", {"channel": "", "reason": "asked for peace"}),
            step("send", {"message": message.pk}),
            step("exit", {"reason": "not for them"}),
        ]
    )
    contact = make_contact(topic)
    buy(contact)
    work()
    assert PyramidPosition.objects.get(contact_id=contact.pk).stage == 5
    assert Suppression.objects.get(contact=contact).reason == "unneeded"
    delivery = Delivery.objects.get(contact_id=contact.pk)
    assert delivery.state == State.SUPPRESSED
    assert delivery.reason
    assert walk_of(contact).reason == "not for them"


def test_one_walk_that_fails_is_set_apart_and_the_others_go_on(
    topic: Topic, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = make_journey([step("wait", {"amount": 1, "unit": "days"})])
    people = [make_contact(topic, number) for number in range(7)]
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


def test_two_advancers_at_once_plan_one_message_for_each(topic: Topic, message: Message) -> None:
    journey = make_journey([step("send", {"message": message.pk})])
    people = [make_contact(topic, number).pk for number in range(60)]
    enrol_by_hand(journey, people)

    def advance_all() -> None:
        while engine.tick():
            pass
        connection.close()

    threads = [threading.Thread(target=advance_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Delivery.objects.count() == 60
    assert Enrolment.objects.filter(state=EnrolmentState.FINISHED).count() == 60


def test_publishing_again_keeps_everybodys_place_and_the_time_they_waited(
    topic: Topic, message: Message, time: Time
) -> None:
    steps = [step("wait", {"amount": 4, "unit": "days"}, "wait"), step("send", {"message": message.pk}, "send")]
    journey = make_journey(steps)
    contact = make_contact(topic)
    buy(contact)
    work()
    time.pass_by(days=1)
    shorter = [step("wait", {"amount": 2, "unit": "days"}, "wait"), steps[1]]
    journey.steps = journey._meta.get_field("steps").stream_block.to_python(shorter)
    journey.save()
    version = freeze_version(journey)
    work()
    walk = walk_of(contact)
    assert (walk.version_id, walk.due_at) == (version.pk, START + timedelta(days=2))
    assert freeze_version(journey).pk == version.pk  # nothing changed: no new version


def test_whose_step_is_deleted_goes_on_at_the_next_one_and_nobody_walks_twice(
    topic: Topic, message: Message, time: Time
) -> None:
    second = make_message("Second", topic)
    wait, first = step("wait", {"amount": 4, "unit": "days"}, "wait"), step("send", {"message": message.pk}, "first")
    last = step("send", {"message": second.pk}, "last")
    journey = make_journey([first, wait, last])
    contact = make_contact(topic)
    buy(contact)
    work()
    journey.steps = journey._meta.get_field("steps").stream_block.to_python([first, last])
    journey.save()
    freeze_version(journey)
    work()
    assert sent_names(contact) == ["Hello", "Second"]


def test_a_retired_journey_stands_still_until_it_is_published_again(topic: Topic, message: Message, time: Time) -> None:
    journey = make_journey([step("wait", {"amount": 1, "unit": "days"}), step("send", {"message": message.pk})])
    contact = make_contact(topic)
    buy(contact)
    work()
    retire_versions(journey)
    time.pass_by(days=2)
    buy(make_contact(topic, 2), "2")
    work()
    assert sent_names(contact) == []
    assert Enrolment.objects.count() == 1
    freeze_version(journey)
    work()
    assert sent_names(contact) == ["Hello"]


def test_a_deleted_journeys_planned_messages_do_not_go_out(topic: Topic, message: Message) -> None:
    journey = make_journey([step("send", {"message": message.pk})])
    contact = make_contact(topic)
    buy(contact)
    work()
    run = Delivery.objects.get(contact_id=contact.pk).run
    journey.delete()
    run.refresh_from_db()
    assert run.cancelled_at == START
    assert not Enrolment.objects.exists()


def test_deleted_forks_lead_to_where_their_ways_meet() -> None:
    old = {
        "steps": {
            "fork": {"type": "branch", "then": "yes", "else": "no"},
            "yes": {"type": "wait", "next": "end"},
            "no": {"type": "wait", "next": "end"},
            "end": {"type": "exit"},
        }
    }
    assert surviving_steps(old, {"steps": {"end": {}}}) == {"fork": "end", "yes": "end", "no": "end"}
    assert surviving_steps(old, {"steps": {"yes": {}, "end": {}}}) == {"fork": "end", "no": "end"}
    assert surviving_steps(old, {"steps": {"yes": {}}}) == {"fork": None, "no": None, "end": None}


def test_an_answer_that_comes_while_a_journey_stands_still_is_heard_when_it_goes_on(topic: Topic, time: Time) -> None:
    waiting_journey(topic)
    contact = make_contact(topic)
    buy(contact)
    work()
    journey = Journey.objects.get()
    retire_versions(journey)
    time.pass_by(hours=1)
    click(contact)
    work()
    assert sent_names(contact) == []
    freeze_version(journey)
    work()
    assert sent_names(contact) == ["Heard"]


def test_who_reaches_the_goal_while_a_message_waits_to_go_does_not_get_it(topic: Topic, message: Message) -> None:
    journey = Journey(name="Second purchase", trigger=[("event", {"event": "order.paid"})])
    field = journey._meta.get_field
    journey.goal = {"fact": "orders.count", "op": "gte", "value": 2}
    journey.steps = field("steps").stream_block.to_python([step("send", {"message": message.pk})])
    journey.save()
    freeze_version(journey)
    one, two = make_contact(topic, 1), make_contact(topic, 2)
    for contact in (one, two):
        buy(contact, f"first-{contact.pk}")
    work()
    buy(two, "second")
    work()
    run_id = Delivery.objects.filter(contact_id=one.pk).values_list("run_id", flat=True)[0]
    version_id = message.versions.get().pk
    facts = load_gate_facts([Question(contact.pk, version_id, run_id, "email") for contact in (one, two)])
    assert ask(facts, START) == [None, None]
    assert ask(facts, START, is_sending=True) == [None, Verdict("journey_left")]


def test_of_a_message_planned_for_both_halves_of_a_person_one_goes(topic: Topic, message: Message) -> None:
    make_journey([step("send", {"message": message.pk})])
    kept, gone = make_contact(topic, 1), make_contact(topic, 2)
    for contact in (kept, gone):
        buy(contact, str(contact.pk))
    work()
    merge_contacts(kept.pk, gone.pk)
    told = dict(Delivery.objects.values_list("contact_id", "reason"))
    assert told == {kept.pk: "", gone.pk: "merged"}
    assert Delivery.objects.get(contact_id=gone.pk).state == State.SUPPRESSED


def test_merged_people_walk_on_as_one(topic: Topic, message: Message, time: Time) -> None:
    make_journey([step("wait", {"amount": 1, "unit": "days"}), step("send", {"message": message.pk})])
    kept, gone = make_contact(topic, 1), make_contact(topic, 2)
    for contact in (kept, gone):
        buy(contact, str(contact.pk))
    work()
    merge_contacts(kept.pk, gone.pk)
    time.pass_by(days=1)
    work()
    assert sent_names(kept) == ["Hello"]
    assert sent_names(gone) == []


def test_figures_tell_where_people_are_and_what_they_got(topic: Topic, message: Message) -> None:
    journey = make_journey(
        [step("send", {"message": message.pk}, "send"), step("wait", {"amount": 1, "unit": "days"}, "wait")]
    )
    enrol_by_hand(journey, [make_contact(topic, number).pk for number in range(3)])
    work()
    Delivery.objects.update(state=State.SENT)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(first_clicked_at=START)
    told = figures(journey)
    assert (told.active, told.finished, told.left) == (3, 0, 0)
    assert told.steps[str(uuid.uuid5(uuid.NAMESPACE_OID, "wait"))].here == 3
    send = told.steps[str(uuid.uuid5(uuid.NAMESPACE_OID, "send"))]
    assert (send.sent, send.clicked, send.here) == (3, 1, 0)
