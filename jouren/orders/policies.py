"""Pure rules of orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from jouren.orders.errors import BadOrder
from jouren.orders.models import OrderKind

MAX_NUMBER_LENGTH = 100
MAX_AMOUNT = 10**12
MAX_PRODUCTS = 100


_LINE_FIELDS: Mapping[str, type] = {"code": str, "name": str, "quantity": int, "amount": int, "tax_rate": int}


def check_order(payload: Mapping[str, Any]) -> None:
    """Refuse an order that could not be kept, whoever tells of it; its fields have their types already.

    Raises:
        BadOrder: a detail cannot be kept.
    """
    products, lines = payload.get("products") or [], payload.get("lines") or []
    _check_number(payload["order"])
    _check_money(payload["amount"], payload["currency"])
    if payload.get("kind") not in {None, "", *OrderKind.values}:
        raise BadOrder(_("The kind of an order is trial or regular."))
    for part in ("shipping", "discount"):
        if not 0 <= (payload.get(part) or 0) <= MAX_AMOUNT:
            raise BadOrder(_("The amount must be a whole number that is not negative."))
    if len(products) > MAX_PRODUCTS or not all(0 < len(each) <= 100 and each.isprintable() for each in products):
        raise BadOrder(_("Products are at most 100 keys of 1 to 100 characters."))
    if len(lines) > MAX_PRODUCTS:
        raise BadOrder(_("An order has at most %(limit)s lines.") % {"limit": MAX_PRODUCTS})
    for line in lines:
        _check_line(line)


def check_refund(payload: Mapping[str, Any]) -> None:
    """Refuse a refund that could not be kept. Raises BadOrder."""
    _check_number(payload["order"])
    _check_number(payload["refund"])
    _check_money(payload["amount"], payload["currency"])
    for line in payload.get("lines") or []:
        _check_line(line)


def check_subscription(payload: Mapping[str, Any]) -> None:
    """Refuse what could not be kept of a subscription. Raises BadOrder."""
    _check_number(payload["subscription"])
    if "delivery" in payload:
        _check_number(payload["delivery"])
    if (days := payload.get("every_days")) is not None and not 1 <= days <= 3660:
        raise BadOrder(_("A subscription delivers every 1 to 3,660 days."))
    for name in ("next_on", "until"):
        if value := payload.get(name):
            try:
                date.fromisoformat(value)
            except ValueError:
                raise BadOrder(_("Write the day like 2026-12-24.")) from None


def _check_number(number: str) -> None:
    if not 0 < len(number) <= MAX_NUMBER_LENGTH or not number.isprintable():
        raise BadOrder(_("An order number must have 1 to %(limit)s characters.") % {"limit": MAX_NUMBER_LENGTH})


def _check_money(amount: int, currency: str) -> None:
    if not 0 <= amount <= MAX_AMOUNT:
        raise BadOrder(_("The amount must be a whole number that is not negative."))
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise BadOrder(_("The currency has three letters, like JPY."))


def _check_line(line: Mapping[str, Any]) -> None:
    if unknown := line.keys() - _LINE_FIELDS.keys():
        raise BadOrder(_("A line of an order has no %(name)s.") % {"name": sorted(unknown)[0][:50]})
    if any(value is not None and type(value) is not _LINE_FIELDS[name] for name, value in line.items()):
        raise BadOrder(_("A line's code and name are texts; its quantity, amount and tax rate are whole numbers."))
    if not 0 < len(line.get("code") or "") <= 100 or len(line.get("name") or "") > 300:
        raise BadOrder(_("A line of an order names its product by a code of 1 to 100 characters."))
    if not 0 < (line.get("quantity") or 0) <= 10**6:
        raise BadOrder(_("A line's quantity is 1 or more."))
    if not 0 <= (line.get("amount") or 0) <= MAX_AMOUNT or not 0 <= (line.get("tax_rate") or 0) <= 100:
        raise BadOrder(_("The amount must be a whole number that is not negative."))
