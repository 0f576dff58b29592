"""An event ends a walk: the one that is about the same thing, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from jouren.contacts.actions import merge_contacts
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import engine
from jouren.journeys.compiler import JourneyProblem
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.why import why
from jouren.messaging.models import Delivery
from jouren.messaging.vocabulary import State
from jouren.orders.telling import Telling, tell_orders_of
from tests.walking import Time, live_journey, make_message, make_reader, send, wait

pytestmark = pytest.mark.django_db
UNDONE = {"event": "order.undone", "reason": "返品", "where": [], "keyed": True}


def exits(**details: Any) -> Any:
    return Journey._meta.get_field("exits").stream_block.to_python(  # type: ignore[union-attr]
        [{"type": "event", "value": UNDONE | details}]
    )


def journey(**fields: Any) -> Journey:
    keyed = {"reentry": "keyed", "key": "order", "exits": exits()}
    return live_journey([wait(7), send(make_message("How is it?"), "ask")], **keyed | fields)


def tell(contact_id: int, time: Time, type: str, order: str, **details: Any) -> None:
    tell_orders_of(contact_id, "shop", [Telling(type, {"order": order, **details}, time.now)])
    settle()


def pay(contact_id: int, time: Time, order: str) -> None:
    tell(contact_id, time, "order.paid", order, kind="regular", amount=3000, currency="JPY", products=["tea"])


def refund(contact_id: int, time: Time, order: str, amount: int, number: str = "1") -> None:
    tell(contact_id, time, "order.refunded", order, refund=number, amount=amount, currency="JPY")


def settle() -> None:
    while reactor.tick() or engine.tick():
        pass


def states(contact_id: int) -> dict[str, tuple[int, str]]:
    return {
        walk.key: (walk.state, walk.reason) for walk in Enrolment.objects.filter(contact_id=contact_id).order_by("id")
    }


ON_THE_WAY, ENDED = (EnrolmentState.ACTIVE, ""), (EnrolmentState.LEFT, "返品")


def test_a_whole_refund_or_a_cancellation_ends_the_walk_of_that_order_only(time: Time) -> None:
    buyer = make_reader().pk
    made = journey()
    for order in ("A", "B", "C"):
        pay(buyer, time, order)
    time.pass_by(days=1)
    refund(buyer, time, "A", 1000)
    assert states(buyer) == {"A": ON_THE_WAY, "B": ON_THE_WAY, "C": ON_THE_WAY}  # of a part: it stands
    refund(buyer, time, "A", 2000, "2")
    tell(buyer, time, "order.cancelled", "B")
    assert states(buyer) == {"A": ENDED, "B": ENDED, "C": ON_THE_WAY}
    time.pass_by(days=7)
    settle()
    assert Delivery.objects.filter(contact_id=buyer).count() == 1
    told = why(buyer, made).walks
    assert [walk.ended_by.payload["how"] if walk.ended_by else None for walk in told] == [None, "cancelled", "refunded"]
    assert not any(walk.differs for walk in told[1:])


def test_the_message_of_an_ended_walk_is_withheld_and_the_others_goes(time: Time) -> None:
    buyer = make_reader().pk
    live_journey([send(make_message("Thanks"), "thanks"), wait(7)], reentry="keyed", key="order", exits=exits())
    for order in ("A", "B"):
        pay(buyer, time, order)
    refund(buyer, time, "B", 3000)
    stood = dict(Delivery.objects.filter(contact_id=buyer).values_list("occurrence", "state"))
    assert stood == {1: State.PLANNED, 2: State.SUPPRESSED}


def test_the_last_message_of_a_finished_walk_is_withheld_as_well(time: Time) -> None:
    buyer = make_reader().pk
    journey()
    for order in ("A", "B"):
        pay(buyer, time, order)
    time.pass_by(days=7)
    settle()
    refund(buyer, time, "B", 3000)
    assert states(buyer)["B"][0] == EnrolmentState.FINISHED
    stood = dict(Delivery.objects.filter(contact_id=buyer).values_list("occurrence", "state"))
    assert stood == {1: State.PLANNED, 2: State.SUPPRESSED}


@pytest.mark.parametrize("is_merged_first", [True, False])
def test_a_merge_keeps_what_an_ended_walk_had_planned_withheld(time: Time, is_merged_first: bool) -> None:
    kept, gone = make_reader(1).pk, make_reader(2).pk
    journey()
    pay(gone, time, "A")
    time.pass_by(days=7)
    settle()
    assert list(Delivery.objects.values_list("state", flat=True)) == [State.PLANNED]
    if is_merged_first:
        merge_contacts(kept, gone)
    refund(kept if is_merged_first else gone, time, "A", 3000)
    if not is_merged_first:
        merge_contacts(kept, gone)
    settle()
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SUPPRESSED}
    assert states(kept)["A"][0] in {EnrolmentState.LEFT, EnrolmentState.FINISHED}


def test_an_order_that_was_told_to_be_cancelled_first_begins_no_walk(time: Time) -> None:
    buyer = make_reader().pk
    made = journey()
    tell(buyer, time, "order.cancelled", "A")
    pay(buyer, time, "A")
    outside = why(buyer, made).outside
    assert outside is not None and outside.over is not None and outside.over.payload["order"] == "A"
    pay(buyer, time, "B")
    assert states(buyer) == {"B": ON_THE_WAY}


def test_an_event_without_a_key_ends_every_walk_that_had_begun(time: Time) -> None:
    buyer, other = make_reader(1).pk, make_reader(2).pk
    live_journey([wait(7)], exits=exits(event="seminar.attended", keyed=False))
    pay(buyer, time, "A")
    pay(other, time, "B")
    time.pass_by(hours=1)
    record_event(NewEvent("seminar.attended", buyer, {"seminar": "tea"}, time.now))
    settle()
    assert states(buyer)[""] == ENDED
    assert states(other)[""] == ON_THE_WAY


@pytest.mark.parametrize("wrong", [{"reentry": "once"}, {"exits": {"event": "seminar.attended"}}])
def test_an_ending_by_what_the_walk_is_not_about_is_refused(time: Time, wrong: dict[str, Any]) -> None:
    fields = {name: exits(**value) if name == "exits" else value for name, value in wrong.items()}
    with pytest.raises(JourneyProblem) as refused:
        journey(**fields)
    assert refused.value.field == "exits"
