"""Tells, once, that an order does not stand any more, whichever of its events made it so."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.events.actions import NewEvent, record_events
from jouren.events.types import Event
from jouren.orders.folding import Folded
from jouren.orders.redeeming import UNDONE


def tell_undone(orders: Sequence[Folded], events: Sequence[Event]) -> None:
    """Record ``order.undone`` of the orders that ``events`` left cancelled or refunded whole, as of their last."""
    last = {}
    for event in sorted(events, key=lambda each: each.occurred_at):
        last[event.source, event.payload["order"]] = event
    undone = [(order, last[order.source, order.number]) for order in orders if order.state in UNDONE]
    if undone:
        record_events(
            [
                NewEvent(
                    "order.undone",
                    order.contact_id,
                    {"order": order.number, "products": list(order.products), "how": str(order.state)},
                    event.occurred_at,
                    order.source,
                    historical=event.historical,
                )
                for order, event in undone
            ]
        )
