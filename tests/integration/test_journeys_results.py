"""What a journey brings: its goal, each message's part, and how many would have come without it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.contacts.actions import merge_contacts
from jouren.contacts.models import Contact
from jouren.core.comparison import Finding
from jouren.core.lots import is_drawn
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.actions import freeze_version, live_version
from jouren.journeys.compiler import JourneyProblem
from jouren.journeys.conversions import PURCHASE
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.results import Happened, Results, count_successes, holdout_period, results_of
from jouren.messaging.control_group.actions import save_control_group
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.pyramid.actions import change_stages
from tests.walking import START, Time, draft_journey, got, live_journey, make_message, make_reader, send, wait, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]

BY_FORM = [{"type": "form", "value": {"form": None}}]
FOR_500 = {"field": "amount", "op": "gte", "value": "500"}
FREE = {"field": "kind", "op": "eq", "value": "free"}
ANY_PURCHASE = [{"type": "purchase", "value": {"kind": "", "product": "", "amount": None}}]


def enter(*contacts: Contact) -> None:
    for contact in contacts:
        payload = {"form": 1, "title": "Letters", "registration": contact.pk}
        record_event(NewEvent("registration.confirmed", contact.pk, payload))
    work()


def pay(contact: Contact, order: str, amount: int = 1000, **details: Any) -> None:
    paid = {"order": order, "kind": "regular", "amount": amount, "currency": "JPY", "products": ["tea"]}
    more = {name: details.pop(name) for name in ("historical", "occurred_at", "source") if name in details}
    record_event(NewEvent("order.paid", contact.pk, paid | details, **{"source": "shop", **more}))
    work()


def deliver(contact: Contact, at: datetime, clicked: datetime | None = None) -> None:
    """Let the messages that wait for a person be sent, and perhaps be clicked."""
    Delivery.objects.filter(contact_id=contact.pk, state=State.PLANNED).update(
        state=State.SENT, sent_at=at, first_clicked_at=clicked
    )


def results(journey: Journey) -> Results:
    return results_of(journey, live_version(journey).compiled)


def test_the_goal_counts_people_within_the_window_once_it_is_over(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion=[], conversion_days=10)
    rewritten(journey, ANY_PURCHASE)
    early, late, never = (make_reader(number) for number in (1, 2, 3))
    enter(early, late, never)
    time.pass_by(days=9)
    pay(early, "1")
    pay(early, "2")
    found = results(journey)
    assert (found.walked.entered, found.walked.over, found.walked.waiting, found.reached) == (3, 0, 3, 0)
    assert found.rate is None
    time.pass_by(days=2)
    pay(late, "3")
    found = results(journey)
    assert (found.walked.over, found.reached) == (3, 1)
    assert found.rate == pytest.approx(1 / 3)


def rewritten(journey: Journey, conversion: list[dict[str, Any]], **fields: Any) -> None:
    block = Journey._meta.get_field("conversion").stream_block  # type: ignore[union-attr]
    journey.conversion = block.to_python(conversion)
    for name, value in fields.items():
        setattr(journey, name, value)
    journey.save()
    freeze_version(journey)


def test_without_a_choice_a_persons_click_is_the_goal(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion_days=7)
    clicks, reads, late = (make_reader(number) for number in (1, 2, 3))
    enter(clicks, reads, late)
    deliver(clicks, START, START + timedelta(hours=1))
    deliver(reads, START)
    deliver(late, START, START + timedelta(days=8))
    time.pass_by(days=8)
    found = results(journey)
    assert (found.goal, found.walked.over, found.reached, found.steps) == (None, 3, 1, {})


def test_each_order_counts_at_the_last_message_before_it_and_only_there(time: Time) -> None:
    one, two = send(make_message("One"), "one"), send(make_message("Two"), "two")
    journey = live_journey([one, wait(2), two], BY_FORM, conversion_days=5)
    rewritten(journey, ANY_PURCHASE)
    reader = make_reader()
    enter(reader)
    deliver(reader, time.now)
    time.pass_by(days=1)
    pay(reader, "1", 1000)
    time.pass_by(days=1)
    work()
    deliver(reader, time.now)
    time.pass_by(days=1)
    pay(reader, "2", 2000)
    pay(reader, "3", 4000)
    pay(reader, "2", 2000)
    time.pass_by(days=5)
    pay(reader, "4", 8000)
    steps = results(journey).steps
    assert {key: (found.people, found.yen) for key, found in steps.items()} == {
        one["id"]: (1, 1000),
        two["id"]: (1, 6000),
    }


def test_yen_are_what_is_left_after_refunds_and_what_is_no_purchase_is_no_success(time: Time) -> None:
    """1,000 − 300 + 2,000 = 2,700 yen; 4,000 were paid back whole, 8,000 cancelled, and a gift was free."""
    one = send(make_message("One"), "one")
    journey = live_journey([one], BY_FORM, conversion_days=5, holdout=0)
    rewritten(journey, ANY_PURCHASE)
    readers = [make_reader(number) for number in range(1, 6)]
    enter(*readers)
    for reader in readers:
        deliver(reader, time.now)
    time.pass_by(days=1)
    for number, (reader, amount) in enumerate(zip(readers, (1_000, 2_000, 4_000, 8_000, 0), strict=True), start=1):
        pay(reader, f"{number}", amount, **({} if amount else {"kind": "free"}))
    time.pass_by(days=9)  # money also goes back after the window
    told = {"currency": "JPY", "refund": "r"}
    for number, amount in ((1, 300), (3, 4_000)):
        refund = {**told, "order": f"{number}", "amount": amount}
        record_event(NewEvent("order.refunded", readers[number - 1].pk, refund, source="shop"))
    record_event(NewEvent("order.cancelled", readers[3].pk, {"order": "4"}, source="shop"))
    work()
    found = results(journey)
    assert (found.walked.over, found.reached) == (5, 2)
    assert {key: (each.people, each.yen) for key, each in found.steps.items()} == {one["id"]: (2, 2_700)}
    rewritten(journey, [{"type": "event", "value": {"event": "order.paid", "where": [FREE]}}])
    assert results(journey).reached == 1  # who asks for gifts means them


def test_a_journey_for_any_purchase_does_not_begin_at_a_free_gift_nor_wait_for_one(time: Time) -> None:
    first, asked = make_message("First"), make_message("Asked")
    live_journey([send(first)], [{"type": "purchase", "value": {"kind": "", "product": ""}}], name="Any")
    live_journey([send(asked)], [{"type": "event", "value": {"event": "order.paid", "where": [FREE]}}], name="Gifts")
    reader = make_reader()
    pay(reader, "1", 0, kind="free")
    assert got(reader) == ["Asked"]
    pay(reader, "2")
    assert got(reader) == ["Asked", "First"]


def test_imported_history_and_what_came_before_do_not_count(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion_days=5)
    rewritten(journey, ANY_PURCHASE)
    reader = make_reader()
    pay(reader, "0")
    time.pass_by(hours=1)
    enter(reader)
    time.pass_by(days=1)
    pay(reader, "1", historical=True)
    time.pass_by(days=6)
    assert results(journey).reached == 0
    pay(reader, "2", occurred_at=time.now - timedelta(days=6, hours=1))  # told late
    assert results(journey).reached == 1


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        ({"kind": "regular", "product": "", "amount": None}, 1),
        ({"kind": "trial", "product": "", "amount": None}, 0),
        ({"kind": "", "product": "tea", "amount": 1000}, 1),
        ({"kind": "", "product": "", "amount": 1001}, 0),
        ({"kind": "", "product": "coffee", "amount": None}, 0),
    ],
)
def test_a_purchase_may_be_asked_for_by_kind_product_and_amount(
    goal: dict[str, Any], reached: int, hello: Message, time: Time
) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion_days=5)
    rewritten(journey, [{"type": "purchase", "value": goal}])
    reader = make_reader()
    enter(reader)
    time.pass_by(days=1)
    pay(reader, "1")
    time.pass_by(days=5)
    assert results(journey).reached == reached


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        ({"type": "stage", "value": {"stage": "4"}}, 1),
        ({"type": "stage", "value": {"stage": "5"}}, 0),
        ({"type": "form", "value": {"form": None}}, 0),
        ({"type": "event", "value": {"event": "order.paid", "where": [FOR_500]}}, 1),
    ],
)
def test_the_goal_may_be_a_stage_a_registration_or_any_event(
    goal: dict[str, Any], reached: int, hello: Message, time: Time
) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion_days=5)
    rewritten(journey, [goal])
    reader = make_reader()
    enter(reader)
    time.pass_by(days=1)
    pay(reader, "1")
    change_stages([reader.pk], 4, "test")
    work()
    time.pass_by(days=5)
    assert results(journey).reached == reached


def test_a_goal_that_no_event_can_meet_is_refused_in_the_authors_words(hello: Message) -> None:
    test = {"field": "colour", "op": "eq", "value": "red"}
    journey = draft_journey([send(hello)])
    block = Journey._meta.get_field("conversion").stream_block  # type: ignore[union-attr]
    journey.conversion = block.to_python([{"type": "event", "value": {"event": "order.paid", "where": [test]}}])
    with pytest.raises(JourneyProblem, match="colour") as refused:
        freeze_version(journey)
    assert refused.value.field == "conversion"


def sides(journey: Journey, count: int) -> tuple[list[Contact], list[Contact]]:
    people = [make_reader(number) for number in range(1, count + 1)]
    drawn = {each: is_drawn(f"holdout:{journey.pk}", each.pk, journey.holdout or 0) for each in people}
    return [each for each in people if not drawn[each]], [each for each in people if drawn[each]]


def test_those_held_back_are_compared_with_those_who_got_it(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, holdout=50, conversion_days=10)
    treated, held = sides(journey, 12)
    enter(*treated, *held)
    time.pass_by(days=1)
    pay(treated[0], "1", 3000)
    pay(treated[0], "2", 1000)
    pay(held[0], "3", 500)
    time.pass_by(days=10)
    found = results(journey).holdout
    assert found is not None
    # Who gets no message cannot click, so purchases are compared.
    assert found.goal == PURCHASE
    assert (found.treated.over, found.held.over) == (len(treated), len(held))
    told = found.comparison
    assert (told.treated.reached, told.treated.money, told.treated.buyers) == (1, 4000, 1)
    assert (told.held.reached, told.held.money, told.held.squares) == (1, 500, 250_000)
    assert (told.finding, told.missing) == (Finding.TOO_FEW, 100 - min(len(treated), len(held)))


def test_the_control_group_and_who_is_on_both_sides_are_left_out_of_the_comparison(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, holdout=50, conversion_days=10, reentry="again")
    treated, held = sides(journey, 12)
    enter(*treated, *held)
    merge_contacts(treated[0].pk, held[0].pk)
    time.pass_by(days=11)
    found = results(journey).holdout
    assert found is not None
    assert (found.treated.over, found.held.over) == (len(treated) - 1, len(held) - 1)
    Enrolment.objects.filter(contact_id=treated[1].pk).update(in_control_group=True)
    found = results(journey).holdout
    assert found is not None
    assert found.treated.over == len(treated) - 2


def test_what_a_merged_person_bought_as_either_counts(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion_days=10)
    rewritten(journey, ANY_PURCHASE)
    kept, gone = make_reader(1), make_reader(2)
    enter(gone)
    deliver(gone, START)
    time.pass_by(days=1)
    pay(gone, "1")
    merge_contacts(kept.pk, gone.pk)
    time.pass_by(days=10)
    found = results(journey)
    assert (found.walked.over, found.reached) == (1, 1)
    assert [step.people for step in found.steps.values()] == [1]


def test_another_share_begins_a_new_comparison_and_the_end_of_it_ends_the_last(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM)
    assert holdout_period(journey) is None
    time.pass_by(days=1)
    began = time.now
    rewritten(journey, [], holdout=10)
    time.pass_by(days=1)
    rewritten(journey, ANY_PURCHASE)
    assert holdout_period(journey) == (began, None, 10)
    time.pass_by(days=1)
    rewritten(journey, [], holdout=20)
    assert holdout_period(journey) == (time.now, None, 20)
    since = time.now
    time.pass_by(days=1)
    rewritten(journey, [], holdout=None)
    assert holdout_period(journey) == (since, time.now, 20)


def test_who_entered_before_anybody_was_held_back_is_not_compared(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], BY_FORM, conversion_days=1)
    enter(*(make_reader(number) for number in (101, 102)))
    time.pass_by(days=1)
    rewritten(journey, [], holdout=50)
    treated, held = sides(journey, 8)
    enter(*treated, *held)
    time.pass_by(days=2)
    found = results(journey)
    assert found.holdout is not None
    assert found.walked.over == len(treated) + 2
    assert (found.holdout.treated.over, found.holdout.held.over) == (len(treated), len(held))


def test_it_says_how_many_weeks_it_takes_at_this_pace(hello: Message, time: Time) -> None:
    save_control_group(0, days=90, smallest_effect=100)
    journey = live_journey([send(hello)], BY_FORM, holdout=50, conversion_days=7)
    treated, held = sides(journey, 16)
    enter(*treated, *held)
    time.pass_by(days=1)
    for number, each in enumerate([*treated[:4], *held[:4]]):
        pay(each, str(number))
    time.pass_by(days=7)
    found = results(journey).holdout
    assert found is not None
    assert found.comparison.needed is not None
    assert found.weeks == pytest.approx((found.comparison.needed - len(held)) / (len(held) / 4) + 1)
    time.pass_by(days=28)
    found = results(journey).holdout
    assert found is not None
    assert found.weeks is None


_orders = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(0, 3)), max_size=30)


@given(_orders)
def test_no_order_is_counted_twice_in_whatever_sequence_it_is_told(orders: list[tuple[int, int, int, int]]) -> None:
    happened = [
        Happened(contact, place, number, "shop", {"order": str(order), "amount": 10, "currency": "JPY"})
        for number, (contact, place, order, _) in enumerate(orders)
    ]
    goal = {"event": "order.paid", "match": {}, "where": []}
    (counted,) = count_successes(happened, goal)
    assert sum(sum(found.yen.values()) for found in counted.values()) == 10 * len({order for _, _, order, _ in orders})
    first = {order: (contact, place) for contact, place, order, _ in reversed(orders)}
    expected = {place: {contact for contact, at in first.values() if at == place} for _contact, place in first.values()}
    assert {place: found.people for place, found in counted.items()} == expected
    assert count_successes(happened, goal, goal) == [counted, counted]


def test_state_held_out_is_five() -> None:
    # Statements in sql/ name it by its number.
    assert EnrolmentState.HELD_OUT == 5
