"""What this room offers to conditions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.conditions.registry import Argument, Fact, FactType, register_fact

_JOIN = "LEFT JOIN orders_purchases bought ON bought.contact_id = c.id"
_COUNT = (
    "CASE %(kind)s::text WHEN 'trial' THEN bought.trials WHEN 'regular' THEN bought.regulars ELSE bought.orders END"
)

FACTS = (
    Fact(
        "orders.count",
        FactType.NUMBER,
        _("Number of purchases"),
        _COUNT,
        _JOIN,
        (Argument("kind", _("trial or regular; empty for both"), is_required=False),),
        default=0,
    ),
    Fact("orders.first_at", FactType.DATETIME, _("First purchase"), "bought.first_at", _JOIN),
    Fact("orders.last_at", FactType.DATETIME, _("Last purchase"), "bought.last_at", _JOIN),
    Fact(
        "orders.total",
        FactType.NUMBER,
        _("Sum of purchases"),
        "SELECT coalesce(sum(o.amount), 0) FROM orders_order o"
        " WHERE o.contact_id = c.id AND o.currency = coalesce(%(currency)s::text, 'JPY')",
        arguments=(Argument("currency", _("currency, JPY when empty"), is_required=False),),
        is_certain=True,
    ),
    Fact(
        "orders.products",
        FactType.SET,
        _("Bought products"),
        "SELECT coalesce(array_agg(DISTINCT product), '{}') FROM orders_order o, unnest(o.products) AS product"
        " WHERE o.contact_id = c.id",
        is_certain=True,
        member_sql="EXISTS (SELECT FROM orders_order o WHERE o.contact_id = c.id"
        " AND o.products && %(members)s::text[])",
    ),
)


def register() -> None:
    """Make this room's facts known."""
    for fact in FACTS:
        register_fact(fact)
