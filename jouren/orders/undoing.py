"""Orders that do not stand any more, whichever of their events made it so: since when, and that it is told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jouren.events.actions import NewEvent, record_events
from jouren.events.types import Event
from jouren.orders.folding import Folded
from jouren.orders.models import OrderState

Key = tuple[str, str]
UNDONE = (OrderState.CANCELLED.value, OrderState.REFUNDED.value)


def undone_among(orders: Sequence[Folded], events: Sequence[Event]) -> dict[Key, datetime]:
    """Those of the orders that do not stand any more, by source and number, and since when: since they were cancelled,
    or else since the last of ``events`` that tells of them.
    """
    last = _last_of(events)
    undone = {(order.source, order.number): order for order in orders if order.state in UNDONE}
    return {key: order.cancelled_at or last[key].occurred_at for key, order in undone.items()}


def _last_of(events: Sequence[Event]) -> dict[Key, Event]:
    return {
        (event.source, event.payload["order"]): event for event in sorted(events, key=lambda each: each.occurred_at)
    }


def tell_undone(orders: Sequence[Folded], events: Sequence[Event]) -> None:
    """Record ``order.undone`` of the orders that ``events`` left cancelled or refunded whole, as of their last."""
    last = _last_of(events)
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
