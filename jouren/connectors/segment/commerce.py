"""Segment's events of orders (its e-commerce specification, version 2). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from jouren.connectors.connector import Delivery, Happening, Identities
from jouren.connectors.errors import Unusable
from jouren.connectors.reading import (
    currency_of,
    decimal_of,
    minor_amount,
    minor_digits,
    needed,
    objects_of,
    order_payload,
    text_of,
    whole_of,
)
from jouren.core.money import DEFAULT_CURRENCY
from jouren.orders.telling import Telling

Data = Mapping[str, Any]
# JavaScript reckons with floats: 27.500000000000004 is meant to be 27.50.
_FLOAT_ERROR = Decimal("0.000001")


def _completed(properties: Data, who: Identities, at: datetime, name: str) -> Delivery:
    return Delivery((), "", tellings=[Telling("order.paid", _payload(properties), at, who)])


def _updated(properties: Data, who: Identities, at: datetime, name: str) -> Delivery:
    return Delivery((), "", tellings=[Telling("order.changed", _payload(properties), at, who)])


def _refunded(properties: Data, who: Identities, at: datetime, name: str) -> Delivery:
    """A refund; of the whole order where it names nothing but the order, as the specification has it."""
    payload: dict[str, Any] = {
        "order": needed(properties, "order_id"),
        "refund": text_of(properties, "refund_id", 100) or name[:100],
    }
    if any(properties.get(part) is not None for part in ("total", "revenue")) or objects_of(properties, "products"):
        currency = _currency(properties)
        payload |= {"amount": _total(properties, currency), "currency": currency}
    return Delivery((), "", tellings=[Telling("order.refunded", payload, at, who)])


def _cancelled(properties: Data, who: Identities, at: datetime, name: str) -> Delivery:
    payload = {"order": needed(properties, "order_id"), "reason": text_of(properties, "reason")}
    return Delivery((), "", tellings=[Telling("order.cancelled", payload, at, who)])


def _viewed(properties: Data, who: Identities, at: datetime, name: str) -> Delivery:
    payload = {"offer": _code(properties)}
    return Delivery((), "", happenings=[Happening("offer.viewed", who, payload, at, name)])


def _cart_left(properties: Data, who: Identities, at: datetime, name: str) -> Delivery:
    """No event of the specification, but the name under which many shops send it."""
    payload: dict[str, Any] = {"products": [_code(each) for each in objects_of(properties, "products")][:100]}
    if cart := text_of(properties, "cart_id", 100):
        payload["cart"] = cart
    return Delivery((), "", happenings=[Happening("cart.left", who, payload, at, name)])


def _payload(properties: Data) -> dict[str, Any]:
    currency = _currency(properties)
    return order_payload(
        {
            "order": needed(properties, "order_id"),
            "amount": _total(properties, currency),
            "currency": currency,
            "shipping": _money(properties, "shipping", currency),
            "discount": _money(properties, "discount", currency),
            "coupon": text_of(properties, "coupon", 100),
            "reference": text_of(properties, "reference", 100),
        },
        [_line(each, currency) for each in objects_of(properties, "products")],
    )


def _line(product: Data, currency: str) -> dict[str, Any]:
    quantity = whole_of(product, "quantity") if product.get("quantity") is not None else 1
    if quantity < 1:
        raise Unusable(_("“%(name)s” is negative.") % {"name": "quantity"})
    price = _money(product, "price", currency)
    amount = None if price is None else price * quantity
    return {"code": _code(product), "name": text_of(product, "name"), "quantity": quantity, "amount": amount}


def _code(product: Data) -> str:
    code = text_of(product, "sku", 100) or text_of(product, "product_id", 100) or text_of(product, "name", 100)
    if not code:
        raise Unusable(_("“%(name)s” must have 1 to %(limit)s characters.") % {"name": "sku", "limit": 100})
    return code


def _total(properties: Data, currency: str) -> int:
    """All that was paid. Without ``total``: the revenue with shipping and tax, or else the sum of the products."""
    if properties.get("total") is not None:
        return _money(properties, "total", currency) or 0
    parts = [_money(properties, name, currency) for name in ("revenue", "shipping", "tax")]
    if parts[0] is not None:
        return sum(part or 0 for part in parts)
    lines = [_line(each, currency) for each in objects_of(properties, "products")]
    if not lines or any(line["amount"] is None for line in lines):
        raise Unusable(_("“%(name)s” must be an amount.") % {"name": "total"})
    return sum(int(line["amount"]) for line in lines)


def _money(data: Data, name: str, currency: str) -> int | None:
    if data.get(name) is None:
        return None
    amount = decimal_of(data[name], name)
    unit = amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)
    return minor_amount(unit if abs(unit - amount) < _FLOAT_ERROR else amount, currency, name)


def _currency(properties: Data) -> str:
    return currency_of(text_of(properties, "currency") or DEFAULT_CURRENCY)


READERS: Mapping[str, Callable[[Data, Identities, datetime, str], Delivery]] = {
    "order completed": _completed,
    "order updated": _updated,
    "order refunded": _refunded,
    "order cancelled": _cancelled,
    "product viewed": _viewed,
    "cart abandoned": _cart_left,
}
