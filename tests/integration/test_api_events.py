"""Events over HTTP: durable, once, and clear about what is wrong."""

from __future__ import annotations

import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from jouren.api.fast import with_fast_paths
from jouren.api.keys import make_key, revoke_key
from jouren.api.models import ApiKey
from jouren.contacts.actions import erase_contact
from jouren.contacts.models import Contact, Identity
from jouren.events.queries import events_of

pytestmark = pytest.mark.django_db

Answer = tuple[str, dict[str, str], bytes]


def call(method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """Ask the application as the web server does; what is not answered in front of Django is 404 here."""
    import io

    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    setup_testing_defaults(environ)
    got: list[Any] = []

    def django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return [b""]

    def start_response(status: str, fields: list[tuple[str, str]]) -> None:
        got.extend([status, dict(fields)])

    content = b"".join(with_fast_paths(django)(environ, start_response))
    return got[0][:3], got[1], content


@pytest.fixture
def key() -> str:
    return make_key("shop")


def order(number: int = 1, **changes: Any) -> dict[str, Any]:
    payload = {"order": str(number), "kind": "regular", "amount": 3980, "currency": "JPY", "products": ["tea"]}
    event = {
        "type": "order.paid",
        "contact": {"email": f"p{number}@example.jp"},
        "key": f"o{number}",
        "payload": payload,
    }
    return {**event, **changes}


def post(key: str, events: Any) -> tuple[str, dict[str, Any]]:
    body = json.dumps({"events": events}).encode()
    status, _headers, content = call("POST", "/api/events", body, HTTP_AUTHORIZATION=f"Bearer {key}")
    return status, json.loads(content)


def test_orders_of_people_not_known_yet_make_them_known(key: str) -> None:
    assert post(key, [order(1), order(2)]) == ("202", {"recorded": 2, "ignored": 0})
    contact_id = Identity.objects.get(value="p1@example.jp").contact_id
    (event,) = events_of([contact_id], types=["order.paid"])
    assert event.payload["amount"] == 3980
    assert event.source == f"api:{ApiKey.objects.get().pk}"


def test_the_same_key_counts_once_also_in_one_request(key: str) -> None:
    assert post(key, [order(1), order(1)]) == ("202", {"recorded": 1, "ignored": 1})
    assert post(key, [order(1), order(2)]) == ("202", {"recorded": 1, "ignored": 1})


def test_somebody_who_was_erased_does_not_come_back(key: str) -> None:
    post(key, [order(1)])
    erase_contact(Identity.objects.get(value="p1@example.jp").contact_id)
    assert post(key, [order(1, key="again"), order(2)]) == ("202", {"recorded": 1, "ignored": 1})
    assert Contact.objects.filter(erased_at=None).count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "stage.entered"},
        {"type": 7},
        {"contact": {}},
        {"contact": {"email": "not an address"}},
        {"contact": {"email": "a@example.jp", "shop": "1"}},
        {"contact": "a@example.jp"},
        {"key": None},
        {"key": "k" * 300},
        {"payload": []},
        {"payload": {}},
        {"payload": {**order()["payload"], "amount": "3980"}},
        {"payload": {**order()["payload"], "order": "a\u0000b"}},
        {"payload": {**order()["payload"], "order": "half a pair \ud800"}},
        {"payload": {**order()["payload"], "order": "9" * 101}},
        {"payload": {**order()["payload"], "kind": "gift"}},
        {"payload": {**order()["payload"], "amount": -1}},
        {"payload": {**order()["payload"], "currency": "YENS"}},
        {"payload": {**order()["payload"], "products": [""]}},
        {"key": "half a pair \ud800"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "2026-01-01T00:00:00"},
        {"occurred_at": "2999-01-01T00:00:00+09:00"},
        {"occurred_at": "1970-01-01T00:00:00+09:00"},
        {"payload": {**order()["payload"], "lines": [{"code": "tea", "quantity": -1}]}},
        {"payload": {**order()["payload"], "lines": [{"code": "tea", "quantity": 1, "tax_rate": 8.5}]}},
        {"type": "order.recognised"},
        {"type": "order.undone"},
        {"occurred_at": 5},
        {"surprise": 1},
    ],
)
def test_one_bad_event_refuses_the_request_says_which_and_stores_nothing(key: str, changes: dict[str, Any]) -> None:
    status, answer = post(key, [order(1), order(2, **changes)])
    assert status == "422"
    assert "error" in answer
    assert not Identity.objects.filter(value="p1@example.jp").exists() or not events_of(
        [Identity.objects.get(value="p1@example.jp").contact_id]
    )
    assert not Contact.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"events": []}', b'{"events": [1]}', b"\xff\xfe", b"[" * 100_000])
