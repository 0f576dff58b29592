"""What this room offers to conditions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.registry import Argument, Fact, FactType, Group, Rows, register_fact
from jouren.orders.models import Order, OrderKind

_JOIN = "LEFT JOIN orders_purchases bought ON bought.contact_id = c.id"
_COUNT = (
    "CASE %(kind)s::text WHEN 'trial' THEN bought.trials WHEN 'regular' THEN bought.regulars ELSE bought.orders END"
)

_PAID = frozenset({"order.paid"})

_PAID_THEN = " FROM orders_order o WHERE o.contact_id = c.id AND o.paid_at <= %(now)s::timestamptz"
_OF_KIND = " AND (coalesce(%(kind)s::text, '') NOT IN ('trial', 'regular') OR o.kind = %(kind)s::text)"

FACTS = (
    Fact(
        "orders.count",
        FactType.NUMBER,
        _("Number of purchases"),
        _COUNT,
        _JOIN,
        (Argument("kind", _("kind"), is_required=False, choices="order_kinds", empty=_("any purchase")),),
        default=0,
        changed_by=_PAID,
        past_sql="SELECT count(*)" + _PAID_THEN + _OF_KIND,
        group=Group.ORDERS,
    ),
    Fact(
        "orders.first_at",
        FactType.DATETIME,
        _("First purchase"),
        "bought.first_at",
        _JOIN,
        changed_by=_PAID,
        past_sql="SELECT min(o.paid_at)" + _PAID_THEN,
        group=Group.ORDERS,
    ),
    Fact(
        "orders.last_at",
        FactType.DATETIME,
        _("Last purchase"),
        "bought.last_at",
        _JOIN,
        changed_by=_PAID,
        past_sql="SELECT max(o.paid_at)" + _PAID_THEN,
        group=Group.ORDERS,
    ),
    Fact(
        "orders.total",
        FactType.NUMBER,
        _("Sum of purchases"),
        arguments=(
            Argument("currency", _("currency"), is_required=False, choices="currencies", empty=_("yen, tax included")),
        ),
        rows=Rows(
            "orders_order r",
            "r.currency = coalesce(%(currency)s::text, 'JPY')",
            total="coalesce(sum(r.amount), 0)",
        ),
        changed_by=_PAID,
        past_sql="SELECT coalesce(sum(o.amount), 0)"
        + _PAID_THEN
        + " AND o.currency = coalesce(%(currency)s::text, 'JPY')",
        group=Group.ORDERS,
    ),
    Fact(
        "orders.products",
        FactType.SET,
        _("Bought products"),
        rows=Rows("orders_order r", "r.products <> '{}'", has_member="r.products && %(members)s::text[]"),
        batch_sql="SELECT coalesce(array_agg(DISTINCT product), '{}') FROM orders_order o,"
        " unnest(o.products) AS product WHERE o.contact_id = c.id",
        changed_by=_PAID,
        past_sql="SELECT coalesce(array_agg(DISTINCT product), '{}')"
        + _PAID_THEN.replace("orders_order o", "orders_order o, unnest(o.products) AS product"),
        group=Group.ORDERS,
        choices="products",
    ),
)

_NEWEST = 2_000
_MOST_OFFERED = 200


def _products() -> list[Choice]:
    """What was bought lately."""
    newest = Order.objects.order_by("-paid_at", "-id").values_list("products", flat=True)[:_NEWEST]
    names = dict.fromkeys(name for products in newest for name in products)
    return [(name, name) for name in list(names)[:_MOST_OFFERED]]


def register() -> None:
    """Make this room's facts known, and the lists of values that they are asked with."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("order_kinds", lambda: list(OrderKind.choices))
    register_choices("currencies", lambda: [("JPY", "JPY"), ("USD", "USD"), ("EUR", "EUR")], is_open=True)
    register_choices("products", _products, is_open=True)
