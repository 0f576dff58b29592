"""A Shopify shop posts: checked, once, in any order, and nothing half."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.db import connection as database
from hypothesis import given
from hypothesis import strategies as st

from jouren.connectors import taking
from jouren.connectors.actions import change_connection, drop, replay, replay_all, rotate_secret
from jouren.connectors.errors import ConnectionProblem
from jouren.connectors.models import Connection, Outcome, Received
from jouren.connectors.shopify import reading
from jouren.connectors.tasks import purge_received
from jouren.contacts.actions import change_name, erase_contact, grant_consent, withdraw_consent
from jouren.contacts.models import Consent, Contact, Identity
from jouren.contacts.queries import find_by_email
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.orders.models import Order
from jouren.orders.queries import unmapped_codes
from jouren.orders.telling import tell_orders
from tests.at_once import at_once
from tests.connecting import (
    from_shopify,
    post,
    product_of,
    shopify,
    shopify_arrival,
    shopify_customer,
    shopify_fulfillment,
    shopify_order,
    shopify_refund,
    stages_and_sales,
)
from tests.examples import examples
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Connection:
    return shopify()


def _told(contact: Contact) -> list[str]:
    return sorted(event.type for event in events_of([contact.pk]) if event.type.startswith("order."))


def _hana() -> Contact:
    contact = find_by_email("hana@example.jp")
    assert contact is not None
    return contact


def test_a_paid_order_is_kept_exactly_and_its_buyer_is_known(shop: Connection) -> None:
    status, _headers, answer = from_shopify(shop, "orders/paid", shopify_order(), "d1", "e1")
    assert (status, answer["taken"]) == (200, 1)
    hana = _hana()
    assert (hana.family_name, hana.given_name) == ("山田", "花子")
    assert Identity.objects.filter(contact=hana, kind="shop", value="207119551").exists()
    (paid,) = events_of([hana.pk], types=["order.paid"])
    assert paid.source == "shopify"
    assert paid.payload == {
        "order": "450789469",
        "kind": "",
        "amount": 4280,
        "currency": "JPY",
        "products": ["TEA-100"],
        "tax": {"8": "317"},
        "shipping": 500,
        "discount": 500,
        "coupon": "TEA500",
        "name": "#1001",
        "lines": [{"code": "TEA-100", "name": "煎茶 - 100g", "quantity": 2, "amount": 3780, "tax_rate": 8}],
    }
    react_to_all()
    order = Order.objects.get()
    assert (order.source, order.number, order.amount, order.products) == ("shopify", "450789469", 4280, ["TEA-100"])
    assert order.name == "#1001"
    assert not Consent.objects.exists()


def test_a_delivery_counts_once_by_either_of_its_two_ids(shop: Connection) -> None:
    assert from_shopify(shop, "orders/create", shopify_order(), "d1", "e1")[2]["taken"] == 1
    assert from_shopify(shop, "orders/create", shopify_order(), "d1", "e1")[2]["known"] == 1
    assert from_shopify(shop, "orders/create", shopify_order(), "d2", "e1")[2]["known"] == 1
    # One event of the shop tells of several topics.
    assert from_shopify(shop, "orders/paid", shopify_order(), "d3", "e1")[2]["taken"] == 1
    assert Received.objects.count() == 2
    assert _told(_hana()) == ["order.paid", "order.placed"]


def test_what_befalls_an_order_is_told_under_its_number(shop: Connection) -> None:
    from_shopify(shop, "orders/create", shopify_order(), "d1")
    changed = shopify_order(updated_at="2026-11-21T10:00:00+09:00", total_price="2140")
    from_shopify(shop, "orders/updated", changed, "d2")
    from_shopify(shop, "orders/updated", {**changed, "updated_at": "2026-11-21T11:00:00+09:00"}, "d3")
    cancelled = {**changed, "cancelled_at": "2026-11-22T00:00:00Z", "cancel_reason": "customer"}
    from_shopify(shop, "orders/cancelled", cancelled, "d4")
    assert _told(_hana()) == ["order.cancelled", "order.changed", "order.placed"]
    (change,) = events_of([_hana().pk], types=["order.changed"])
    assert change.payload["amount"] == 2140


def test_consent_is_taken_only_where_the_shop_says_that_the_person_agreed(shop: Connection) -> None:
    pending: dict[str, Any] = {"state": "pending", "opt_in_level": "confirmed_opt_in", "consent_updated_at": None}
    from_shopify(shop, "customers/create", shopify_customer(email_marketing_consent=pending), "d1")
    assert not Consent.objects.exists()
    later = shopify_customer(updated_at="2026-11-20T00:00:00Z")
    from_shopify(shop, "customers/update", later, "d2")
    consent = Consent.objects.get()
    assert consent.is_granted
    record = _hana().consent_records.get()
    assert record.via == "shop"
    assert record.text is not None
    assert "single_opt_in" in record.text.text
    withdraw_consent(_hana().pk, "email", "news", via="unsubscribe")
    agreed = {"state": "subscribed", "opt_in_level": "single_opt_in", "consent_updated_at": "2026-11-25T00:00:00Z"}
    from_shopify(
        shop,
        "customers/update",
        shopify_customer(updated_at="2026-11-25T00:00:00Z", email_marketing_consent=agreed),
        "d3",
    )
    assert not Consent.objects.get().is_granted


def test_the_topic_of_consent_alone_is_understood(shop: Connection) -> None:
    consent = shopify_customer()["email_marketing_consent"]
    told = {"customer_id": 207119551, "email_address": "hana@example.jp", "email_marketing_consent": consent}
    from_shopify(shop, "customers_email_marketing_consent/update", told, "d1")
    assert Consent.objects.get().is_granted
    assert Identity.objects.filter(contact=_hana(), kind="shop", value="207119551").exists()
    unsubscribed = {**told, "email_marketing_consent": {**consent, "state": "unsubscribed"}}
    from_shopify(shop, "customers_email_marketing_consent/update", unsubscribed, "d2")
    assert not Consent.objects.get().is_granted


@pytest.mark.parametrize("first", [0, 1])
def test_a_shops_unsubscription_holds_in_either_order(shop: Connection, first: int) -> None:
    def customer(state: str, at: str) -> dict[str, Any]:
        consent = {"state": state, "opt_in_level": "single_opt_in", "consent_updated_at": at}
        return shopify_customer(updated_at=at, email_marketing_consent=consent)

    told = [customer("unsubscribed", "2026-11-20T00:00:00Z"), customer("subscribed", "2026-11-21T00:00:00Z")]
    for number, each in enumerate((told[first], told[1 - first])):
        from_shopify(shop, "customers/update", each, f"d{number}")
    assert not Consent.objects.get().is_granted
    grant_consent(_hana().pk, "email", "news", via="form")
    from_shopify(shop, "customers/update", told[0], "d9")
    assert Consent.objects.get().is_granted


@pytest.mark.parametrize("first", [0, 1])
def test_the_later_name_counts_and_never_over_what_staff_wrote(shop: Connection, first: int) -> None:
    told = [
        shopify_customer(updated_at="2026-11-20T00:00:00Z"),
        shopify_customer(updated_at="2026-11-21T00:00:00Z", last_name="佐藤"),
    ]
    for number, each in enumerate((told[first], told[1 - first])):
        from_shopify(shop, "customers/update", each, f"d{number}")
    assert _hana().family_name == "佐藤"
    change_name(_hana().pk, family_name="鈴木")
    from_shopify(shop, "customers/update", shopify_customer(updated_at="2026-11-22T00:00:00Z"), "d9")
    assert _hana().family_name == "鈴木"


def test_somebody_erased_is_not_brought_back(shop: Connection) -> None:
    from_shopify(shop, "customers/create", shopify_customer(), "d1")
    erase_contact(_hana().pk)
    people = Contact.objects.count()
    assert from_shopify(shop, "orders/paid", shopify_order(), "d2")[0] == 200
    assert Contact.objects.count() == people
    assert not Identity.objects.exists()


def test_a_strangers_request_is_refused_and_leaves_nothing(shop: Connection) -> None:
    status, _headers, _answer = from_shopify(shop, "orders/paid", shopify_order(), "d1", x_shopify_hmac_sha256="AAAA")
    assert status == 401
    assert from_shopify(shop, "orders/paid", shopify_order(), "d1", x_shopify_hmac_sha256="嘘")[0] == 401
    assert not Received.objects.exists()
    assert not Contact.objects.exists()
    shop.refresh_from_db()
    assert shop.last_error
    assert post("/hooks/0123456789abcdef/", {})[0] == 404
    assert post(f"/hooks/{shop.public_id}/", b"x" * 4_000_001)[0] == 413
    assert post(f"/hooks/{shop.public_id}/", b"")[0] == 413
    assert post(f"/hooks/{shop.public_id}/", {}, method="GET")[0] == 405


def test_two_secrets_are_valid_while_they_change(shop: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    rotate_secret(shop.pk, "shpss_another-secret", old_for=timedelta(days=1))
    with pytest.raises(ConnectionProblem), transaction.atomic():
        rotate_secret(shop.pk, "shpss_a-third-secret", old_for=timedelta(days=1))
    assert from_shopify(shop, "orders/paid", shopify_order(), "d1")[0] == 200
    monkeypatch.setattr("tests.connecting.SHOPIFY_SECRET", "shpss_another-secret")
    assert from_shopify(shop, "orders/paid", shopify_order(2), "d2")[0] == 200
    monkeypatch.undo()
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert from_shopify(shop, "orders/paid", shopify_order(3), "d3")[0] == 401
    with database.cursor() as cursor:
        cursor.execute("SELECT sealed FROM connectors_secret")
        assert all("shpss" not in sealed for (sealed,) in cursor.fetchall())


def test_a_connection_that_is_switched_off_takes_nothing(shop: Connection) -> None:
    change_connection(shop.pk, name="Tea", is_on=False)
    status, headers, _answer = from_shopify(shop, "orders/paid", shopify_order(), "d1")
    assert status == 503
    assert "Retry-After" in headers
    assert not Received.objects.exists()


BAD = [
    ({"line_items": [{**shopify_order()["line_items"][0], "quantity": -1}]}, "quantity"),
    ({"total_price": "-1"}, "total_price"),
    ({"total_price": "12.5"}, "total_price"),
    ({"total_price": "NaN"}, "total_price"),
    ({"total_price": 1e400}, ""),
    ({"currency": "円"}, "円"),
    ({"updated_at": "1970-01-01T00:00:00Z"}, "updated_at"),
    ({"updated_at": "2099-01-01T00:00:00Z"}, "2099"),
    ({"updated_at": "yesterday"}, "updated_at"),
    ({"id": None}, "id"),
    ({"line_items": "none"}, "line_items"),
    ({"email": "no address", "customer": {}}, ""),
    ({"id": "a\x00b"}, ""),
]


@pytest.mark.parametrize(("changes", "word"), BAD)
def test_what_cannot_be_used_waits_whole_with_its_reason(shop: Connection, changes: dict[str, Any], word: str) -> None:
    status, _headers, answer = from_shopify(shop, "orders/paid", {**shopify_order(), **changes}, "d1")
    assert (status, answer["failed"]) == (200, 1)
    received = Received.objects.get()
    assert received.outcome == Outcome.FAILED
    assert word in received.error
    assert received.error
    assert not Contact.objects.exists()
    assert from_shopify(shop, "orders/paid", {**shopify_order(), **changes}, "d1")[0] == 200
    with pytest.raises(ConnectionProblem):
        replay(received.pk)
    assert Received.objects.get().outcome == Outcome.FAILED
    drop(received.pk)
    assert Received.objects.get().body is None


def test_not_even_json_is_kept_for_staff_to_see(shop: Connection) -> None:
    assert from_shopify(shop, "orders/paid", b"\xff{", "d1")[2]["failed"] == 1
    assert from_shopify(shop, "orders/paid", b"[" * 100_000, "d2")[2]["failed"] == 1
    assert from_shopify(shop, "orders/nonsense", {"id": 1}, "d3")[2]["ignored"] == 1
    assert from_shopify(shop, "orders/paid", shopify_order(), "d4", x_shopify_test="true")[2]["ignored"] == 1
    assert Received.objects.filter(outcome=Outcome.FAILED).count() == 2


def test_after_mending_it_is_taken_in(shop: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading._READERS, "orders/paid", {}.__getitem__)
    assert from_shopify(shop, "orders/paid", shopify_order(), "d1")[2]["failed"] == 1
    assert replay_all(shop.pk) == (0, 1)
    monkeypatch.undo()
    assert replay_all(shop.pk) == (1, 0)
    received = Received.objects.get()
    assert (received.outcome, received.body, received.headers, received.error) == (Outcome.TAKEN, None, None, "")
    assert _told(_hana()) == ["order.paid"]
    assert from_shopify(shop, "orders/paid", shopify_order(), "d1")[2]["known"] == 1


def test_what_waits_to_be_mended_forgets_somebody_erased(shop: Connection) -> None:
    from_shopify(shop, "customers/create", shopify_customer(), "d0")
    from_shopify(shop, "orders/paid", shopify_order(total_price="x"), "d1")
    other = {"email": "taro@example.jp", "customer": {"id": 9, "email": "taro@example.jp"}, "total_price": "x"}
    from_shopify(shop, "orders/paid", shopify_order(2, **other), "d2")
    erase_contact(_hana().pk)
    kept = Received.objects.filter(outcome=Outcome.FAILED, body__isnull=False)
    assert [each.headers["x-shopify-webhook-id"] for each in kept] == ["d2"]


def _story() -> list[tuple[str, dict[str, Any], str]]:
    """What befell two orders: (topic, payload, delivery id)."""
    changed = shopify_order(updated_at="2026-11-20T12:00:00+09:00", total_price="2140")
    back = shopify_order(updated_at="2026-11-20T13:00:00+09:00")
    parcels = [shopify_fulfillment(), shopify_fulfillment(2, parcel=2)]
    half = {**back, "fulfillments": parcels[:1], "fulfillment_status": "partial"}
    full = {**back, "fulfillments": parcels, "fulfillment_status": "fulfilled"}
    other = shopify_order(
        2,
        customer={"id": 5, "email": "taro@example.jp", "last_name": "佐藤"},
        email="taro@example.jp",
        total_price="99",
    )
    return [
        ("orders/create", shopify_order(), "d1"),
        ("orders/paid", shopify_order(), "d2"),
        ("orders/updated", changed, "d3"),
        ("orders/updated", back, "d4"),
        ("refunds/create", shopify_refund(), "d5"),
        ("fulfillments/create", shopify_fulfillment(), "d6"),
        ("fulfillments/create", parcels[1], "d7"),
        ("orders/updated", {**half, "updated_at": "2026-11-20T13:10:00+09:00"}, "d10"),
        ("orders/updated", {**full, "updated_at": "2026-11-20T13:20:00+09:00"}, "d11"),
        ("fulfillment_events/create", shopify_arrival(2, happened_at="2026-11-21T01:00:00Z"), "d12"),
        ("fulfillment_events/create", shopify_arrival(happened_at="2026-11-21T05:00:00Z"), "d13"),
        ("customers/update", shopify_customer(updated_at="2026-11-20T14:00:00+09:00", last_name="鈴木"), "d8"),
        ("orders/paid", other, "d9"),
    ]


STORY = _story()


@examples(8)
@given(st.permutations([*range(len(STORY)), *range(len(STORY))]))
def test_any_order_of_repeated_webhooks_gives_the_same_orders_stages_and_sales(
    shop: Connection, order: list[int]
) -> None:
    point = transaction.savepoint()
    try:
        product_of("TEA-100")
        for index in order:
            topic, payload, delivery = STORY[index]
            assert from_shopify(shop, topic, payload, delivery)[0] == 200
        react_to_all()
        assert not Received.objects.filter(outcome=Outcome.FAILED).exists()
        orders = Order.objects.order_by("number").values_list(
            "number",
            "amount",
            "refunded",
            "state",
            "contact__family_name",
            "placed_at__hour",
            "shipped_at__minute",
            "delivered_at__hour",
        )
        assert list(orders) == [
            ("2", 99, 0, "paid", "佐藤", None, None, None),
            ("450789469", 4280, 1000, "delivered", "鈴木", 10, 30, 14),
        ]
        assert stages_and_sales() == [("佐藤", 4, "JPY", 99), ("鈴木", 4, "JPY", 3280)]
        assert Identity.objects.count() == 4
        assert Contact.objects.count() == 2
    finally:
        transaction.savepoint_rollback(point)


def test_an_order_of_two_parcels_is_delivered_with_the_last(shop: Connection) -> None:
    parcels = [shopify_fulfillment(), shopify_fulfillment(2, parcel=2)]
    from_shopify(shop, "orders/paid", shopify_order(), "d1")
    states = []
    for topic, payload in (
        ("fulfillments/create", parcels[0]),
        ("orders/updated", shopify_order(fulfillments=parcels[:1], fulfillment_status="partial")),
        ("fulfillment_events/create", shopify_arrival()),
        ("fulfillments/create", parcels[1]),
        (
            "orders/updated",
            shopify_order(updated_at="2026-11-20T12:00:00+09:00", fulfillments=parcels, fulfillment_status="fulfilled"),
        ),
        ("fulfillment_events/create", shopify_arrival(2, happened_at="2026-11-23T00:00:00Z")),
        ("fulfillment_events/create", shopify_arrival(2, happened_at="2026-11-24T00:00:00Z")),
    ):
        assert from_shopify(shop, topic, payload, f"p{len(states)}")[0] == 200
        react_to_all()
        states.append(Order.objects.get().state)
    assert states == ["shipped"] * 5 + ["delivered"] * 2
    order = Order.objects.get()
    assert order.delivered_at == datetime(2026, 11, 23, tzinfo=UTC)
    assert order.shipped_at == datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
    assert _told(_hana()).count("order.delivered") == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_delivery_at_once_counts_once() -> None:
    connection = shopify()
    answers = at_once(*[lambda: from_shopify(connection, "orders/paid", shopify_order(), "d1", "e1")[2]] * 6)
    assert sorted(answer["taken"] for answer in answers) == [0, 0, 0, 0, 0, 1]
    assert sum(answer["known"] for answer in answers) == 5
    assert _told(_hana()) == ["order.paid"]
    assert Contact.objects.count() == 1


def test_what_came_is_forgotten_after_its_time_and_still_counts_once(
    shop: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_shopify(shop, "orders/paid", shopify_order(), "d1")
    from_shopify(shop, "orders/paid", shopify_order(2, total_price="x"), "d2")
    now = clock.now()
    for days, left in ((6, 2), (8, 1), (31, 0)):
        monkeypatch.setattr(clock, "now", lambda days=days: now + timedelta(days=days))
        purge_received()
        assert Received.objects.count() == left
    assert from_shopify(shop, "orders/paid", shopify_order(), "d1")[2]["taken"] == 1
    assert _told(_hana()) == ["order.paid"]


def test_history_is_kept_and_triggers_nothing(shop: Connection) -> None:
    old = dict.fromkeys(("processed_at", "created_at", "updated_at"), "2020-01-05T10:00:00+09:00")
    from_shopify(shop, "orders/paid", shopify_order(**old), "d1")
    (paid,) = events_of([_hana().pk], types=["order.paid"])
    assert paid.historical


def test_a_refund_before_its_order_waits_for_it_and_an_unknown_code_loses_nothing(shop: Connection) -> None:
    from_shopify(shop, "refunds/create", shopify_refund(), "d1")
    from_shopify(shop, "fulfillments/create", shopify_fulfillment(), "d2")
    assert not Contact.objects.exists()
    from_shopify(shop, "orders/paid", shopify_order(), "d3")
    react_to_all()
    order = Order.objects.get()
    assert (order.state, order.amount, order.refunded) == ("shipped", 4280, 1000)
    assert [(each.code, each.sources) for each in unmapped_codes(10)] == [("TEA-100", ["shopify"])]


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = shopify()
    troubles = [OperationalError("gone"), OperationalError("gone")]

    def broken(*given: Any) -> Any:
        if troubles:
            raise troubles.pop()
        return tell_orders(*given)

    monkeypatch.setattr(taking, "tell_orders", broken)
    status, headers, _answer = from_shopify(connection, "orders/paid", shopify_order(), "d1")
    assert status == 503
    assert "Retry-After" in headers
    assert not Received.objects.exists()
    assert not Contact.objects.exists()
    troubles.append(OperationalError("gone for a moment"))
    assert from_shopify(connection, "orders/paid", shopify_order(), "d1")[2]["taken"] == 1
    assert _told(_hana()) == ["order.paid"]
