"""What connectors read: money without floats, moments with their zones, names, and what fits into an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.connectors.connector import Arrived, Contents, Headers, ParcelNews, connectors
from jouren.connectors.errors import BadSignature, Unusable
from jouren.connectors.event_types import APP_TRACKED, tracked
from jouren.connectors.reading import (
    minor_amount,
    minor_digits,
    moment_of,
    order_payload,
    percent_text,
    read_json,
    split_name,
    whole_of,
)
from jouren.connectors.sealing import seal, unseal
from jouren.connectors.segment import new_secret, public_id_of
from jouren.connectors.shopify.reading import read as read_shopify
from jouren.events.types import MAX_PAYLOAD_BYTES
from jouren.orders.policies import check_order
from tests.connecting import shopify_arrival, shopify_fulfillment, shopify_order


@given(st.integers(0, 10**11), st.sampled_from(["JPY", "USD", "KWD"]))
def test_an_amount_is_read_back_exactly(amount: int, currency: str) -> None:
    digits = minor_digits(currency)
    whole, fraction = divmod(amount, 10**digits)
    text = f"{whole}.{fraction:0{digits}d}" if digits else str(whole)
    assert minor_amount(text, currency, "total") == amount
    assert minor_amount(Decimal(text), currency, "total") == amount
    assert minor_amount(f"{text}{'' if digits else '.'}00", currency, "total") == amount


@pytest.mark.parametrize("value", ["", "1,980", "-1", "1.001", "1e99", "Infinity", "NaN", None, True, [], 1.5, "１x"])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(Unusable):
        minor_amount(value, "USD", "total")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=8,
    )
)
def test_readers_refuse_strange_json_in_words(value: Any) -> None:
    body = json.dumps(
        {"id": value, "line_items": value, "currency": value, "total_price": value, "type": value}
    ).encode()
    for connector in connectors():
        for topic in ("orders/paid", "customers/update", "refunds/create", "fulfillments/create"):
            headers: Headers = {"x-shopify-topic": topic, "x-shopify-webhook-id": "1", "webhook-id": "1"}
            try:
                connector.read(headers, body)
            except Unusable as error:
                assert str(error)


@pytest.mark.parametrize(
    "value", ["2026-11-22", "2026-11-22T00:00:00", 0, -1, 10**18, "x", True, [], "0001-01-01T00:00:00+14:00"]
)
def test_a_moment_needs_its_zone_and_a_time_of_web_shops(value: object) -> None:
    with pytest.raises(Unusable):
        moment_of({"at": value}, "at")


def test_moments_are_read_with_their_zones_or_as_seconds() -> None:
    wanted = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    for value in (
        "2026-11-22T09:30:00+09:00",
        "2026-11-22T00:30:00Z",
        "2026-11-22T00:30:00.000Z",
        int(wanted.timestamp()),
    ):
        assert moment_of({"at": value}, "at") == wanted
    assert moment_of({"at": None}, "at") is None


def test_a_whole_name_is_taken_apart_by_its_script() -> None:
    assert split_name("山田 太郎") == {"family_name": "山田", "given_name": "太郎"}
    assert split_name("山田　太郎") == {"family_name": "山田", "given_name": "太郎"}
    assert split_name("Taro Yamada") == {"family_name": "Yamada", "given_name": "Taro"}
    assert split_name("山田") == {"family_name": "山田"}
    assert split_name("  ") == {}


def test_rates_are_percents_and_numbers_are_no_floats() -> None:
    assert [percent_text(Decimal(rate)) for rate in ("0.08", "0.1", "0.08875", "0")] == ["8", "10", "8.875", "0"]
    assert read_json(b'{"a": 27.50}')["a"] == Decimal("27.50")
    assert whole_of({"a": Decimal("5.0")}, "a") == 5
    with pytest.raises(Unusable):
        read_json(b'{"a": NaN}')


@pytest.mark.parametrize("count", [1, 60, 100, 101, 400])
def test_an_order_of_any_size_fits_into_an_event(count: int) -> None:
    lines = [{"code": f"SKU-{n:04}", "name": "煎茶" * 50, "quantity": 1, "amount": 100} for n in range(count)]
    payload = order_payload({"order": "1", "amount": 100 * count, "currency": "JPY", "coupon": ""}, lines)
    check_order(payload)
    assert len(json.dumps(payload, ensure_ascii=False).encode()) <= MAX_PAYLOAD_BYTES
    assert len(payload["products"]) == min(count, 100)
    assert "coupon" not in payload


def test_properties_are_texts_within_bounds() -> None:
    payload = tracked(
        "Quiz", {f"k{n}": ["あ" * 500, {"n": Decimal("1.5")}] for n in range(100)} | {"none": None, "bad\x00": "x"}
    )
    APP_TRACKED.check(payload)
    assert 10 < len(payload["properties"]) < 50
    few = tracked("Quiz", {f"k{n}": n for n in range(100)} | {"none": None})
    assert len(few["properties"]) == 50


def _shopify(topic: str, data: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    (delivery,) = read_shopify({"x-shopify-topic": topic, "x-shopify-webhook-id": "1"}, json.dumps(data).encode())
    return [(telling.type, dict(telling.payload)) for telling in delivery.tellings]


@pytest.mark.parametrize(
    ("name", "is_told"),
    [("#1001.1", True), ("#1001-F1", True), ("#1001", True), ("", True), ("#1001.2", False), ("#1001-F12", False)],
)
def test_an_order_is_shipped_with_its_first_parcel(name: str, is_told: bool) -> None:
    told = _shopify("fulfillments/create", {**shopify_fulfillment(), "name": name})
    assert bool(told) == is_told
    assert not _shopify("fulfillments/create", {**shopify_fulfillment(), "status": "cancelled"})


def _parcels(topic: str, data: dict[str, Any]) -> list[ParcelNews]:
    (delivery,) = read_shopify({"x-shopify-topic": topic, "x-shopify-webhook-id": "1"}, json.dumps(data).encode())
    return list(delivery.parcels)


def test_that_a_parcel_has_arrived_is_told_by_the_carriers_event() -> None:
    event = shopify_arrival()
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert _parcels("fulfillment_events/create", event) == [Arrived("450789469", at, "255858046")]
    assert _shopify("fulfillment_events/create", event) == []
    assert _parcels("fulfillment_events/create", {**event, "status": "in_transit"}) == []


def test_an_order_tells_its_parcels_and_that_the_first_has_gone() -> None:
    gone, late = shopify_fulfillment(), shopify_fulfillment(2, parcel=2)
    back = {**shopify_fulfillment(3, parcel=3), "status": "cancelled"}
    order = shopify_order(fulfillments=[gone, late, back], fulfillment_status="fulfilled")
    at = datetime(2026, 11, 20, 1, 0, 5, tzinfo=UTC)
    assert _parcels("orders/updated", order) == [Contents("450789469", at, ("2", "255858046"), True)]
    assert [name for name, _payload in _shopify("orders/updated", order)] == ["order.changed", "order.shipped"]
    partly = _parcels("orders/updated", {**order, "fulfillment_status": "partial"})
    assert partly == [Contents("450789469", at, ("2", "255858046"), False)]
    assert _parcels("orders/updated", shopify_order()) == []


def test_taxes_and_prices_of_every_kind_are_exact() -> None:
    line = {"sku": "", "variant_id": 7, "title": "Cup", "quantity": 3, "price": "9.99"}
    order = shopify_order(
        currency="USD",
        taxes_included=False,
        total_price="39.97",
        total_discounts="0.00",
        tax_lines=[{"rate": 0.0625, "price": "1.87"}, {"rate": 0.02, "price": "0.60"}],
        shipping_lines=[{"price": "7.50"}],
        line_items=[{**line, "tax_lines": [{"rate": 0.0625, "price": "1.87"}, {"rate": 0.02, "price": "0.60"}]}],
        discount_codes=[],
    )
    payload = dict(_shopify("orders/create", order))["order.placed"]
    assert payload["tax"] == {"2": "60", "6.25": "187"}
    assert (payload["amount"], payload["shipping"], payload["discount"]) == (3997, 750, 0)
    assert payload["lines"] == [{"code": "7", "name": "Cup", "quantity": 3, "amount": 3244}]


def test_a_secret_is_sealed_and_only_opened_with_the_same_key(settings: Any) -> None:
    sealed = seal("shpss_secret")
    assert "secret" not in sealed
    assert unseal(sealed) == "shpss_secret"
    settings.SECRET_KEY = "another key of this installation, long enough"
    assert unseal(sealed) is None


def test_nobody_gets_in_without_a_secret() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    headers = {
        "stripe-signature": f"t={int(now.timestamp())},v1=",
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
    }
    for connector in connectors():
        for secrets in ([], ["whsec_AAAA"], ["x" * 48]):
            with pytest.raises(BadSignature):
                connector.verify(headers, b"{}", secrets, now)
    key = new_secret("0123456789abcdef")
    assert public_id_of(key) == "0123456789abcdef"
