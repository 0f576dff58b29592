"""Orders and subscriptions are kept from their events, so that every source of events brings them."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.events.reactions import Reaction
from jouren.events.types import Event
from jouren.orders.event_types import ORDER_RECOGNISED, ORDER_TYPES, SUBSCRIPTION_TYPES
from jouren.orders.keeping import keep_orders, keep_subscriptions
from jouren.orders.recognising import Unknown, recognise
from jouren.orders.redeeming import give_back, redeem_coupons, take_offers
from jouren.orders.transfers import follow_orders
from jouren.orders.undoing import tell_undone


def fold_orders(events: Sequence[Event]) -> None:
    """Keep what a batch of events makes of orders. Codes may have got their meaning since an order was told of."""
    historical = {(event.source, event.payload["order"]): event.historical for event in events}
    orders = keep_orders(events)
    take_offers(orders, historical)
    give_back(orders, events)
    follow_orders(orders, events)
    tell_undone(orders, events)
    recognise(
        [
            Unknown(each.source, each.number, each.contact_id, each.amount, each.currency, each.products, each.paid_at)
            for each in orders
            if not each.kind and each.paid_at is not None
        ],
        historical,
    )


# Before the order is kept: afterwards the buyer has what the offer is about, and it would be closed to them.
REDEEM_COUPONS = Reaction("orders.redeem", redeem_coupons, frozenset({"order.placed", "order.paid"}), order=5)
KEEP_ORDERS = Reaction(
    "orders.keep",
    fold_orders,
    frozenset(kind.name for kind in (*ORDER_TYPES, ORDER_RECOGNISED)),
    order=10,
    historical=True,
)
KEEP_SUBSCRIPTIONS = Reaction(
    "orders.keep_subscriptions",
    keep_subscriptions,
    frozenset(kind.name for kind in SUBSCRIPTION_TYPES),
    order=10,
    historical=True,
)
