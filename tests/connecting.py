"""Connected shops for tests: their payloads as the shops' documents show them, signed as the shops sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import time
from datetime import timedelta
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.db.models import F, Sum
from standardwebhooks.webhooks import Webhook

from jouren.api.fast import with_fast_paths
from jouren.catalog.actions import map_code, save_product
from jouren.catalog.models import Product
from jouren.connectors.actions import connect
from jouren.connectors.models import Connection
from jouren.orders.models import Order
from jouren.pyramid.queries import stage_of_contact

SHOPIFY_SECRET = "shpss_0123456789abcdef0123456789abcdef"
STRIPE_SECRET = "whsec_0123456789abcdef0123456789abcdef"

Answer = tuple[int, dict[str, str], dict[str, Any]]


def post(path: str, body: bytes | dict[str, Any], method: str = "POST", **headers: str) -> Answer:
    """Ask the application as the web server does. Header names have _ for -."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(raw)),
        "wsgi.input": io.BytesIO(raw),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    setup_testing_defaults(environ)
    got: list[Any] = []

    def django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return [b"{}"]

    def start_response(status: str, fields: list[tuple[str, str]]) -> None:
        got.extend([int(status[:3]), dict(fields)])

    content = b"".join(with_fast_paths(django)(environ, start_response))
    return got[0], got[1], json.loads(content)


def shopify() -> Connection:
    return connect("shopify", "Tea shop", "shopify", SHOPIFY_SECRET)[0]


def stripe() -> Connection:
    return connect("stripe", "Payments", "stripe", STRIPE_SECRET)[0]


def from_shopify(
    connection: Connection, topic: str, data: dict[str, Any] | bytes, delivery: str, event: str = "", **changes: str
) -> Answer:
    body = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    code = base64.b64encode(hmac.new(SHOPIFY_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"x_shopify_topic": topic, "x_shopify_webhook_id": delivery, "x_shopify_hmac_sha256": code}
    if event:
        headers["x_shopify_event_id"] = event
    return post(f"/hooks/{connection.public_id}/", body, **{**headers, **changes})


def from_stripe(
    connection: Connection, event: dict[str, Any], *, seconds: int | None = None, secret: str = ""
) -> Answer:
    body = json.dumps(event).encode()
    moment = int(time.time()) if seconds is None else seconds
    signed = f"{moment}.".encode() + body
    code = hmac.new((secret or STRIPE_SECRET).encode(), signed, hashlib.sha256).hexdigest()
    return post(f"/hooks/{connection.public_id}/", body, stripe_signature=f"t={moment},v1={code}")


def from_system(connection: Connection, secret: str, message_id: str, message: dict[str, Any]) -> Answer:
    from datetime import UTC, datetime

    body = json.dumps(message, ensure_ascii=False)
    moment = datetime.fromtimestamp(int(time.time()), UTC)
    headers = {
        "webhook_id": message_id,
        "webhook_timestamp": str(int(moment.timestamp())),
        "webhook_signature": Webhook(secret).sign(message_id, moment, body),
    }
    return post(f"/hooks/{connection.public_id}/", body.encode(), **headers)


def stages_and_sales() -> list[tuple[str, int, str, int]]:
    """What orders make of people: family name, stage, and what they bought for in the year from their first purchase,
    less what was paid back, by currency.
    """
    rows = Order.objects.filter(
        is_counted=True, paid_at__lt=F("contact__purchases__first_at") + timedelta(days=365)
    ).values("contact_id", "contact__family_name", "currency")
    counted = rows.annotate(net=Sum(F("amount") - F("refunded")))
    return sorted(
        (row["contact__family_name"], stage_of_contact(row["contact_id"]).value, row["currency"], row["net"])
        for row in counted
    )


def product_of(*codes: str) -> Product:
    """A product at the regular price that these codes mean, whichever shop says them."""
    made = save_product(Product(name=f"Product {codes}", role="main", price=3_980, tax_rate=8))
    for code in codes:
        map_code(made.pk, code)
    return made


def shopify_order(number: int = 450789469, **changes: Any) -> dict[str, Any]:
    """An order as https://shopify.dev/docs/api/admin-rest/latest/resources/order shows it, of a Japanese shop."""
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": "#1001",
        "email": "hana@example.jp",
        "created_at": "2026-11-20T10:00:00+09:00",
        "processed_at": "2026-11-20T10:00:00+09:00",
        "updated_at": "2026-11-20T10:00:05+09:00",
        "cancelled_at": None,
        "cancel_reason": None,
        "currency": "JPY",
        "financial_status": "paid",
        "taxes_included": True,
        "total_price": "4280",
        "total_discounts": "500",
        "total_tax": "317",
        "tax_lines": [{"price": "317", "rate": 0.08, "title": "CT"}],
        "discount_codes": [{"code": "TEA500", "amount": "500", "type": "fixed_amount"}],
        "shipping_lines": [{"price": "500", "title": "Standard", "tax_lines": [], "discount_allocations": []}],
        "line_items": [
            {
                "id": 1,
                "sku": "TEA-100",
                "variant_id": 808950810,
                "product_id": 632910392,
                "title": "煎茶",
                "name": "煎茶 - 100g",
                "quantity": 2,
                "price": "2140",
                "tax_lines": [{"price": "280", "rate": 0.08, "title": "CT"}],
                "discount_allocations": [{"amount": "500"}],
            }
        ],
        "customer": {
            "id": 207119551,
            "email": "hana@example.jp",
            "first_name": "花子",
            "last_name": "山田",
        },
        "refunds": [],
        "test": False,
        **changes,
    }


def shopify_refund(number: int = 509562969, order: int = 450789469, amount: str = "1000") -> dict[str, Any]:
    return {
        "id": number,
        "order_id": order,
        "created_at": "2026-11-21T09:00:00+09:00",
        "processed_at": "2026-11-21T09:00:00+09:00",
        "note": "割れていた",
        "refund_line_items": [],
        "transactions": [{"kind": "refund", "status": "success", "amount": amount, "currency": "JPY"}],
    }


def shopify_fulfillment(number: int = 255858046, order: int = 450789469, parcel: int = 1) -> dict[str, Any]:
    return {
        "id": number,
        "order_id": order,
        "name": f"#1001.{parcel}",
        "status": "success",
        "created_at": f"2026-11-20T1{parcel}:30:00+09:00",
        "updated_at": f"2026-11-20T1{parcel}:30:00+09:00",
        "tracking_number": "1Z2345",
        "shipment_status": None,
    }


def shopify_arrival(fulfillment: int = 255858046, order: int = 450789469, **changes: Any) -> dict[str, Any]:
    return {
        "id": fulfillment + 1,
        "fulfillment_id": fulfillment,
        "order_id": order,
        "status": "delivered",
        "happened_at": "2026-11-22T00:00:00Z",
        **changes,
    }


def shopify_customer(number: int = 207119551, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "email": "hana@example.jp",
        "first_name": "花子",
        "last_name": "山田",
        "created_at": "2026-11-19T10:00:00+09:00",
        "updated_at": "2026-11-19T10:00:00+09:00",
        "email_marketing_consent": {
            "state": "subscribed",
            "opt_in_level": "single_opt_in",
            "consent_updated_at": "2026-11-19T10:00:00+09:00",
        },
        **changes,
    }
