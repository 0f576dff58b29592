"""An order that comes back with an offer's reference takes it, by every way in; a cancelled one gives it back."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from jouren.api.keys import make_key
from jouren.catalog.eligibility import Reason
from jouren.catalog.offers.actions import see_offer
from jouren.catalog.offers.coupons import code_for, generate_codes, make_coupon, redeem
from jouren.catalog.offers.links import button_link, offer_reference
from jouren.catalog.offers.models import Coupon, CouponCode, Offer, OfferApplication, OfferSight, Redemption
from jouren.catalog.offers.queries import count_left, coupon_figures, judge_offer
from jouren.connectors.actions import connect
from jouren.contacts.actions import erase_contact
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.orders.by_hand import mark_order
from jouren.orders.models import Order, Remark
from jouren.orders.queries import revenue_of_offer
from jouren.orders.telling import tell_orders
from jouren.pyramid.stages import Stage
from tests.connecting import from_shopify, from_stripe, from_system, shopify, shopify_order, stripe
from tests.integration.test_api_events import post
from tests.integration.test_connectors_segment import call as call_segment
from tests.integration.test_connectors_stripe import event, session
from tests.offering import make_offer, person_on
from tests.telling import refunded, told
from tests.walking import work

pytestmark = pytest.mark.django_db
PAID = {"order": "1", "amount": 980, "currency": "JPY", "products": ["tea"]}


@pytest.fixture
def offer() -> Offer:
    return make_offer(stock=3, personal_hours=72)


@pytest.fixture
def hana() -> Contact:
    return person_on(Stage.PROSPECT)


def _by_api(reference: str) -> None:
    paid = {"type": "order.paid", "contact": {"email": "p1@example.jp"}, "key": "1", "payload": dict(PAID)}
    paid["payload"] = {**PAID, "reference": reference}
    assert post(make_key("shop"), [paid]) == ("202", {"recorded": 1, "ignored": 0})


def _by_webhook(reference: str) -> None:
    system = connect("signed", "Own shop", "own")
    data = {"contact": {"email": "p1@example.jp"}, "payload": {**PAID, "reference": reference}}
    message = {"type": "order.paid", "timestamp": clock.now().isoformat(), "data": data}
    assert from_system(*system, "m1", message)[2]["taken"] == 1


def _by_stripe(reference: str) -> None:
    paid = session(client_reference_id=reference, customer_details={"email": "p1@example.jp"}, currency="jpy")
    at = int(clock.now().timestamp())
    assert from_stripe(stripe(), event("checkout.session.completed", paid, at=at))[2]["taken"] == 1


def _by_shopify(reference: str, **told: Any) -> None:
    now = clock.now().isoformat()
    told = told or {"note_attributes": [{"name": "gift", "value": "no"}, {"name": "reference", "value": reference}]}
    paid = shopify_order(created_at=now, processed_at=now, updated_at=now, **told)
    assert from_shopify(shopify(), "orders/paid", paid, "d1")[2]["taken"] == 1


def _by_landing(reference: str) -> None:
    _by_shopify(reference, landing_site=f"/cart/1:1?utm_source=jouren&reference={reference}")


def _by_attribute(reference: str) -> None:
    _by_shopify(reference, landing_site=f"/cart/1:1?attributes%5Breference%5D={reference}")


def _by_segment(reference: str) -> None:
    bought = {"order_id": "1", "total": 980, "currency": "JPY", "products": [{"sku": "tea"}], "reference": reference}
    message = {
        "messageId": "m1",
        "userId": "77",
        "context": {"traits": {"email": "p1@example.jp"}},
        "timestamp": clock.now().isoformat(),
        "event": "Order Completed",
        "properties": bought,
    }
    assert call_segment(connect("segment", "App", "app")[1], "track", message)[2]["taken"] == 1


WAYS = [_by_api, _by_webhook, _by_stripe, _by_shopify, _by_landing, _by_attribute, _by_segment]


@pytest.mark.parametrize("way", WAYS)
def test_by_every_way_in_the_order_takes_the_offer(way: Any, offer: Offer, hana: Contact) -> None:
    first = see_offer(offer, hana.pk)
    way(offer_reference(offer.pk, hana.pk))
    work()
    taken = OfferApplication.objects.get()
    assert (taken.contact.pk, taken.via, taken.state) == (hana.pk, "order", "settled")
    (said,) = events_of([hana.pk], types=["offer.taken"])
    assert said.payload == {
        "order": taken.order_ref,
        "offer": offer.name,
        "offer_id": offer.pk,
        "amount": 980,
        "currency": "JPY",
    }
    assert count_left([offer]) == {offer.pk: 2}
    assert judge_offer(offer, hana.pk).reason == Reason.ALREADY_TAKEN
    assert OfferSight.objects.get().first_seen_at == first
    ((currency, revenue),) = revenue_of_offer(offer.pk)
    assert (currency, revenue) == ("JPY", Order.objects.get().amount)
    assert not Remark.objects.exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_forged_reference_takes_nothing_and_stands_on_the_order(way: Any, offer: Offer, hana: Contact) -> None:
    true = offer_reference(offer.pk, hana.pk)
    way(("B" if true[0] != "B" else "C") + true[1:])
    work()
    assert not OfferApplication.objects.exists()
    assert (Remark.objects.get().reason, Order.objects.get().state) == ("forged", "paid")


def test_a_reference_of_somebody_who_was_erased_takes_nothing(offer: Offer, hana: Contact) -> None:
    reference = offer_reference(offer.pk, hana.pk)
    erase_contact(hana.pk)
    tell_orders("shop", [told("paid", reference=reference)])
    work()
    assert (Remark.objects.get().reason, OfferApplication.objects.count()) == ("nobody", 0)


def test_a_reference_told_with_the_order_counts_when_it_is_paid_by_hand_and_once(offer: Offer, hana: Contact) -> None:
    tell_orders("shop", [told("placed", reference=offer_reference(offer.pk, hana.pk))])
    work()
    assert not OfferApplication.objects.exists()
    mark_order(Order.objects.get(), "paid")
    work()
    tell_orders("shop", [told("shipped", days=1)])
    work()
    assert OfferApplication.objects.get().order_ref == "1"
    assert len(events_of([hana.pk], types=["offer.taken"])) == 1


def test_two_shops_may_have_the_same_number(offer: Offer) -> None:
    for number, source in enumerate(("one", "two"), start=1):
        person = person_on(Stage.PROSPECT, number)
        tell_orders(source, [told("paid", "1001", reference=offer_reference(offer.pk, person.pk))])
    work()
    assert count_left([offer]) == {offer.pk: 1}
    tell_orders("two", [told("cancelled", "1001", days=1)])
    work()
    assert OfferApplication.objects.exclude(state="cancelled").get().source == "one"


def test_a_subscription_bought_by_a_payment_link_takes_the_offer(offer: Offer, hana: Contact) -> None:
    at, account = int(clock.now().timestamp()), stripe()
    begun = session(
        mode="subscription",
        client_reference_id=offer_reference(offer.pk, hana.pk),
        invoice="in_1",
        payment_intent=None,
        currency="jpy",
        amount_total=980,
    )
    invoice = {"id": "in_1", "currency": "jpy", "amount_paid": 980, "customer": "cus_1", "lines": {"data": []}}
    basil = {"api_version": "2025-03-31.basil"}
    from_stripe(account, event("invoice.paid", invoice, 1, at) | basil)
    from_stripe(account, event("checkout.session.completed", begun, 2, at - 5) | basil)
    work()
    assert OfferApplication.objects.get().order_ref == "in_1"
    assert revenue_of_offer(offer.pk) == [("JPY", 980)]


_COUPON = ("placed", "paid", "cancelled")


@pytest.mark.parametrize("order", list(itertools.permutations(_COUPON)), ids=" ".join)
@pytest.mark.parametrize("gives_back", [True, False])
def test_a_cancelled_order_gives_code_and_place_back_as_set_in_any_order(order: Any, gives_back: bool) -> None:
    offer = make_offer(stock=3, gives_back=gives_back, is_once=False)
    coupon = make_coupon(offer, "Spring", "unique", 300)
    generate_codes(coupon, 1)
    code = CouponCode.objects.get().code
    for what in order:
        tell_orders("shop", [told(what, days=_COUPON.index(what), **({} if what == "cancelled" else {"coupon": code}))])
        work()
    assert count_left([offer]) == {offer.pk: 3 if gives_back else 2}
    figures = coupon_figures(offer)[coupon.pk]
    assert (figures.uses, figures.cost) == (0 if gives_back else 1, 0)
    assert revenue_of_offer(offer.pk) == []
    if gives_back:
        redeem(code, Order.objects.get().contact.pk, "2", source="shop")


def test_what_is_paid_back_in_part_keeps_its_place_and_lessens_the_revenue_whole_it_gives_all_back() -> None:
    offer = make_offer(stock=3)
    coupon = make_coupon(offer, "Spring", "shared", 300, code="SPRING10")
    tell_orders("shop", [told("paid", coupon="SPRING10"), refunded(amount=1_000)])
    work()
    assert (count_left([offer])[offer.pk], revenue_of_offer(offer.pk)) == (2, [("JPY", 2_980)])
    assert coupon_figures(offer)[coupon.pk].cost == 300
    tell_orders("shop", [refunded(refund="r2", amount=2_980)])
    work()
    assert (count_left([offer])[offer.pk], revenue_of_offer(offer.pk)) == (3, [])
    figures = coupon_figures(offer)[coupon.pk]
    assert (figures.uses, figures.cost, Redemption.objects.get().undone_at is not None) == (0, 0, True)


def test_a_refused_code_stands_on_its_order_until_it_counts_after_all() -> None:
    offer = make_offer(starts_at=clock.now() + timedelta(days=1))
    make_coupon(offer, "Spring", "shared", 300, code="SPRING10")
    tell_orders("shop", [told("placed", coupon="SPRING10")])
    work()
    assert [(each.text, each.reason) for each in Remark.objects.all()] == [("SPRING10", "not_begun")]
    Offer.objects.update(starts_at=None)
    tell_orders("shop", [told("paid", coupon="SPRING10", days=1)])
    work()
    assert (Remark.objects.count(), Redemption.objects.count()) == (0, 1)


def _discounted(reference: str, discount: int, what: str, account: Any, number: int = 1) -> None:
    at = int(clock.now().timestamp())
    if what == "refund":
        back = {"id": f"re_{number}", "payment_intent": f"pi_{number}", "amount": 680, "currency": "jpy"}
        refund = {**back, "status": "succeeded", "created": at}
        assert from_stripe(account, event("refund.created", refund, 10 + number, at))[0] == 200
        return
    paid = session(
        client_reference_id=reference,
        currency="jpy",
        amount_total=680,
        total_details={"amount_discount": discount, "amount_shipping": 0, "amount_tax": 0},
        payment_intent=f"pi_{number}",
    )
    assert from_stripe(account, event("checkout.session.completed", paid, number, at))[0] == 200


def _linked(kind: str, hana: Contact, **details: Any) -> tuple[Offer, int, str]:
    """An offer whose button leads to Stripe with a code, as Hana has seen it."""
    offer = make_offer("Linked", button_kind="stripe", button_url="https://buy.stripe.com/test_1", **details)
    coupon = make_coupon(offer, "Spring", kind, 300, **({"code": "SPRING10"} if kind == "shared" else {}))
    if kind == "unique":
        generate_codes(coupon, 2)
    see_offer(offer, hana.pk)
    code = code_for(offer, hana.pk)
    assert f"prefilled_promo_code={code}" in button_link(offer, hana.pk, code)
    return offer, coupon.pk, code


@pytest.mark.parametrize("kind", ["shared", "unique"])
def test_a_discount_after_the_link_to_stripe_uses_the_code_that_the_link_carried_once(kind: str, hana: Contact) -> None:
    offer, coupon, code = _linked(kind, hana)
    reference, account = offer_reference(offer.pk, hana.pk), stripe()
    for _again in range(2):
        _discounted(reference, 300, "checkout", account)
        work()
    assert Redemption.objects.get().code.code == code
    make_coupon(offer, "Another", "shared", 100, code="ANOTHER")
    Coupon.objects.filter(pk=coupon).update(is_open=False)
    tell_orders("stripe", [told("shipped", "pi_1", by=())])
    work()
    used = Redemption.objects.get()
    assert (used.code.code, used.contact.pk, used.source, used.order_ref) == (code, hana.pk, "stripe", "pi_1")
    figures = coupon_figures(offer)[coupon]
    assert (figures.uses, figures.cost) == (1, 300)
    assert OfferApplication.objects.get().order_ref == "pi_1"
    assert not Remark.objects.exists()


@pytest.mark.parametrize("gives_back", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations(["checkout", "refund"])), ids=" ".join)
def test_what_a_discounted_checkout_used_comes_back_in_any_order(order: Any, gives_back: bool, hana: Contact) -> None:
    offer, coupon, _code = _linked("unique", hana, stock=3, gives_back=gives_back)
    account = stripe()
    for what in order:
        _discounted(offer_reference(offer.pk, hana.pk), 300, what, account)
        work()
    figures = coupon_figures(offer)[coupon]
    assert (figures.uses, figures.cost, count_left([offer])[offer.pk]) == ((0, 0, 3) if gives_back else (1, 0, 2))


def test_a_checkout_without_discount_and_an_offer_that_leads_elsewhere_use_no_code(hana: Contact) -> None:
    offer, _coupon, _code = _linked("shared", hana)
    cart = make_offer("By cart")
    make_coupon(cart, "Cart", "shared", 300, code="CART")
    account = stripe()
    _discounted(offer_reference(offer.pk, hana.pk), 0, "checkout", account)
    _discounted(offer_reference(cart.pk, hana.pk), 300, "checkout", account, 2)
    work()
    assert (OfferApplication.objects.count(), Redemption.objects.count()) == (2, 0)


def test_what_is_told_of_an_old_order_uses_no_code_that_was_made_since(hana: Contact) -> None:
    offer = make_offer("Linked", button_kind="stripe", button_url="https://buy.stripe.com/test_1")
    account = stripe()
    _discounted(offer_reference(offer.pk, hana.pk), 300, "checkout", account)
    work()
    make_coupon(offer, "Later", "shared", 300, code="LATER")
    Coupon.objects.update(created_at=clock.now() + timedelta(days=1))
    tell_orders("stripe", [told("shipped", "pi_1", by=())])
    work()
    assert not Redemption.objects.exists()


def test_a_second_discounted_checkout_is_told_as_a_code_used_before(hana: Contact) -> None:
    offer, _coupon, code = _linked("unique", hana, is_once=False)
    account = stripe()
    for number in (1, 2):
        _discounted(offer_reference(offer.pk, hana.pk), 300, "checkout", account, number)
        work()
    assert Redemption.objects.get().order_ref == "pi_1"
    assert [(each.number, each.text, each.reason) for each in Remark.objects.all()] == [("pi_2", code, "used_up")]


@pytest.mark.parametrize("first", ["invoice", "checkout"])
def test_the_discount_of_a_subscriptions_first_invoice_uses_the_code(first: str, hana: Contact) -> None:
    offer, _coupon, code = _linked("unique", hana)
    at, account, basil = int(clock.now().timestamp()), stripe(), {"api_version": "2025-03-31.basil"}
    begun = session(
        mode="subscription",
        client_reference_id=offer_reference(offer.pk, hana.pk),
        invoice="in_1",
        payment_intent=None,
        currency="jpy",
        amount_total=680,
        total_details={"amount_discount": 300, "amount_shipping": 0, "amount_tax": 0},
    )
    invoice = {"id": "in_1", "currency": "jpy", "amount_paid": 680, "customer": "cus_1", "lines": {"data": []}}
    discounts = {"total_discount_amounts": [{"amount": 300, "discount": "di_1"}]}
    paid = event("invoice.paid", invoice | discounts, 1, at) | basil
    done = event("checkout.session.completed", begun, 2, at - 5) | basil
    for each in (paid, done) if first == "invoice" else (done, paid):
        from_stripe(account, each)
        work()
    assert Redemption.objects.get().code.code == code
