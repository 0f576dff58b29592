"""What can happen to an order."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type
from jouren.orders.models import OrderKind
from jouren.orders.policies import check_order

ORDER_PAID = EventType(
    "order.paid",
    _("Purchase"),
    {"order": str, "kind": str, "amount": int, "currency": str, "products": list},
    optional=frozenset({"products"}),
    rule=check_order,
    identity=("order",),
    sentence=_("Bought (%(kind)s) for %(amount)s %(currency)s: order %(order)s. %(products)s"),
)

# Told by the shop's page or software, through the interface for events.
ORDER_DELIVERED = EventType(
    "order.delivered",
    _("Order delivered"),
    {"order": str},
    identity=("order",),
    sentence=_("The order %(order)s was delivered."),
)
CART_LEFT = EventType(
    "cart.left",
    _("Left a cart without buying"),
    {"cart": str, "products": list, "amount": int, "currency": str},
    optional=frozenset({"cart", "products", "amount", "currency"}),
    sentence=_("Left a cart without buying. %(products)s"),
)


def _kind(value: str) -> str:
    return str(OrderKind(value).label) if value in OrderKind.values else value


def _amount(value: int) -> str:
    return f"{value:,}"


def _currency(value: str) -> str:
    return gettext("yen, tax included") if value == "JPY" else value


def register() -> None:
    """Make this room's event types known."""
    for event_type in (ORDER_PAID, ORDER_DELIVERED, CART_LEFT):
        register_event_type(event_type)
    register_value_label("order.paid", "kind", _kind)
    register_value_label("order.paid", "amount", _amount)
    register_value_label("order.paid", "currency", _currency)
