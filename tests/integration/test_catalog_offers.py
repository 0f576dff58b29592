"""Offers: what can be kept, to whom they are open, who takes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jouren.catalog.actions import map_code
from jouren.catalog.eligibility import Reason
from jouren.catalog.errors import BadOffer, OfferClosed
from jouren.catalog.offers import judgements
from jouren.catalog.offers.actions import order_by_transfer, see_offer, take_offer
from jouren.catalog.offers.judgements import register_judgement
from jouren.catalog.offers.links import (
    offer_reference,
    offer_token,
    read_offer_reference,
    read_offer_token,
)
from jouren.catalog.offers.models import Offer, OfferApplication, OfferSight
from jouren.catalog.offers.people import offers_of_person
from jouren.catalog.offers.queries import judge_offer, judge_offers, reach_of
from jouren.contacts.actions import add_tag, create_contact, erase_contact, merge_contacts
from jouren.events.queries import events_of
from jouren.orders.actions import record_order
from tests.at_once import at_once
from tests.offering import TRANSFER, make_offer, person_on
from tests.reacting import react_to_all
from tests.walking import START, Time

pytestmark = pytest.mark.django_db
TAGGED = {"all": [{"fact": "contact.tags", "op": "contains", "value": "tea"}]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"price": -1}, "price"),
        ({"least_stage": 4, "most_stage": 2}, "most_stage"),
        ({"personal_hours": 0}, "personal_hours"),
        ({"button_url": "javascript:alert(1)"}, "button_url"),
        ({"button_url": "http://shop.example.jp/"}, "button_url"),
        ({"button_url": "https://shop.example.jp/?c={secret}"}, "button_url"),
        ({"button_url": "https://{code}.example.jp/"}, "button_url"),
        ({**TRANSFER, "transfer_text": ""}, "transfer_text"),
        ({**TRANSFER, "cancellation_text": " "}, "cancellation_text"),
        ({"condition": {"fact": "no such", "op": "is", "value": 1}}, "condition"),
        ({"starts_at": START, "ends_at": START}, "ends_at"),
    ],
)
def test_what_cannot_be_kept_is_said_with_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(BadOffer) as refused:
        make_offer(**wrong)
    assert refused.value.field == field
    assert not Offer.objects.exists()


def test_stage_condition_sight_and_stock_are_asked_of_many_people_in_a_few_queries() -> None:
    ready, aware, plain = person_on(2, 1), person_on(1, 2), person_on(2, 3)
    for person in (ready, aware):
        add_tag(person.pk, "tea")
    offer = make_offer(least_stage=2, condition=TAGGED)
    other = make_offer("Other", stock=0)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        verdicts = judge_offers([offer, other], [ready.pk, aware.pk, plain.pk])
    assert len(asked) <= 8
    reasons = [verdicts[offer.pk, person.pk].reason for person in (ready, aware, plain)]
    assert reasons == [None, Reason.WRONG_STAGE, Reason.NOT_IN_AUDIENCE]
    assert {verdicts[other.pk, person.pk].reason for person in (ready, aware, plain)} == {Reason.SOLD_OUT}


def test_a_condition_that_cannot_be_asked_any_more_closes_the_offer() -> None:
    offer = make_offer()
    Offer.objects.update(condition={"fact": "gone", "op": "is", "value": True})
    offer.refresh_from_db()
    assert judge_offer(offer, person_on(1).pk).reason is Reason.NOT_IN_AUDIENCE


@pytest.fixture
def own_judgements() -> Iterator[None]:
    before = dict(judgements._loaders), dict(judgements._conditions)
    judgements._loaders.clear()
    judgements._conditions.clear()
    yield
    judgements._loaders, judgements._conditions = before


@pytest.mark.usefixtures("own_judgements")
def test_whom_nobody_knows_to_be_satisfied_does_not_get_the_finest() -> None:
    glad, unknown = person_on(5, 1), person_on(5, 2)
    offer = make_offer(needs_satisfaction=True, needs_likely_regular=True)
    assert judge_offer(offer, glad.pk).reason is Reason.NOT_SATISFIED
    assert reach_of(offer).audience == 0
    add_tag(glad.pk, "tea")
    register_judgement("satisfied", lambda ids, now: {glad.pk: True}, TAGGED)
    assert judge_offer(offer, unknown.pk).reason is Reason.NOT_SATISFIED
    assert judge_offer(offer, glad.pk).reason is Reason.NOT_LIKELY_REGULAR
    assert reach_of(offer).audience == 0
    register_judgement("likely_regular", lambda ids, now: dict.fromkeys(ids, True), {"all": []})
    assert judge_offer(offer, glad.pk).is_eligible
    assert reach_of(offer) == (1, 1, 2)


def test_the_deadline_begins_with_the_first_sight_and_no_later_one_moves_it(time: Time) -> None:
    person, offer = person_on(1), make_offer(personal_hours=72)
    first = see_offer(offer, person.pk)
    time.pass_by(hours=71)
    assert see_offer(offer, person.pk) == first
    assert judge_offer(offer, person.pk).deadline == first + timedelta(hours=72)
    assert reach_of(offer).eligible == 1
    time.pass_by(hours=1)
    assert judge_offer(offer, person.pk).reason is Reason.DEADLINE_PASSED
    assert (reach_of(offer).audience, reach_of(offer).eligible) == (1, 0)
    viewed = [event for event in events_of([person.pk]) if event.type == "offer.viewed"]
    assert [event.payload for event in viewed] == [{"offer": "Trial set", "offer_id": offer.pk}] * 2


def test_of_two_people_who_are_one_the_earlier_sight_counts_and_erasing_forgets_it(time: Time) -> None:
    one, two, offer = person_on(1, 1), person_on(1, 2), make_offer(personal_hours=72)
    first = see_offer(offer, one.pk)
    time.pass_by(hours=5)
    see_offer(offer, two.pk)
    merge_contacts(two.pk, one.pk)
    assert OfferSight.objects.get().first_seen_at == first
    assert OfferSight.objects.get().contact_id == two.pk
    erase_contact(two.pk)
    assert not OfferSight.objects.exists()


def test_the_audience_is_counted_by_condition_and_stage() -> None:
    for number, stage in enumerate((1, 2, 4, 5)):
        add_tag(person_on(stage, number).pk, "tea")
    person_on(5, 9)
    offer = make_offer(least_stage=2, condition=TAGGED)
    assert reach_of(offer) == (3, 3, 3)
    limited = make_offer("Limited", is_limited_information=True)
    assert reach_of(limited)[:2] == (3, 3)


def test_an_order_by_transfer_takes_one_and_is_the_same_when_asked_again() -> None:
    person, other = person_on(1, 1), person_on(1, 2)
    offer = make_offer(stock=1, **TRANSFER)
    ordered = order_by_transfer(offer.pk, person.pk)
    assert order_by_transfer(offer.pk, person.pk) == ordered
    assert (ordered.price, ordered.currency, ordered.state) == (980, "JPY", "requested")
    told = next(event for event in events_of([person.pk]) if event.type == "order.requested")
    assert told.payload["order"] == ordered.order_ref
    with pytest.raises(OfferClosed) as closed:
        order_by_transfer(offer.pk, other.pk)
    assert closed.value.reason == "sold_out"


def test_a_paid_order_takes_an_offer_once() -> None:
    person, offer = person_on(1), make_offer()
    assert take_offer(offer.pk, person.pk, "N1") == take_offer(offer.pk, person.pk, "N1")
    assert judge_offer(offer, person.pk).reason is Reason.ALREADY_TAKEN


@pytest.mark.django_db(transaction=True)
def test_of_many_who_order_the_last_two_at_once_two_get_them() -> None:
    offer = make_offer(stock=2, **TRANSFER)
    people = [create_contact(email=f"p{number}@example.jp").pk for number in range(10)]

    def order(contact_id: int) -> bool:
        try:
            order_by_transfer(offer.pk, contact_id)
        except OfferClosed:
            return False
        return True

    answers = at_once(*[lambda contact_id=contact_id: order(contact_id) for contact_id in people])  # type: ignore[misc]
    assert sum(answers) == 2
    assert OfferApplication.objects.count() == 2


def test_a_link_names_its_offer_and_person_and_cannot_be_made_up() -> None:
    token = offer_token(7, 12_345_678)
    assert read_offer_token(token) == (7, 12_345_678)
    assert read_offer_reference(token) is None
    assert read_offer_reference(offer_reference(7, 300)) == (7, 300)
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert read_offer_token(changed) is None
    for hostile in ("", "x", "é" * 20, "A" * 4000, token + "=", token[:-1]):
        assert read_offer_token(hostile) is None


def test_who_bought_the_product_after_seeing_the_offer_has_taken_it_and_who_did_before_has_not(time: Time) -> None:
    before, after, other = person_on(4, 1), person_on(4, 2), person_on(4, 3)
    offer = make_offer()
    map_code(offer.product_id, "tea-30")
    record_order(before.pk, "N1", "regular", 980, products=["tea-30"])
    time.pass_by(days=1)
    for person in (before, after, other):
        see_offer(offer, person.pk)
    time.pass_by(days=1)
    record_order(after.pk, "N2", "regular", 980, products=["cup", "tea-30"])
    record_order(other.pk, "N3", "regular", 980, products=["cup"])
    react_to_all()
    verdicts = judge_offers([offer], [before.pk, after.pk, other.pk])
    reasons = [verdicts[offer.pk, person.pk].reason for person in (before, after, other)]
    assert reasons == [None, Reason.ALREADY_TAKEN, None]


def test_what_is_kept_of_a_person_and_offers_is_handed_out(time: Time) -> None:
    person, offer = person_on(1), make_offer(**TRANSFER)
    see_offer(offer, person.pk)
    order_by_transfer(offer.pk, person.pk)
    kept = offers_of_person(person.pk)
    assert [len(kept[name]) for name in ("seen", "closed", "taken", "coupons")] == [1, 0, 1, 0]
