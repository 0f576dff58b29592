"""Shopify: its webhooks about orders, refunds, deliveries and customers.

Its documents: https://shopify.dev/docs/api/webhooks (topics), …/apps/build/webhooks/verify-deliveries (signature).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

from jouren.connectors.connector import Connector, Headers
from jouren.connectors.shopify.reading import read
from jouren.connectors.signatures import base64_bytes, check_any, digest


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Check ``X-Shopify-Hmac-Sha256`` over the raw body. Shopify signs no time: a replay is known by its ids."""
    given = base64_bytes(headers.get("x-shopify-hmac-sha256", ""))
    check_any([digest(secret.encode(), body) for secret in secrets], [given])


CONNECTOR = Connector(
    key="shopify",
    label="Shopify",
    about=_("Orders, payments, refunds, deliveries and customers of a Shopify shop."),
    steps=(
        _("In Shopify, open Settings → Notifications → Webhooks."),
        _(
            "Make a webhook with the address above, in JSON, for each of: Order creation, Order payment, Order update, "
            "Order cancellation, Refund create, Fulfillment creation, Fulfillment event creation, Customer creation, "
            "Customer update."
        ),
        _("Below the list, Shopify shows what it signs with. Copy it into the field for the secret here."),
    ),
    verify=verify,
    read=read,
    headers=frozenset({"x-shopify-topic", "x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-test"}),
    # Shopify tries again for four hours whatever the error is, so that a short break loses nothing.
    off_status=HTTPStatus.SERVICE_UNAVAILABLE,
)
