"""Orders of unknown codes are read again once their codes mean products: that tells of what kind they were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from jouren.catalog.queries import roles_of_codes
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events
from jouren.orders.policies import found_kind

_sql = load_sql("orders")
AT_ONCE = 500


class Unknown(NamedTuple):
    """A paid order of no known kind."""

    source: str
    number: str
    contact_id: int
    amount: int
    currency: str
    products: Sequence[str]
    paid_at: datetime


def recognise(orders: Sequence[Unknown], historical: Mapping[tuple[str, str], bool]) -> int:
    """Record ``order.recognised``, once, of the orders whose codes say now of what kind they were. Returns how many.

    ``historical``: whose payment was imported as history, by source and number.
    """
    by_source: dict[str, list[Unknown]] = defaultdict(list)
    for order in orders:
        if order.products:
            by_source[order.source].append(order)
    events = []
    for source, theirs in sorted(by_source.items()):
        roles = roles_of_codes(source, {code for order in theirs for code in order.products})
        for order in theirs if roles else ():
            if kind := found_kind("", [roles.get(code) for code in order.products], order.amount):
                payload = {
                    "order": order.number,
                    "kind": kind,
                    "amount": order.amount,
                    "currency": order.currency,
                    "products": list(order.products),
                }
                is_old = historical.get((source, order.number), False)
                events.append(
                    NewEvent("order.recognised", order.contact_id, payload, order.paid_at, source, historical=is_old)
                )
    return sum(1 for event_id in record_events(events) if event_id is not None)


def recognise_all() -> int:
    """Read all paid orders of no known kind again, part by part. Returns how many were recognised."""
    found, after = 0, 0
    while True:
        with transaction.atomic():
            rows = _sql.all("unknown_kinds", {"after": after, "limit": AT_ONCE})
            if not rows:
                return found
            after = rows[-1][0]
            paid = {"event_ids": [row[8] for row in rows], "paid_at": [row[7] for row in rows]}
            old = {row[0] for row in _sql.all("paid_in_history", paid | {"contact_ids": [row[3] for row in rows]})}
            found += recognise([Unknown(*row[1:8]) for row in rows], {(row[1], row[2]): row[8] in old for row in rows})
