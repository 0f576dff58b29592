"""Pure rules of orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from jouren.orders.errors import BadOrder
from jouren.orders.models import OrderKind

MAX_NUMBER_LENGTH = 100
MAX_AMOUNT = 10**12
MAX_PRODUCTS = 100


def check_order(payload: Mapping[str, Any]) -> None:
    """Refuse an ``order.paid`` that could not be kept, whoever tells of it; its fields have their types already.

    Raises:
        BadOrder: a detail cannot be kept.
    """
    number, currency, products = payload["order"], payload["currency"], payload.get("products") or []
    if not 0 < len(number) <= MAX_NUMBER_LENGTH or not number.isprintable():
        raise BadOrder(_("An order number must have 1 to %(limit)s characters.") % {"limit": MAX_NUMBER_LENGTH})
    if payload["kind"] not in OrderKind.values:
        raise BadOrder(_("The kind of an order is trial or regular."))
    if not 0 <= payload["amount"] <= MAX_AMOUNT:
        raise BadOrder(_("The amount must be a whole number that is not negative."))
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise BadOrder(_("The currency has three letters, like JPY."))
    if len(products) > MAX_PRODUCTS or not all(0 < len(each) <= 100 and each.isprintable() for each in products):
        raise BadOrder(_("Products are at most 100 keys of 1 to 100 characters."))
