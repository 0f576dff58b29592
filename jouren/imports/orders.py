"""The rows of one order → what is told of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from jouren.core.money import DEFAULT_CURRENCY
from jouren.imports.errors import BadRow
from jouren.imports.fields import FIELDS, Kind
from jouren.imports.mapping import Said
from jouren.imports.values import CANCELLED, PAID, REFUNDED, SHIPPED, UNPAID
from jouren.orders.policies import MAX_PRODUCTS
from jouren.orders.telling import Telling

NAME_PARTS = ("family_name", "given_name", "family_kana", "given_kana")
_OF_ORDER = tuple(name for name, field in FIELDS[Kind.ORDERS].items() if not field.is_of_line)
# Where two rows of an order disagree on these, it cannot be said which is right.
_ONCE = frozenset({"email", "shop_id", "amount", "currency", "order_id", "placed_at"})
_REFUND = "import"


def tellings_of(rows: Sequence[tuple[int, Said]], *, has_payment_dates: bool) -> list[Telling]:
    """What the rows (line, what it says) of one order tell, as history. The first says whose it is.

    ``has_payment_dates``: the file has a column of them, so that an order without one is not paid, unless its state
    says that it is. Without such a column, and without a state, an order is paid when it was placed.

    Raises:
        BadRow: they contradict each other, or something needed is missing.
    """
    said = _of_order(rows)
    identities = identities_of(said)
    if not identities:
        raise BadRow(_("Neither a mail address nor a customer number says whose it is."))
    number = said.get("order_id") or said["number"]
    placed_at = next(
        (said[name] for name in ("placed_at", "paid_at", "shipped_at", "cancelled_at") if name in said), None
    )
    if placed_at is None:
        raise BadRow(_("It has no date."))
    payload = _payload(number, said, rows)
    paid_at = _paid_at(said, placed_at, has_payment_dates=has_payment_dates)
    told: list[tuple[str, int, Mapping[str, Any]]] = []
    if paid_at is None or ("placed_at" in said and placed_at != paid_at):
        told.append(("order.placed", placed_at, payload))
    if paid_at is not None:
        told.append(("order.paid", paid_at, payload))
    if "shipped_at" in said:
        told.append(("order.shipped", said["shipped_at"], {"order": number}))
    if _is(CANCELLED, said) or "cancelled_at" in said:
        told.append(("order.cancelled", said.get("cancelled_at", paid_at or placed_at), {"order": number}))
    if refunded := _refunded(said, payload["amount"], paid_at):
        at = max(said.get("cancelled_at", 0), paid_at or placed_at)
        details = {"refund": _REFUND, "amount": refunded, "currency": payload["currency"]}
        told.append(("order.refunded", at, {"order": number, **details}))
    names = {name: said[name] for name in NAME_PARTS if said.get(name)}
    return [
        Telling(type, details, datetime.fromtimestamp(at, UTC), identities, historical=True, names=names)
        for type, at, details in told
    ]


def identities_of(said: Said) -> tuple[tuple[str, str], ...]:
    """By what somebody is known: the shop's own number first, as connected shops tell it."""
    return tuple((kind, said[name]) for kind, name in (("shop", "shop_id"), ("email", "email")) if name in said)


def _of_order(rows: Sequence[tuple[int, Said]]) -> Said:
    if len(rows) == 1:
        return rows[0][1]
    merged: Said = {}
    lines: dict[str, int] = {}
    for line, said in rows:
        for name in _OF_ORDER:
            value = said.get(name)
            if value is None or value == "":
                continue
            if name not in merged:
                merged[name], lines[name] = value, line
            elif name in _ONCE and merged[name] != value:
                text = _("The rows of this order contradict each other: %(field)s, lines %(one)s and %(other)s.")
                label = FIELDS[Kind.ORDERS][name].label
                raise BadRow(text % {"field": label, "one": lines[name], "other": line})
    return merged


def _payload(number: str, said: Said, rows: Sequence[tuple[int, Said]]) -> dict[str, Any]:
    lines = [line for _at, each in rows if (line := _line(each)) is not None]
    if len(lines) > MAX_PRODUCTS:
        raise BadRow(_("It has more than %(most)s lines.") % {"most": MAX_PRODUCTS})
    shipping = said.get("shipping", _sum(each.get("line_shipping") for _at, each in rows))
    if off_shipping := _sum(each.get("line_shipping_discount") for _at, each in rows):
        shipping = max((shipping or 0) - off_shipping, 0)
    discount = said.get("discount", _sum(each.get("line_discount") for _at, each in rows))
    amount = said.get("amount")
    if amount is None:
        amounts = [_amount(each) for _at, each in rows]
        if all(each is None for each in amounts):
            raise BadRow(_("It has no amount."))
        amount = max(sum(each or 0 for each in amounts) + (shipping or 0) - (discount or 0), 0)
    payload = {
        "order": number,
        "amount": amount,
        "currency": said.get("currency", DEFAULT_CURRENCY),
        "lines": lines,
        "shipping": shipping,
        "discount": discount,
        "tax": _tax(said, lines),
        "coupon": said.get("coupon", "")[:100],
        # Where the shop's inner number counts, the other is the one that the buyer knows.
        "name": said["number"] if said["number"] != number else "",
    }
    return {name: value for name, value in payload.items() if value not in (None, "", [], {})}


def _line(said: Said) -> dict[str, Any] | None:
    code = said.get("line_code") or said.get("line_name")
    quantity = said.get("quantity", 1)
    if not code or not quantity:
        return None
    line: dict[str, Any] = {
        "code": " ".join(code.split())[:100],
        "name": said.get("line_name", "")[:300],
        "quantity": quantity,
    }
    if (amount := _amount(said)) is not None:
        line["amount"] = amount
    if (rate := said.get("line_tax_rate")) is not None:
        line["tax_rate"] = rate
    return line


def _tax(said: Said, lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The tax as the shop reckoned it, under the rate that all lines have, or else under ``""``: of all rates."""
    if "tax" not in said:
        return {}
    rates = {line.get("tax_rate") for line in lines}
    rate = rates.pop() if len(rates) == 1 else None
    return {"" if rate is None else str(rate): str(said["tax"])}


def _amount(said: Said) -> int | None:
    amount: int | None = said.get("line_amount")
    if amount is None and "unit_price" in said:
        amount = said["unit_price"] * said.get("quantity", 1)
    return amount


def _sum(amounts: Iterable[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _is(state: str, said: Said) -> bool:
    return said.get("status") == state or said.get("payment_status") == state


def _paid_at(said: Said, placed_at: int, *, has_payment_dates: bool) -> int | None:
    if "paid_at" in said:
        return int(said["paid_at"])
    if _is(UNPAID, said):
        return None
    if _is(PAID, said) or _is(SHIPPED, said) or _is(REFUNDED, said):
        return placed_at
    if has_payment_dates or _is(CANCELLED, said) or "cancelled_at" in said:
        return None
    return placed_at


def _refunded(said: Said, amount: int, paid_at: int | None) -> int:
    if "refunded" in said:
        return int(said["refunded"])
    return amount if _is(REFUNDED, said) and paid_at is not None else 0
