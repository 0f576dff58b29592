"""Stripe's events: signed as Stripe's own library signs and checks, counted once, in any order."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest
import stripe as library
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.connectors.actions import connect, replay
from jouren.connectors.errors import ConnectionProblem
from jouren.connectors.models import Connection, Outcome, Received
from jouren.contacts.models import Consent, Contact
from jouren.contacts.queries import find_by_email, find_by_identity
from jouren.events.queries import events_of
from jouren.orders.models import Order, Subscription, Waiting
from tests.connecting import STRIPE_SECRET, from_stripe, post, product_of, stages_and_sales, stripe
from tests.examples import examples
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db
AT = 1_795_000_000  # 2026-11-18


@pytest.fixture
def account() -> Connection:
    return stripe()


def event(kind: str, thing: dict[str, Any], number: int = 1, at: int = AT, **more: Any) -> dict[str, Any]:
    data = {"object": thing, **more}
    return {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": at,
        "type": kind,
        "livemode": False,
        "data": data,
    }


def session(**changes: Any) -> dict[str, Any]:
    return {
        "id": "cs_test_a1",
        "object": "checkout.session",
        "mode": "payment",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "invoice": None,
        "amount_total": 1980,
        "currency": "usd",
        "total_details": {"amount_discount": 0, "amount_shipping": 500, "amount_tax": 0},
        "customer": "cus_1",
        "customer_details": {"email": "taro@example.jp", "name": "Taro Yamada"},
        "metadata": {"products": "tea, cup"},
        **changes,
    }


def invoice(reason: str = "subscription_create", number: str = "in_1", **changes: Any) -> dict[str, Any]:
    line = {
        "amount": 3000,
        "quantity": 1,
        "description": "1 × お茶の定期便",
        "price": {"id": "price_1", "product": "prod_tea"},
        "period": {"start": AT, "end": AT + 30 * 86_400},
        "tax_amounts": [{"amount": 240, "inclusive": False}],
        "discount_amounts": [],
    }
    return {
        "id": number,
        "object": "invoice",
        "amount_paid": 3240,
        "currency": "jpy",
        "billing_reason": reason,
        "customer": "cus_1",
        "customer_email": "taro@example.jp",
        "customer_name": "山田 太郎",
        "payment_intent": f"pi_{number}",
        "subscription": "sub_1",
        "status_transitions": {"paid_at": AT + 5},
        "lines": {"data": [line]},
        **changes,
    }


def subscription(**changes: Any) -> dict[str, Any]:
    price = {
        "id": "price_1",
        "product": "prod_tea",
        "currency": "jpy",
        "unit_amount": 3000,
        "recurring": {"interval": "month", "interval_count": 1},
    }
    return {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "start_date": AT,
        "created": AT,
        "items": {"data": [{"price": price, "quantity": 2}]},
        **changes,
    }


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 980,
        "currency": "usd",
        "created": AT + 60,
        "payment_intent": "pi_1",
        "status": "succeeded",
        "reason": "requested_by_customer",
        **changes,
    }


def _taro() -> Contact:
    contact = find_by_email("taro@example.jp")
    assert contact is not None
    return contact


def _payloads(kind: str) -> list[dict[str, Any]]:
    return [event.payload for event in events_of([_taro().pk], types=[kind])]


def test_stripes_own_library_signs_what_we_take_and_takes_what_we_check(account: Connection) -> None:
    body = json.dumps(event("checkout.session.completed", session()))
    moment = int(time.time())
    signature = library.WebhookSignature._compute_signature(f"{moment}.{body}", STRIPE_SECRET)
    # More than one signature, of a scheme that is no longer used and of a secret that ends.
    header = f"t={moment},v1=0000,v1={signature},v0=6ffbb59b"
    ours = library.Webhook.construct_event(body, header, STRIPE_SECRET)
    status, _headers, answer = post(f"/hooks/{account.public_id}/", body.encode(), stripe_signature=header)
    assert (status, answer["taken"]) == (200, 1)
    thing = ours.data.object
    (paid,) = _payloads("order.paid")
    assert (paid["order"], paid["amount"], paid["currency"]) == (
        thing.payment_intent,
        thing.amount_total,
        thing.currency.upper(),
    )


@pytest.mark.parametrize(
    ("seconds", "secret", "status"),
    [(0, "", 200), (-290, "", 200), (-310, "", 401), (310, "", 401), (0, "whsec_x", 401)],
)
def test_stripes_library_and_we_refuse_the_same(account: Connection, seconds: int, secret: str, status: int) -> None:
    body = json.dumps(event("checkout.session.completed", session()))
    moment = int(time.time()) + seconds
    signature = library.WebhookSignature._compute_signature(f"{moment}.{body}", secret or STRIPE_SECRET)
    header = f"t={moment},v1={signature}"
    assert post(f"/hooks/{account.public_id}/", body.encode(), stripe_signature=header)[0] == status
    try:
        library.WebhookSignature.verify_header(body, header, STRIPE_SECRET, 300)
    except library.SignatureVerificationError:
        assert status == 401
    else:
        assert status == 200 or seconds > 0  # the library takes the future


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=１２,v1=00", "v1=00", f"t={10**30},v1=00", "t=-1,v1=é"])
def test_a_broken_signature_is_refused(account: Connection, header: str) -> None:
    assert post(f"/hooks/{account.public_id}/", {"id": "evt"}, stripe_signature=header)[0] == 401
    assert not Received.objects.exists()


def test_a_checkout_is_an_order_of_who_paid(account: Connection) -> None:
    from_stripe(account, event("checkout.session.completed", session()))
    taro = _taro()
    assert (taro.family_name, taro.given_name) == ("Yamada", "Taro")
    assert find_by_identity("shop", "cus_1") == taro
    (paid,) = _payloads("order.paid")
    assert paid == {
        "order": "pi_1",
        "kind": "",
        "amount": 1980,
        "currency": "USD",
        "shipping": 500,
        "discount": 0,
        "products": ["tea", "cup"],
    }
    assert not Consent.objects.exists()


def test_who_pays_later_has_placed_the_order_and_paid_it_then(account: Connection) -> None:
    from_stripe(account, event("checkout.session.completed", session(payment_status="unpaid")))
    assert (len(_payloads("order.placed")), len(_payloads("order.paid"))) == (1, 0)
    later = event("checkout.session.async_payment_succeeded", session(), 2, AT + 9_000)
    from_stripe(account, later)
    assert (len(_payloads("order.placed")), len(_payloads("order.paid"))) == (1, 1)


def test_who_agreed_to_promotions_at_the_checkout_has_agreed(account: Connection) -> None:
    agreed = session(consent={"promotions": "opt_in", "terms_of_service": None})
    from_stripe(account, event("checkout.session.completed", agreed))
    assert Consent.objects.get().is_granted


def test_a_subscription_begins_is_renewed_paused_and_ends(account: Connection) -> None:
    from_stripe(account, event("customer.subscription.created", subscription(status="incomplete"), 1))
    from_stripe(account, event("invoice.paid", invoice(), 2))
    from_stripe(account, event("customer.subscription.updated", subscription(), 3))
    from_stripe(account, event("invoice.paid", invoice("subscription_cycle", "in_2"), 4, AT + 86_400 * 30))
    pause = {"behavior": "void", "resumes_at": AT + 86_400 * 90}
    paused = event(
        "customer.subscription.updated",
        subscription(pause_collection=pause),
        5,
        previous_attributes={"pause_collection": None},
    )
    from_stripe(account, paused)
    from_stripe(account, event("customer.subscription.deleted", subscription(ended_at=AT + 9, status="canceled"), 6))
    assert _payloads("subscription.started") == [
        {"subscription": "sub_1", "product": "prod_tea", "every_days": 30, "amount": 6000, "currency": "JPY"}
    ]
    assert _payloads("subscription.renewed") == [
        {"subscription": "sub_1", "delivery": "in_2", "order": "pi_in_2", "next_on": "2026-12-18"}
    ]
    assert _payloads("subscription.paused") == [{"subscription": "sub_1", "until": "2027-02-16"}]
    assert _payloads("subscription.cancelled") == [{"subscription": "sub_1"}]
    paid = _payloads("order.paid")
    assert {each["order"] for each in paid} == {"pi_in_1", "pi_in_2"}
    assert paid[0]["lines"] == [{"code": "prod_tea", "name": "1 × お茶の定期便", "quantity": 1, "amount": 3240}]


def test_invoices_of_newer_versions_of_the_api_are_read_too(account: Connection) -> None:
    line = {
        "amount": 3000,
        "quantity": 1,
        "description": "Tea",
        "pricing": {"price_details": {"price": "price_1", "product": "prod_tea"}},
        "taxes": [{"amount": 240, "tax_behavior": "exclusive"}],
    }
    new = invoice(lines={"data": [line]}, parent={"subscription_details": {"subscription": "sub_1"}})
    del new["payment_intent"], new["subscription"]
    from_stripe(account, event("invoice.paid", new))
    (paid,) = _payloads("order.paid")
    assert (paid["order"], paid["subscription"], paid["products"]) == ("in_1", "sub_1", ["prod_tea"])
    assert paid["lines"][0]["amount"] == 3240


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_a_refund_of_an_invoice_of_newer_versions_finds_it_in_whatever_order(account: Connection, order: Any) -> None:
    new = invoice(parent={"subscription_details": {"subscription": "sub_1"}})
    del new["payment_intent"], new["subscription"]
    payment = {
        "id": "inpay_1",
        "object": "invoice_payment",
        "invoice": "in_1",
        "payment": {"type": "payment_intent", "payment_intent": "pi_9"},
        "status": "paid",
    }
    basil = {"api_version": "2025-09-30.clover"}
    told = (
        event("invoice.paid", new, 1) | basil,
        event("invoice_payment.paid", payment, 2) | basil,
        event("refund.created", refund(payment_intent="pi_9", currency="jpy", amount=240), 3) | basil,
    )
    for place in (*order, *order):
        assert from_stripe(account, told[place])[2]["failed"] == 0
    react_to_all()
    kept = Order.objects.get()
    assert (kept.number, kept.amount, kept.refunded) == ("in_1", 3240, 240)
    assert not Waiting.objects.exists()


def test_a_trial_for_nothing_is_no_order(account: Connection) -> None:
    from_stripe(account, event("invoice.paid", invoice(amount_paid=0)))
    assert not _payloads("order.paid")


@pytest.mark.parametrize(
    ("currency", "given", "kept"), [("jpy", 1980, 1980), ("ugx", 500, 5), ("mga", 5, 500), ("kwd", 1990, 1990)]
)
def test_amounts_are_counted_as_stripe_does(account: Connection, currency: str, given: int, kept: int) -> None:
    from_stripe(
        account, event("checkout.session.completed", session(currency=currency, amount_total=given, total_details=None))
    )
    assert [paid["amount"] for paid in _payloads("order.paid")] == [kept]


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (session(amount_total=-1), "checkout.session.completed"),
        (session(amount_total=19.8), "checkout.session.completed"),
        (session(currency=None), "checkout.session.completed"),
        (refund(payment_intent=None), "refund.created"),
        (refund(created=0), "refund.created"),
        (refund(created=4_000_000_000), "refund.created"),
        (invoice(lines={"data": [{"amount": "x"}]}), "invoice.paid"),
    ],
)
def test_what_cannot_be_used_waits_whole(account: Connection, thing: dict[str, Any], kind: str) -> None:
    assert from_stripe(account, event(kind, thing))[0] == 200
    received = Received.objects.get()
    assert received.outcome == Outcome.FAILED
    assert received.error
    assert not Contact.objects.exists()
    with pytest.raises(ConnectionProblem):
        replay(received.pk)


def test_only_a_signing_secret_is_taken() -> None:
    with pytest.raises(ConnectionProblem):
        connect("stripe", "Payments", "stripe", "sk_live_0123456789")
    assert not Connection.objects.exists()


STORY = [
    event("checkout.session.completed", session(payment_status="unpaid"), 1),
    event("checkout.session.async_payment_succeeded", session(), 2, AT + 100),
    event("refund.created", refund(), 3, AT + 200),
    event("refund.updated", refund(), 4, AT + 300),
    event("customer.subscription.created", subscription(), 5),
    event("invoice.paid", invoice(), 6, AT + 5),
    event("customer.updated", {"id": "cus_1", "email": "taro@example.jp", "name": "佐藤 太郎"}, 7, AT + 400),
    event("customer.subscription.deleted", subscription(ended_at=AT + 900), 8, AT + 900),
]


@examples(6)
@given(st.permutations([*range(len(STORY)), *range(len(STORY))]))
def test_any_order_of_repeated_events_gives_the_same_orders_stages_and_sales(
    account: Connection, order: list[int]
) -> None:
    point = transaction.savepoint()
    try:
        product_of("tea", "prod_tea")
        for index in order:
            assert from_stripe(account, STORY[index])[0] == 200
        react_to_all()
        assert not Received.objects.filter(outcome=Outcome.FAILED).exists()
        orders = Order.objects.order_by("number").values_list(
            "number", "amount", "currency", "refunded", "state", "subscription", "contact__family_name"
        )
        assert list(orders) == [
            ("pi_1", 1980, "USD", 980, "paid", "", "佐藤"),
            ("pi_in_1", 3240, "JPY", 0, "paid", "sub_1", "佐藤"),
        ]
        assert Subscription.objects.get().state == "cancelled"
        assert Contact.objects.count() == 1
        assert stages_and_sales() == [("佐藤", 4, "JPY", 3240), ("佐藤", 4, "USD", 1000)]
        assert len(_payloads("subscription.started")) == len(_payloads("subscription.cancelled")) == 1
    finally:
        transaction.savepoint_rollback(point)