def test_a_body_of_another_form_is_refused(key: str, body: bytes) -> None:
    status, _headers, content = call("POST", "/api/events", body, HTTP_AUTHORIZATION=f"Bearer {key}")
    assert status == "422"
    assert "error" in json.loads(content)


def test_without_a_good_key_nothing_is_recorded(key: str) -> None:
    body = json.dumps({"events": [order()]}).encode()
    for header in ("", "Bearer", "Bearer wrong", f"Basic {key}", "Bearer jrn_" + "x" * 500):
        assert call("POST", "/api/events", body, HTTP_AUTHORIZATION=header)[0] == "401"
    revoke_key(ApiKey.objects.get().pk)
    assert call("POST", "/api/events", body, HTTP_AUTHORIZATION=f"Bearer {key}")[0] == "401"
    assert not Contact.objects.exists()


def test_only_post_records(key: str) -> None:
    assert call("GET", "/api/events", HTTP_AUTHORIZATION=f"Bearer {key}")[0] == "405"
    assert call("POST", "/api/events", b"", HTTP_AUTHORIZATION=f"Bearer {key}")[0] == "413"


@pytest.mark.parametrize(
    ("type", "payload"),
    [
        ("order.placed", {"order": "1001", "amount": 3980, "currency": "JPY", "kind": "regular", "products": ["tea"]}),
        ("order.shipped", {"order": "1001"}),
        ("order.delivered", {"order": "1001"}),
        ("order.refunded", {"order": "1001", "refund": "r1", "amount": 980, "currency": "JPY"}),
        ("order.cancelled", {"order": "1001", "reason": "by mistake"}),
        ("subscription.started", {"subscription": "S1", "product": "tea", "every_days": 30}),
        ("subscription.cancelled", {"subscription": "S1", "reason": "too much"}),
        ("cart.left", {"products": ["tea"], "amount": 1200, "currency": "JPY"}),
        ("offer.viewed", {"offer": "trial set"}),
        ("video.played", {"video": "how to brew", "percent": 80}),
    ],
)
def test_a_shop_tells_of_what_comes_before_and_after_a_purchase(key: str, type: str, payload: dict[str, Any]) -> None:
    event = {"type": type, "contact": {"email": "p1@example.jp"}, "key": "1", "payload": payload}
    assert post(key, [event]) == ("202", {"recorded": 1, "ignored": 0})
    told = events_of(Contact.objects.values_list("pk", flat=True))
    assert [(each.type, each.payload) for each in told if each.type == type] == [(type, payload)]


def test_what_names_no_contact_is_of_the_buyer_of_its_order_also_when_that_comes_later(key: str) -> None:
    refund = {
        "type": "order.refunded",
        "key": "r1",
        "payload": {"order": "1", "refund": "r1", "amount": 980, "currency": "JPY"},
    }
    assert post(key, [refund]) == ("202", {"recorded": 1, "ignored": 0})
    assert not Contact.objects.exists()
    assert post(key, [order(1)]) == ("202", {"recorded": 1, "ignored": 0})
    assert post(key, [refund]) == ("202", {"recorded": 0, "ignored": 1})
    told = events_of([Contact.objects.get().pk], types=["order.refunded"])
    assert [event.payload for event in told] == [refund["payload"]]
    assert post(key, [{"type": "cart.left", "key": "c", "payload": {}}])[0] == "422"
