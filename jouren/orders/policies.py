"""Pure rules of orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from jouren.catalog.vocabulary import Role
from jouren.orders.errors import BadOrder
from jouren.orders.models import OrderKind

MAX_NUMBER_LENGTH = 100
MAX_AMOUNT = 10**12
MAX_PRODUCTS = 100
MAX_COUPONS = 20
MAX_REASON_LENGTH = 1_000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=1)  # clocks differ

_SHORT = ("coupon", "subscription", "reference")
# Asked a million times in an import: an enumeration makes the list of its values anew each time.
_KINDS = frozenset({None, "", *OrderKind.values})
_LINE_FIELDS: Mapping[str, type] = {"code": str, "name": str, "quantity": int, "amount": int, "tax_rate": int}


def check_order(payload: Mapping[str, Any]) -> None:
    """Refuse an order that could not be kept, whoever tells of it; its fields have their types already.

    Raises:
        BadOrder: a detail cannot be kept.
    """
    products, lines = payload.get("products") or [], payload.get("lines") or []
    _check_number(payload["order"])
    _check_money(payload["amount"], payload["currency"])
    if payload.get("kind") not in _KINDS:
        raise BadOrder(_("The kind of an order is trial or regular."))
    if payload.get("kind") == OrderKind.FREE and payload["amount"]:
        raise BadOrder(_("What costs something is no free gift."))
    if any(len(payload.get(name) or "") > MAX_NUMBER_LENGTH for name in _SHORT):
        message = _("A coupon, a subscription and a reference have at most %(limit)s characters.")
        raise BadOrder(message % {"limit": MAX_NUMBER_LENGTH})
    coupons = payload.get("coupons") or []
    if len(coupons) > MAX_COUPONS or not all(0 < len(each) <= MAX_NUMBER_LENGTH for each in coupons):
        message = _("An order names at most %(most)s coupons, each of 1 to %(limit)s characters.")
        raise BadOrder(message % {"most": MAX_COUPONS, "limit": MAX_NUMBER_LENGTH})
    if len(name := payload.get("name") or "") > MAX_NUMBER_LENGTH or not name.isprintable():
        raise BadOrder(_("An order's name has at most %(limit)s characters.") % {"limit": MAX_NUMBER_LENGTH})
    for part in ("shipping", "discount"):
        if not 0 <= (payload.get(part) or 0) <= MAX_AMOUNT:
            raise BadOrder(_("The amount must be a whole number that is not negative."))
    if len(products) > MAX_PRODUCTS or not all(0 < len(each) <= 100 and each.isprintable() for each in products):
        raise BadOrder(_("Products are at most 100 keys of 1 to 100 characters."))
    if len(lines) > MAX_PRODUCTS:
        raise BadOrder(_("An order has at most %(limit)s lines.") % {"limit": MAX_PRODUCTS})
    for line in lines:
        _check_line(line)


def check_told_of(payload: Mapping[str, Any]) -> None:
    """Refuse what names its order badly, or gives too long a reason. Raises BadOrder."""
    _check_number(payload["order"])
    _check_reason(payload)


def check_moment(at: datetime, now: datetime) -> None:
    """Refuse when nothing can have happened: before 1990, in the future, or in no zone. Raises BadOrder."""
    if at.tzinfo is None:
        raise BadOrder(_("The time of an order needs a time zone, like 2026-11-22T09:30:00+09:00."))
    if at < EARLIEST:
        raise BadOrder(_("The time of an order must lie after 1990."))
    if at > now + LATEST_AHEAD:
        raise BadOrder(_("The time of an order lies in the future."))


def found_kind(given: str, roles: Sequence[str | None], amount: int) -> str:
    """The kind of an order: as given, or as the roles of its products say. None stands for a code that means nothing.

    A main product, a subscription or the finest make a regular purchase; trials and the front end alone a trial; front
    end for nothing a gift. Where an unknown code could make another kind of it, it is not known: an empty text.
    """
    if amount == 0 and roles and all(role == Role.FRONT_END for role in roles):
        return OrderKind.FREE.value
    if given:
        return given
    if any(role in {Role.MAIN, Role.SUBSCRIPTION, Role.BACK_END} for role in roles):
        return OrderKind.REGULAR.value
    if roles and all(role in {Role.TRIAL, Role.FRONT_END} for role in roles):
        return OrderKind.TRIAL.value
    return ""


def codes_of(payload: Mapping[str, Any]) -> list[str]:
    """The codes of the products that an order names, each once: as listed, or else those of its lines."""
    named = payload.get("products") or [line["code"] for line in payload.get("lines") or []]
    return list(dict.fromkeys(named))


def check_refund(payload: Mapping[str, Any]) -> None:
    """Refuse a refund that could not be kept. Raises BadOrder."""
    _check_number(payload["order"])
    _check_number(payload["refund"])
    if payload.get("amount") is not None:
        _check_money(payload["amount"], payload.get("currency") or "")
    _check_reason(payload)
    for line in payload.get("lines") or []:
        _check_line(line)


def check_subscription(payload: Mapping[str, Any]) -> None:
    """Refuse what could not be kept of a subscription. Raises BadOrder."""
    _check_number(payload["subscription"])
    if "delivery" in payload:
        _check_number(payload["delivery"])
    _check_reason(payload)
    if "product" in payload and not 0 < len(payload["product"]) <= 100:
        raise BadOrder(_("A subscription names its product by a code of 1 to 100 characters."))
    if payload.get("amount") is not None or payload.get("currency"):
        _check_money(payload.get("amount") or 0, payload.get("currency") or "")
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


def _check_reason(payload: Mapping[str, Any]) -> None:
    if len(payload.get("reason") or "") > MAX_REASON_LENGTH:
        raise BadOrder(_("A reason has at most %(limit)s characters.") % {"limit": MAX_REASON_LENGTH})


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
