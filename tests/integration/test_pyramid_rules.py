"""How people rise in the pyramid, and fall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jouren.contacts.actions import create_contact, erase_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.contacts.timeline import timeline
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.events.types import event_type
from jouren.journeys.actions import freeze_version
from jouren.orders.actions import record_order
from jouren.orders.models import Order, Purchases
from jouren.orders.telling import tell_orders_of
from jouren.pyramid.actions import change_stage, change_stages
from jouren.pyramid.errors import UnknownStage
from jouren.pyramid.models import PyramidPosition, PyramidRule
from jouren.pyramid.queries import (
    people_in_stage,
    register_base_count,
    stage_counts,
    stage_history,
    stage_of_contact,
)
from jouren.pyramid.stages import Stage
from tests.reacting import react_to_all
from tests.telling import refunded, told
from tests.walking import draft_journey, step, work

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def contact() -> Contact:
    return create_contact(email="taro@example.jp")


def buy(contact: Contact, number: str, kind: str, at: datetime = NOON, historical: bool = False) -> bool:
    return record_order(contact.pk, number, kind, 5000, occurred_at=at, products=["tea"], historical=historical)


def history(contact: Contact) -> list[tuple[int, int, str, datetime]]:
    return list(stage_history(contact.pk).values_list("from_stage", "to_stage", "reason", "at"))


def test_a_confirmed_registration_makes_a_prospect(contact: Contact) -> None:
    samples = {str: "1", int: 1}
    payload = {name: samples[kind] for name, kind in event_type("registration.confirmed").fields.items()}
    record_event(NewEvent("registration.confirmed", contact.pk, payload, occurred_at=NOON))
    react_to_all()
    assert history(contact) == [(1, 2, "registered", NOON)]
    assert stage_of_contact(contact.pk) is Stage.PROSPECT


def test_a_stranger_who_buys_at_once_passes_each_stage_at_that_instant(contact: Contact) -> None:
    buy(contact, "1", "regular")
    react_to_all()
    assert history(contact) == [
        (1, 2, "direct_purchase", NOON),
        (2, 3, "direct_purchase", NOON),
        (3, 4, "purchase", NOON),
    ]
    entered = events_of([contact.pk], types=["stage.entered"])
    assert [event.payload["to"] for event in reversed(entered)] == [2, 3, 4]


def test_the_third_regular_purchase_makes_a_regular_and_a_trial_does_not_count(contact: Contact) -> None:
    buy(contact, "0", "trial")
    for number in range(1, 3):
        buy(contact, str(number), "regular", NOON + number * DAY)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    assert not buy(contact, "2", "regular", NOON + 9 * DAY)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    buy(contact, "3", "regular", NOON + 3 * DAY)
    react_to_all()
    assert history(contact)[-1] == (4, 5, "repeat_purchase", NOON + 3 * DAY)


def test_each_of_several_waiting_purchases_counts_only_those_before_it(contact: Contact) -> None:
    for number in range(1, 4):
        buy(contact, str(number), "regular", NOON + number * DAY)
    react_to_all()
    assert history(contact)[-2:] == [
        (3, 4, "purchase", NOON + DAY),
        (4, 5, "repeat_purchase", NOON + 3 * DAY),
    ]


def test_an_order_told_under_two_keys_is_one_purchase(contact: Contact) -> None:
    payload = {"order": "1", "kind": "regular", "amount": 5000, "currency": "JPY"}
    for key in ("first", "second", "third"):
        record_event(NewEvent("order.paid", contact.pk, payload, NOON, source="api:1", key=key))
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    assert len(events_of([contact.pk], types=["order.paid"])) == 1


def test_one_number_of_two_sources_is_two_purchases(contact: Contact) -> None:
    for source in ("api:1", "api:2", "shop"):
        record_order(contact.pk, "1", "regular", 5000, occurred_at=NOON, source=source)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.REGULAR


def test_a_rule_never_takes_anybody_down_but_staff_may(contact: Contact) -> None:
    buy(contact, "1", "regular")
    react_to_all()
    buy(contact, "2", "trial", NOON + DAY)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    assert change_stage(contact.pk, Stage.PROSPECT)
    assert not change_stage(contact.pk, Stage.PROSPECT)
    assert [change[:3] for change in history(contact)][-1] == (4, 2, "staff")
    with pytest.raises(UnknownStage):
        change_stage(contact.pk, 6)


def test_many_move_at_once_and_each_passes_every_stage() -> None:
    people = [create_contact() for _ in range(3)]
    change_stage(people[0].pk, Stage.TRIAL)
    assert change_stages([person.pk for person in people], Stage.TRIAL) == 2
    assert [change[:3] for change in history(people[1])] == [(1, 2, "journey"), (2, 3, "journey")]


def test_imported_history_moves_people_too_and_is_marked(contact: Contact) -> None:
    buy(contact, "1", "trial", historical=True)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.TRIAL
    assert {event.historical for event in events_of([contact.pk])} == {True}


def test_a_rule_can_ask_for_a_product(contact: Contact) -> None:
    PyramidRule.objects.all().delete()
    rule = PyramidRule(name="tea", event_type="order.paid", match={"products": "tea"}, at_least=2, stage=5)
    rule.full_clean()
    rule.save()
    buy(contact, "1", "trial")
    react_to_all()
    assert history(contact) == []
    buy(contact, "2", "trial")
    react_to_all()
    assert [change[2] for change in history(contact)] == ["direct_purchase"] * 3 + ["rule"]


def test_orders_of_merged_people_are_counted_together(contact: Contact) -> None:
    other = create_contact(email="hanako@example.jp")
    buy(contact, "1", "regular")
    buy(other, "2", "regular", NOON + DAY)
    react_to_all()
    merge_contacts(contact.pk, other.pk)
    buy(other, "3", "regular", NOON + 2 * DAY)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.REGULAR
    figures = Purchases.objects.get()
    assert (figures.contact_id, figures.orders, figures.first_at) == (contact.pk, 3, NOON)
    assert set(Order.objects.values_list("contact_id", flat=True)) == {contact.pk}


def test_the_pyramid_counts_everybody_once() -> None:
    people = [create_contact() for _ in range(5)]
    change_stage(people[0].pk, Stage.PROSPECT)
    change_stage(people[1].pk, Stage.TRIAL)
    change_stage(people[2].pk, Stage.TRIAL)
    change_stage(people[2].pk, Stage.AWARE)
    erase_contact(people[1].pk)
    register_base_count("test", lambda now: 7)
    try:
        counts = stage_counts(NOON)
    finally:
        register_base_count("test", lambda now: 0)
    assert [(count.people, count.strangers) for count in counts] == [(10, 7), (1, 0), (0, 0), (0, 0), (0, 0)]
    assert [position.contact for position in people_in_stage(Stage.PROSPECT)] == [people[0]]
    assert not PyramidPosition.objects.filter(contact=people[1]).exists()


def test_the_timeline_names_stages(contact: Contact) -> None:
    change_stage(contact.pk, Stage.PROSPECT)
    [entry] = timeline(contact.pk)
    assert str(Stage.PROSPECT.label) in entry.sentence
    assert "2" not in entry.sentence


def test_a_refund_takes_nobody_down_and_one_journey_does_where_a_shop_wants_it(contact: Contact) -> None:
    undone = [{"type": "event", "value": {"event": "order.undone"}}]
    none_left = {"fact": "orders.count", "op": "eq", "value": 0}
    down = step("stage", {"stage": "2", "reason": "all was paid back"})
    journey = draft_journey([down], undone, entry=none_left, reentry="again")
    change_stage(contact.pk, Stage.PROSPECT)
    for number in ("1", "2"):
        tell_orders_of(contact.pk, "shop", [told("paid", number, kind="regular", amount=5000)])
    work()
    assert stage_of_contact(contact.pk) == Stage.EXISTING
    tell_orders_of(contact.pk, "shop", [refunded("1", amount=5000)])
    work()
    assert stage_of_contact(contact.pk) == Stage.EXISTING
    freeze_version(journey)
    tell_orders_of(contact.pk, "shop", [refunded("2", amount=4999)])
    work()
    assert stage_of_contact(contact.pk) == Stage.EXISTING
    tell_orders_of(contact.pk, "shop", [refunded("2", "r2", amount=1)])
    work()
    assert stage_of_contact(contact.pk) == Stage.PROSPECT
    assert history(contact)[-1][:3] == (Stage.EXISTING, Stage.PROSPECT, "all was paid back")
