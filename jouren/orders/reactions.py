"""Orders are kept from their events, so that every source of events brings them."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.events.reactions import Reaction
from jouren.events.types import Event

_sql = load_sql("orders")


def keep_orders(events: Sequence[Event]) -> None:
    """Keep the orders of a batch of ``order.paid`` events and add them to their people's figures."""
    _sql.run(
        "keep_orders",
        {
            "contact_ids": [event.contact_id for event in events],
            "sources": [event.source for event in events],
            "numbers": [event.payload["order"] for event in events],
            "kinds": [event.payload.get("kind") or "" for event in events],
            "amounts": [event.payload["amount"] for event in events],
            "currencies": [event.payload["currency"] for event in events],
            "products": [Jsonb(event.payload.get("products") or []) for event in events],
            "paid_at": [event.occurred_at for event in events],
            "event_ids": [event.id for event in events],
        },
    )


KEEP_ORDERS = Reaction("orders.keep", keep_orders, frozenset({"order.paid"}), order=10, historical=True)
