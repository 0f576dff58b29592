"""What can happen to an order."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from jouren.catalog.queries import names_of_codes
from jouren.contacts.timeline import register_names, register_value_label
from jouren.events.types import EventType, Records, register_event_type
from jouren.orders.models import OrderKind
from jouren.orders.policies import check_order, check_refund, check_subscription, check_told_of

# What an order is: told when it is placed, when it is paid and when it is changed; the latest counts.
# ``amount`` is all that is paid, tax included, with ``shipping`` and after ``discount``, in the currency's smallest
# unit. ``products`` are the codes of its lines. ``lines``: {"code", "name", "quantity", "amount", "tax_rate"}, where
# amount is of the whole line, tax included, after its discounts. ``tax``: {"8": "72"}, by rate as the shop reckoned it;
# under "" what it told of all rates together.
# ``coupons``: the codes, where the buyer used several; ``coupon`` is the first of them.
# ``kind`` "" or missing: found from the products' roles. ``reference``: what {reference} became in an offer's address.
# ``name``: what the shop calls it when it speaks to the buyer, such as #1001; missing: by its number.
_ORDER_FIELDS: Mapping[str, type] = {
    "order": str,
    "kind": str,
    "amount": int,
    "currency": str,
    "products": list,
    "lines": Records,
    "tax": dict,
    "shipping": int,
    "discount": int,
    "coupon": str,
    "coupons": list,
    "subscription": str,
    "reference": str,
    "name": str,
}
_ORDER_OPTIONAL = frozenset(_ORDER_FIELDS.keys() - {"order", "amount", "currency"})

ORDER_PLACED = EventType(
    "order.placed",
    _("Order placed"),
    _ORDER_FIELDS,
    optional=_ORDER_OPTIONAL,
    rule=check_order,
    identity=("order",),
    sentence=_("Ordered for %(amount)s %(currency)s: order %(order)s. %(products)s"),
)
ORDER_PAID = EventType(
    "order.paid",
    _("Purchase"),
    _ORDER_FIELDS,
    optional=_ORDER_OPTIONAL,
    rule=check_order,
    identity=("order",),
    sentence=_("Bought (%(kind)s) for %(amount)s %(currency)s: order %(order)s. %(products)s"),
)
ORDER_CHANGED = EventType(
    "order.changed",
    _("Order changed"),
    _ORDER_FIELDS,
    optional=_ORDER_OPTIONAL,
    rule=check_order,
    sentence=_("The order %(order)s was changed: now %(amount)s %(currency)s. %(products)s"),
)
ORDER_SHIPPED = EventType(
    "order.shipped",
    _("Order shipped"),
    {"order": str, "shipment": str},
    optional=frozenset({"shipment"}),
    rule=check_told_of,
    identity=("order",),
    sentence=_("The order %(order)s was shipped."),
)
ORDER_DELIVERED = EventType(
    "order.delivered",
    _("Order delivered"),
    {"order": str},
    rule=check_told_of,
    identity=("order",),
    sentence=_("The order %(order)s was delivered."),
)
# ``amount`` is what this refund gives back, of the whole order or of a part; missing: all, whatever the order turns out
# to cost. ``refund`` is its number at the shop.
ORDER_REFUNDED = EventType(
    "order.refunded",
    _("Refund"),
    {"order": str, "refund": str, "amount": int, "currency": str, "lines": Records, "reason": str},
    optional=frozenset({"amount", "currency", "lines", "reason"}),
    personal=frozenset({"reason"}),
    rule=check_refund,
    identity=("order", "refund"),
    sentence=_("Money was paid back for the order %(order)s. %(amount)s %(currency)s"),
)
ORDER_CANCELLED = EventType(
    "order.cancelled",
    _("Order cancelled"),
    {"order": str, "reason": str},
    optional=frozenset({"reason"}),
    personal=frozenset({"reason"}),
    rule=check_told_of,
    identity=("order",),
    sentence=_("The order %(order)s was cancelled. %(reason)s"),
)
# What an order was, whose codes meant no product when it was paid: told once they do, as of the payment. To the rules
# of the pyramid about purchases of a kind it is that purchase. Recorded by this room alone.
ORDER_RECOGNISED = EventType(
    "order.recognised",
    _("Purchase recognised"),
    {"order": str, "kind": str, "amount": int, "currency": str, "products": list},
    identity=("order",),
    sentence=_("The products of the order %(order)s became known (%(kind)s): %(amount)s %(currency)s. %(products)s"),
)

# A sale that does not stand any more: cancelled, or paid back whole (of several refunds, told by the one that makes it
# whole). Recorded by this room alone, once an order.
ORDER_UNDONE = EventType(
    "order.undone",
    _("Order cancelled, or refunded in full"),
    {"order": str, "products": list, "how": str},
    identity=("order",),
    sentence=_("The order %(order)s does not stand any more: %(how)s. %(products)s"),
)

# 定期. ``product`` is a code as in orders; ``next_on`` the day of the next delivery, as 2026-12-24.
SUBSCRIPTION_STARTED = EventType(
    "subscription.started",
    _("Subscription started"),
    {"subscription": str, "product": str, "every_days": int, "amount": int, "currency": str, "next_on": str},
    optional=frozenset({"every_days", "amount", "currency", "next_on"}),
    rule=check_subscription,
    identity=("subscription",),
    sentence=_("Began the subscription %(subscription)s: %(product)s"),
)
# A renewal is the order it brought, or the date it was due: the same one counts once.
SUBSCRIPTION_RENEWED = EventType(
    "subscription.renewed",
    _("Subscription renewed"),
    {"subscription": str, "delivery": str, "order": str, "next_on": str},
    optional=frozenset({"order", "next_on"}),
    rule=check_subscription,
    identity=("subscription", "delivery"),
    sentence=_("The subscription %(subscription)s was renewed."),
)
SUBSCRIPTION_SKIPPED = EventType(
    "subscription.skipped",
    _("Subscription: a delivery skipped"),
    {"subscription": str, "delivery": str, "next_on": str},
    optional=frozenset({"next_on"}),
    rule=check_subscription,
    identity=("subscription", "delivery"),
    sentence=_("Skipped a delivery of the subscription %(subscription)s."),
)
SUBSCRIPTION_PAUSED = EventType(
    "subscription.paused",
    _("Subscription paused"),
    {"subscription": str, "until": str},
    optional=frozenset({"until"}),
    rule=check_subscription,
    sentence=_("Paused the subscription %(subscription)s."),
)
SUBSCRIPTION_RESUMED = EventType(
    "subscription.resumed",
    _("Subscription resumed"),
    {"subscription": str, "next_on": str},
    optional=frozenset({"next_on"}),
    rule=check_subscription,
    sentence=_("Resumed the subscription %(subscription)s."),
)
SUBSCRIPTION_CANCELLED = EventType(
    "subscription.cancelled",
    _("Subscription cancelled"),
    {"subscription": str, "reason": str},
    optional=frozenset({"reason"}),
    personal=frozenset({"reason"}),
    rule=check_subscription,
    identity=("subscription",),
    sentence=_("Cancelled the subscription %(subscription)s. %(reason)s"),
)

# Told by the shop's page or software, through the interface for events.
CART_LEFT = EventType(
    "cart.left",
    _("Left a cart without buying"),
    {"cart": str, "products": list, "amount": int, "currency": str},
    optional=frozenset({"cart", "products", "amount", "currency"}),
    sentence=_("Left a cart without buying. %(products)s"),
)
SEMINAR_ATTENDED = EventType(
    "seminar.attended",
    _("Attended a seminar"),
    {"seminar": str},
    sentence=_("Attended the seminar “%(seminar)s”"),
)


def _kind(value: str) -> str:
    if not value:
        return gettext("kind not known yet")
    return str(OrderKind(value).label) if value in OrderKind.values else value


def _how(value: str) -> str:
    return pgettext("an order", "cancelled") if value == "cancelled" else gettext("refunded in full")


def _amount(value: int) -> str:
    return f"{value:,}"


def _currency(value: str) -> str:
    return gettext("yen, tax included") if value == "JPY" else value


ORDER_TYPES = (
    ORDER_PLACED,
    ORDER_PAID,
    ORDER_CHANGED,
    ORDER_SHIPPED,
    ORDER_DELIVERED,
    ORDER_REFUNDED,
    ORDER_CANCELLED,
)
SUBSCRIPTION_TYPES = (
    SUBSCRIPTION_STARTED,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_SKIPPED,
    SUBSCRIPTION_PAUSED,
    SUBSCRIPTION_RESUMED,
    SUBSCRIPTION_CANCELLED,
)


def register() -> None:
    """Make this room's event types known."""
    for event_type in (*ORDER_TYPES, ORDER_RECOGNISED, ORDER_UNDONE, *SUBSCRIPTION_TYPES, CART_LEFT, SEMINAR_ATTENDED):
        register_event_type(event_type)
    for event_type in (ORDER_PLACED, ORDER_PAID, ORDER_CHANGED, ORDER_RECOGNISED, ORDER_REFUNDED):
        register_value_label(event_type.name, "amount", _amount)
        register_value_label(event_type.name, "currency", _currency)
    for event_type in (ORDER_PLACED, ORDER_PAID, ORDER_CHANGED, ORDER_RECOGNISED):
        register_value_label(event_type.name, "kind", _kind)
    for event_type in (ORDER_PLACED, ORDER_PAID, ORDER_CHANGED, ORDER_RECOGNISED, ORDER_UNDONE):
        register_names(event_type.name, "products", names_of_codes)
    register_value_label(ORDER_UNDONE.name, "how", _how)
