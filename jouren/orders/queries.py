"""What reads orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db.models import QuerySet

from jouren.contacts.queries import canonical_id
from jouren.core.sql import load_sql
from jouren.orders.models import Order

_sql = load_sql("orders")


class UnmappedCode(NamedTuple):
    """A code of orders that means no product. ``orders``: in how many it stood; the last was ``example``."""

    code: str
    sources: list[str]
    orders: int
    last_at: datetime
    example_source: str
    example: str


class Sold(NamedTuple):
    """In how many orders a product stood under its codes; ``last_at``: when the last of them was paid."""

    orders: int
    last_at: datetime


def orders_of(contact_id: int) -> QuerySet[Order]:
    """A person's orders, the latest first."""
    return Order.objects.filter(contact_id=canonical_id(contact_id)).order_by("-paid_at", "-id")


def unmapped_codes(limit: int) -> list[UnmappedCode]:
    """The codes that orders named and that mean no product, the most frequent first."""
    return [UnmappedCode(*row) for row in _sql.all("unmapped_codes", {"limit": limit})]


def count_unmapped_codes() -> int:
    """How many of them there are."""
    row = _sql.one("count_unmapped_codes")
    return int(row[0]) if row else 0


def sold_by_product() -> dict[int, Sold]:
    """What was sold of each product so far, by its id; those that no order named are left out.

    An order that has two codes of one product counts twice.
    """
    return {row[0]: Sold(*row[1:]) for row in _sql.all("sold")}


def buyers_since(product_id: int, since: Mapping[int, datetime]) -> list[int]:
    """Of people, each with a moment, those who have paid for the product at or after theirs."""
    asked = {"contact_ids": list(since), "moments": list(since.values()), "product_id": product_id}
    return [row[0] for row in _sql.all("bought_since", asked)]
