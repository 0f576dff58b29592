"""Segment's HTTP API: its own library posts here by changing the host, and each message counts once."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.db import connection as database
from segment.analytics.client import Client

from jouren.api.fast import with_fast_paths
from jouren.connectors.actions import connect, replay_all, rotate_secret
from jouren.connectors.models import Connection, Outcome, Received
from jouren.contacts.actions import create_contact, define_attribute
from jouren.contacts.models import Contact, Identity
from jouren.contacts.queries import find_by_email, find_by_identity
from jouren.events.queries import events_of
from jouren.orders.models import Order
from tests.backoffice import owner_client
from tests.connecting import Answer, post
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db
AT = "2026-11-22T09:30:00.000Z"


@pytest.fixture
def key() -> str:
    return connect("segment", "App", "app")[1]


def call(key: str, name: str, body: dict[str, Any] | bytes, **headers: str) -> Answer:
    code = base64.b64encode(f"{key}:".encode()).decode()
    return post(f"/v1/{name}", body, **{"authorization": f"Basic {code}", **headers})


def track(event: str, number: int = 1, **properties: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "messageId": f"m{number}",
        "userId": "77",
        "timestamp": AT,
        "event": event,
        "properties": properties,
    }


def order(number: int = 1, **changes: Any) -> dict[str, Any]:
    product = {"product_id": "p1", "sku": "tea", "name": "煎茶", "price": 19.9, "quantity": 2}
    return track(
        "Order Completed",
        number,
        **{
            "order_id": "o1",
            "total": 44.800000000000004,
            "shipping": 5,
            "currency": "USD",
            "products": [product],
            **changes,
        },
    )


def _person() -> Contact:
    contact = find_by_identity("shop", "77")
    assert contact is not None
    return contact


def _told(kind: str) -> list[dict[str, Any]]:
    return [event.payload for event in events_of([_person().pk], types=[kind])]


def test_every_call_is_taken_with_the_key_in_the_head_or_in_the_body(key: str) -> None:
    define_attribute("favorite_tea", "text", "Tea")
    define_attribute("group", "text", "Group")
    traits = {"email": "hana@example.jp", "firstName": "花子", "lastName": "山田", "favoriteTea": "煎茶", "x": [1]}
    common = {"userId": "77", "timestamp": AT}
    for name, message in (
        ("identify", {**common, "messageId": "1", "traits": traits}),
        ("track", {**common, "messageId": "2", "event": "Quiz Done", "properties": {"score": 5}}),
        ("page", {**common, "messageId": "3", "name": "Home", "properties": {"url": "https://shop.example.jp/"}}),
        ("screen", {**common, "messageId": "4", "name": "Start"}),
        ("group", {**common, "messageId": "5", "groupId": "g1", "traits": {"name": "茶道部"}}),
        ("alias", {"messageId": "6", "previousId": "old77", "userId": "77", "timestamp": AT}),
    ):
        assert post(f"/v1/{name}", {**message, "writeKey": key})[0] == 200
        assert call(key, name, message)[2]["known"] == 1
    hana = find_by_email("hana@example.jp")
    assert hana == _person() == find_by_identity("shop", "old77")
    assert (hana.family_name, hana.attributes) == ("山田", {"favorite_tea": "煎茶", "group": "茶道部"})
    assert _told("app.tracked") == [{"name": "Quiz Done", "properties": {"score": "5"}}]
    assert sorted(each["name"] for each in _told("app.viewed")) == ["Home", "Start"]


@pytest.mark.parametrize("is_late", [True, False])
def test_a_refund_of_nothing_but_the_order_is_one_of_all_of_it_in_any_order(key: str, is_late: bool) -> None:
    messages = [order(), track("Order Refunded", 2, order_id="o1")]
    for message in messages if is_late else reversed(messages):
        assert call(key, "track", message)[2]["taken"] == 1
    assert _told("order.refunded") == [{"order": "o1", "refund": "m2"}]
    react_to_all()
    kept = Order.objects.get()
    assert (kept.amount, kept.refunded, kept.state) == (4480, 4480, "refunded")
    page = owner_client().get(f"/admin/orders/{kept.pk}/").content.decode()
    assert "The whole order" in page


def test_a_refund_of_products_without_a_price_is_not_taken_for_one_of_all(key: str) -> None:
    answer = call(key, "track", track("Order Refunded", 2, order_id="o1", products=[{"sku": "tea", "quantity": 1}]))[2]
    assert (answer["taken"], answer["failed"]) == (0, 1)


def test_its_events_of_orders_are_orders(key: str) -> None:
    batch = [
        order(),
        track("Order Refunded", 2, order_id="o1", total="10.00", currency="USD"),
        track("Product Viewed", 3, sku="tea"),
        track("Cart Abandoned", 4, products=[{"sku": "tea"}], cart_id="c1"),
        track("Order Cancelled", 5, order_id="o1"),
    ]
    status, _headers, answer = call(key, "batch", {"batch": [*batch, *batch]})
    assert (status, answer) == (200, {"success": True, "taken": 5, "known": 5, "ignored": 0, "failed": 0})
    assert _told("order.paid") == [
        {
            "order": "o1",
            "kind": "",
            "amount": 4480,
            "currency": "USD",
            "shipping": 500,
            "products": ["tea"],
            "lines": [{"code": "tea", "name": "煎茶", "quantity": 2, "amount": 3980}],
        }
    ]
    assert _told("order.refunded") == [{"order": "o1", "refund": "m2", "amount": 1000, "currency": "USD"}]
    assert _told("offer.viewed") == [{"offer": "tea"}]
    assert _told("cart.left") == [{"cart": "c1", "products": ["tea"]}]
    assert len(_told("order.cancelled")) == 1
    react_to_all()
    assert Order.objects.get().source == "app"


def test_one_bad_message_of_a_batch_waits_alone(key: str) -> None:
    bad = [
        order(2, total=-1),
        order(3, products=[{"sku": "tea", "quantity": -2}]),
        {**track("Quiz", 4), "timestamp": "1970-01-01T00:00:00Z"},
        {**track("Quiz", 5), "timestamp": "2199-01-01T00:00:00Z"},
        {**track("Quiz", 6), "userId": None},
        {**track("Quiz", 7), "type": "dance"},
        {**track("", 8)},
        track("Quiz", 9, text="x" * 33_000),
        {**track("Quiz", 10), "userId": None, "anonymousId": "a1"},
    ]
    _status, _headers, answer = call(key, "batch", {"batch": [order(), *bad]})
    assert answer == {"success": False, "taken": 1, "known": 0, "ignored": 1, "failed": 8}
    assert replay_all(Connection.objects.get().pk) == (0, 8)
    assert all(each.error for each in Received.objects.filter(outcome=Outcome.FAILED))
    assert Contact.objects.count() == 1


def test_limits_and_bad_keys_are_answered_as_segment_does(key: str) -> None:
    assert call("x" * 48, "track", track("Quiz"))[0] == 401
    assert call(key[:-1] + "嘘", "track", track("Quiz"))[0] == 401
    assert post("/v1/track", track("Quiz"))[0] == 401
    assert call(key, "track", b"{")[0] == 400
    assert call(key, "batch", {"batch": 5})[0] == 400
    assert call(key, "track", track("Quiz", text="x" * 33_000))[0] == 413
    assert call(key, "batch", {"batch": [track("Quiz", n, text="x" * 30_000) for n in range(20)]})[0] == 413
    bomb = gzip.compress(b" " * 50_000_000)
    assert call(key, "batch", bomb, content_encoding="gzip")[0] == 413
    assert call(key, "batch", b"no gzip", content_encoding="gzip")[0] == 413
    assert call(key, "unknown", {})[0] == 404
    assert post(f"/hooks/{Connection.objects.get().public_id}/", {})[0] == 404
    assert not Received.objects.exists()


def test_an_alias_never_makes_one_of_two_known_people(key: str) -> None:
    for number, name in enumerate(("77", "88")):
        call(key, "track", {**track("Quiz", number), "userId": name})
    alias = {"messageId": "a", "userId": "77", "previousId": "88", "timestamp": AT}
    assert call(key, "alias", alias)[2]["failed"] == 1
    assert Contact.objects.filter(merged_at=None).count() == 2
    visitor = "1d1cdbb9-5f2b-4dd6-9c3a-4a8e4d8d2b66"
    assert call(key, "alias", {**alias, "messageId": "b", "previousId": visitor})[2]["ignored"] == 1
    taken = create_contact(email="taro@example.jp")
    call(key, "identify", {"messageId": "c", "userId": "77", "traits": {"email": "taro@example.jp"}, "timestamp": AT})
    assert find_by_email("taro@example.jp") == taken
    assert Identity.objects.filter(contact=_person(), kind="email").count() == 0


def test_the_write_key_changes_without_a_gap(key: str) -> None:
    from datetime import timedelta

    new = rotate_secret(Connection.objects.get().pk, old_for=timedelta(days=1))
    assert new != key
    assert call(key, "track", track("Quiz", 1))[0] == call(new, "track", track("Quiz", 2))[0] == 200


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Troubled:
    """The product behind something that breaks: before it was asked, and after it had taken everything in."""

    def __init__(self) -> None:
        self.application = with_fast_paths(lambda environ, start_response: [])
        self.troubles = ["before", "after"]
        self.requests = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.requests += 1
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "before":
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if trouble == "after":
            b"".join(self.application(environ, lambda status, headers: None))
            database.close()
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        answer = self.application(environ, start_response)
        database.close()
        return answer


@pytest.fixture
def product() -> Iterator[tuple[Troubled, str]]:
    application = Troubled()
    server: WSGIServer = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield application, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("zipped", [False, True])
def test_segments_own_library_posts_through_trouble_and_each_message_counts_once(
    product: tuple[Troubled, str], zipped: bool
) -> None:
    key = connect("segment", "App", "app")[1]
    application, host = product
    failures: list[Any] = []
    client = Client(key, host=host, gzip=zipped, on_error=lambda error, _items: failures.append(error))
    client.identify("77", {"email": "hana@example.jp", "firstName": "花子", "lastName": "山田"})
    for number in range(5):
        client.track("77", f"Quiz {number}", {"at": datetime(2026, 11, 22, tzinfo=UTC)})
    client.track("77", "Order Completed", {"order_id": "o1", "total": 1980, "currency": "JPY"})
    client.page("77", "shop", "Home", {"url": "https://shop.example.jp/"})
    client.flush()
    client.join()
    assert not failures
    assert application.requests >= 3
    assert not application.troubles
    assert sorted(each["name"] for each in _told("app.tracked")) == [f"Quiz {number}" for number in range(5)]
    assert [each["amount"] for each in _told("order.paid")] == [1980]
    assert len(_told("app.viewed")) == 1
    assert _person().family_name == "山田"
    assert not Received.objects.filter(outcome=Outcome.FAILED).exists()
    assert json.dumps(_told("app.tracked")).count("2026-11-22") == 5
