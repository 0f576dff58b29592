"""Who enters a journey, how often and how fast; which of several events opens which way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jouren.contacts.actions import create_contact, define_attribute, merge_contacts, set_attributes
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.journeys.actions import freeze_version
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.orders.telling import tell_orders_of
from tests.telling import told
from tests.walking import (
    START,
    Time,
    buy,
    draft_journey,
    got,
    live_journey,
    make_message,
    make_reader,
    rewrite,
    send,
    step,
    wait,
    walk_of,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def _paid(**value: Any) -> list[dict[str, Any]]:
    return [{"type": "event", "value": {"event": "order.paid", **value}}]


def test_a_purchase_brings_a_person_in_and_the_first_message_is_planned_at_once(hello: Message) -> None:
    live_journey([send(hello)])
    contact = make_reader()
    buy(contact)
    work()
    delivery = Delivery.objects.get(contact_id=contact.pk)
    assert (delivery.state, delivery.due_at, delivery.occurrence) == (State.PLANNED, START, 1)
    assert walk_of(contact).state == EnrolmentState.FINISHED
    told = [event.type for event in events_of([contact.pk], types=["journey.entered", "journey.left"])]
    assert sorted(told) == ["journey.entered", "journey.left"]


def test_once_means_once_and_again_means_not_while_inside(hello: Message, time: Time) -> None:
    steps = [wait(1)]
    once, again = live_journey(steps, reentry="once"), live_journey(steps, reentry="again")
    contact = make_reader()
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


def test_imported_history_brings_nobody_in(hello: Message) -> None:
    live_journey([send(hello)])
    contact = make_reader()
    order = {"order": "1", "kind": "regular", "amount": 1000, "currency": "JPY", "products": []}
    record_event(NewEvent("order.paid", contact.pk, order, historical=True))
    work()
    assert not Enrolment.objects.exists()
    assert not Delivery.objects.exists()


def test_an_entry_condition_lets_only_some_in(hello: Message) -> None:
    journey = Journey(name="English", trigger=[("event", {"event": "order.paid"})])
    journey.entry = {"fact": "contact.language", "op": "eq", "value": "en"}
    freeze_version(rewrite(journey, *[send(hello)]))
    japanese = make_reader()
    english = create_contact(email="hello@example.com", language="en")
    for contact in (japanese, english):
        buy(contact)
    work()
    assert list(Enrolment.objects.values_list("contact_id", flat=True)) == [english.pk]


def test_a_condition_on_a_property_of_the_event_decides_who_enters(hello: Message) -> None:
    live_journey([send(hello)], _paid(where=[{"field": "amount", "op": "gte", "value": "5000"}]))
    small, large = make_reader(1), make_reader(2)
    buy(small, amount=4999)
    buy(large, amount=5000)
    work()
    assert (got(small), got(large)) == ([], ["Hello"])


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ({"field": "colour", "op": "eq", "value": "red"}, "has no property “colour”"),
        ({"field": "amount", "op": "gte", "value": "a lot"}, "“a lot” is none"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_refused_when_the_journey_is_published(
    hello: Message, where: dict[str, str], problem: str
) -> None:
    with pytest.raises(JourneyProblem, match=problem) as refused:
        compile_journey(draft_journey([send(hello)], _paid(where=[where])))
    assert refused.value.field == "trigger"


def test_the_second_time_within_a_week_brings_a_person_in(hello: Message, time: Time) -> None:
    live_journey([send(hello)], _paid(times=2, within_days=7))
    keen, slow = make_reader(1), make_reader(2)
    buy(keen, "1")
    buy(slow, "1")
    work()
    assert got(keen) == []
    time.pass_by(days=6)
    buy(keen, "2")
    work()
    time.pass_by(days=2)
    buy(slow, "2")
    work()
    assert (got(keen), got(slow)) == (["Hello"], [])


def test_what_happened_before_a_merge_counts_towards_the_second_time(hello: Message) -> None:
    live_journey([send(hello)], _paid(times=2))
    kept, gone = make_reader(1), make_reader(2)
    buy(gone, "1")
    work()
    merge_contacts(kept.pk, gone.pk)
    buy(kept, "2")
    work()
    assert got(kept) == ["Hello"]


def test_any_of_several_triggers_brings_a_person_in_once(hello: Message) -> None:
    stage = {"type": "stage", "value": {"stage": "4"}}
    live_journey([send(hello)], [*_paid(), stage])
    contact = make_reader()
    buy(contact)
    work()
    assert got(contact) == ["Hello"]


def test_a_journey_for_hands_only_has_no_event_that_pulls(hello: Message) -> None:
    live_journey([send(hello)], [{"type": "by_hand", "value": None}])
    contact = make_reader()
    buy(contact)
    work()
    assert walks(contact) == []


def test_a_person_enters_again_only_after_the_days_have_passed(hello: Message, time: Time) -> None:
    live_journey([send(hello)], reentry="after", reentry_days=30)
    contact = make_reader()
    for order, days in (("1", 0), ("2", 29), ("3", 1)):
        time.pass_by(days=days)
        buy(contact, order)
        work()
    assert [walk.entered_at for walk in walks(contact)] == [START, START + timedelta(days=30)]


def test_each_order_is_walked_once_side_by_side_and_hears_of_itself_only(hello: Message, time: Time) -> None:
    again = make_message("Again")
    path = {"event": "order.paid", "keyed": True, "then": [send(again)]}
    wait = step("wait_first", {"paths": [path], "amount": None, "unit": "days", "otherwise": []})
    live_journey([send(hello), wait], reentry="keyed", key="order")
    contact = make_reader()
    buy(contact, "A")
    buy(contact, "B")
    work()
    assert [(walk.key, walk.state) for walk in walks(contact)] == [("A", 1), ("B", 1)]
    told_by_another_shop = {"order": "B", "kind": "regular", "amount": 1, "currency": "JPY"}
    record_event(NewEvent("order.paid", contact.pk, told_by_another_shop, source="other"))
    work()
    assert [(walk.key, walk.state) for walk in walks(contact)] == [("A", 1), ("B", EnrolmentState.FINISHED)]
    assert got(contact) == ["Hello", "Hello", "Again"]


def test_a_key_that_the_trigger_does_not_have_is_refused(hello: Message) -> None:
    with pytest.raises(JourneyProblem, match="has no property “basket”") as refused:
        compile_journey(draft_journey([send(hello)], reentry="keyed", key="basket"))
    assert refused.value.field == "key"


def test_over_the_limit_an_hour_people_begin_later_in_their_turn(hello: Message, time: Time) -> None:
    live_journey([send(hello)], entries_per_hour=4)
    people = [make_reader(number) for number in range(6)]
    for person in people:
        buy(person)
    work()
    assert [len(got(person)) for person in people].count(1) == 1
    time.pass_by(minutes=44)
    work()
    assert sum(len(got(person)) for person in people) == 3
    time.pass_by(minutes=31)
    work()
    assert all(got(person) == ["Hello"] for person in people)
    starts = sorted(walks(person)[0].entered_at for person in people)
    assert starts == [START + timedelta(minutes=15 * place) for place in range(6)]


def _first_of(*paths: dict[str, Any], amount: int | None = 7, otherwise: Any = ()) -> dict[str, Any]:
    return step("wait_first", {"paths": list(paths), "amount": amount, "unit": "days", "otherwise": list(otherwise)})


def test_of_two_events_before_anybody_looks_the_upper_way_is_taken(hello: Message, time: Time) -> None:
    large, small, silent = (make_message(name) for name in ("Large", "Small", "Silent"))
    wait = _first_of(
        {
            "event": "order.paid",
            "where": [{"field": "amount", "op": "gte", "value": "5000"}],
            "then": [send(large)],
        },
        {"event": "order.paid", "then": [send(small)]},
        otherwise=[send(silent)],
    )
    live_journey([send(hello), wait])
    both, one, none = (make_reader(number) for number in range(3))
    for person in (both, one, none):
        buy(person)
    work()
    time.pass_by(days=1)
    from jouren.events import reactor

    buy(both, "2", amount=10)
    while reactor.tick():
        pass
    buy(both, "3", amount=9000)
    buy(one, "2", amount=10)
    work()
    time.pass_by(days=6)
    work()
    assert got(both) == ["Hello", "Large"]
    assert got(one) == ["Hello", "Small"]
    assert got(none) == ["Hello", "Silent"]


def test_a_window_of_more_than_31_days_is_refused(hello: Message) -> None:
    with pytest.raises(JourneyProblem, match="31 days at most"):
        compile_journey(draft_journey([_first_of({"event": "order.paid", "then": []}, amount=32)]))


def test_who_waits_for_ever_is_neither_due_nor_lost(hello: Message, time: Time) -> None:
    live_journey([_first_of({"event": "message.clicked", "then": [send(hello)]}, amount=None)])
    contact = make_reader()
    buy(contact)
    work()
    time.pass_by(days=4000)
    work()
    (walk,) = walks(contact)
    assert (walk.state, got(contact)) == (EnrolmentState.ACTIVE, [])
    record_event(
        NewEvent("message.clicked", contact.pk, {"delivery": 1, "message": 1, "title": "t", "url": "u", "by": "human"})
    )
    work()
    assert got(contact) == ["Hello"]


def test_a_date_of_theirs_is_waited_for_also_when_it_is_changed_meanwhile(hello: Message, time: Time) -> None:
    other = make_message("Other")
    define_attribute("opening", "date", "Opening day")
    wait = step(
        "wait_date",
        {
            "fact": "contact.attribute",
            "argument": "opening",
            "offset": -1,
            "at": "09:00",
            "then": [send(hello)],
            "otherwise": [send(other)],
        },
    )
    live_journey([wait])
    dated, undated = make_reader(1, attributes={"opening": "2026-12-24"}), make_reader(2)
    buy(dated)
    buy(undated)
    work()
    assert (got(dated), got(undated)) == ([], ["Other"])
    set_attributes(dated.pk, {"opening": "2026-11-26"})
    work()
    assert walks(dated)[0].due_at == START.replace(day=25, hour=0)  # 9:00 in Tokyo on the day before
    time.pass_by(days=3)
    work()
    assert got(dated) == ["Hello"]


def _on_the_day(fact: str, offset: int, *then: dict[str, Any]) -> dict[str, Any]:
    day = {"fact": fact, "argument": "", "offset": offset, "at": "09:00", "then": list(then), "otherwise": []}
    return step("wait_date", day)


def test_a_week_after_the_delivery_is_waited_for_also_by_whose_parcel_came_before_they_did(
    hello: Message, time: Time
) -> None:
    live_journey([wait(3), _on_the_day("orders.delivered_at", 7, send(hello))])
    contact = make_reader()
    tell_orders_of(contact.pk, "shop", [told("paid", days=598), told("delivered", days=599)])
    work()
    time.pass_by(days=3)
    work()
    # 9:00 in Tokyo, seven days after 21 November.
    assert walk_of(contact).due_at == START.replace(day=28, hour=0)
    time.pass_by(days=7)
    work()
    assert got(contact) == ["Hello"]


def test_a_subscriptions_date_that_comes_nearer_is_heard(hello: Message, time: Time) -> None:
    live_journey([_on_the_day("subscriptions.next_on", -3, send(hello))])
    contact = make_reader()
    began = told("subscription.started", days=599, product="tea", every_days=30, next_on="2026-12-22")
    tell_orders_of(contact.pk, "shop", [began, told("paid", days=599)])
    work()
    assert walk_of(contact).due_at == START.replace(month=12, day=19, hour=0)
    sooner = told("subscription.renewed", days=599.5, delivery="1", next_on="2026-12-01")
    tell_orders_of(contact.pk, "shop", [sooner])
    work()
    assert walk_of(contact).due_at == START.replace(day=28, hour=0)


def test_an_attribute_that_is_no_date_cannot_be_waited_for(hello: Message) -> None:
    define_attribute("colour", "text", "Colour")
    value = {"fact": "contact.attribute", "argument": "colour", "at": "09:00", "then": [], "otherwise": []}
    with pytest.raises(JourneyProblem, match="“colour” is not a date"):
        compile_journey(draft_journey([step("wait_date", value)]))


def test_a_split_sends_everybody_one_way_by_lot(time: Time) -> None:
    one, two = make_message("One"), make_message("Two")
    ways = [{"name": "A", "weight": 50, "then": [send(one)]}, {"name": "B", "weight": 50, "then": [send(two)]}]
    live_journey([step("split", {"ways": ways})])
    people = [make_reader(number) for number in range(30)]
    for person in people:
        buy(person)
    work()
    names = [got(person) for person in people]
    assert set(map(tuple, names)) == {("One",), ("Two",)}
