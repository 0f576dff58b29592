"""Tellings for tests: what ways in make of what a shop says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from jouren.orders.telling import Telling

NOON = datetime(2025, 4, 1, 3, 0, tzinfo=UTC)
HANA = (("shop", "7"), ("email", "hana@example.jp"))


def line(code: str, amount: int, *, quantity: int = 1, tax_rate: int = 10) -> dict[str, Any]:
    """A line of an order."""
    return {"code": code, "name": code.title(), "quantity": quantity, "amount": amount, "tax_rate": tax_rate}


def told(
    what: str,
    number: str = "1",
    *,
    days: float = 0,
    by: tuple[tuple[str, str], ...] = HANA,
    historical: bool = False,
    **payload: Any,
) -> Telling:
    """What happened to an order (``paid``) or a subscription (``subscription.started``), so many days after noon."""
    kind, _dot, name = what.rpartition(".")
    kind = kind or "order"
    if what in {"placed", "paid", "changed"}:
        payload = {"amount": 3980, "currency": "JPY", "products": ["tea"]} | payload
    return Telling(f"{kind}.{name}", {kind: number, **payload}, NOON + timedelta(days=days), by, historical=historical)


def refunded(number: str = "1", refund: str = "r1", amount: int | None = 1000, **details: Any) -> Telling:
    """A refund, told of without its buyer unless ``by`` says so."""
    return told("refunded", number, refund=refund, amount=amount, **({"currency": "JPY", "by": ()} | details))
