"""What this room offers to conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.catalog.queries import PRODUCTS
from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.registry import Argument, Fact, FactType, Group, Rows, register_fact
from jouren.orders.event_types import SUBSCRIPTION_TYPES
from jouren.orders.models import PURCHASE_KINDS, Order

_JOIN = "LEFT JOIN orders_purchases bought ON bought.contact_id = c.id"
_COUNT = (
    "CASE %(kind)s::text WHEN 'trial' THEN bought.trials WHEN 'regular' THEN bought.regulars ELSE bought.orders END"
)

# Whether an order names a product: by a code of its source, or else by one that counts for all. The last part is looked
# at only where some source has a meaning of its own for one of the product's codes.
_OF_PRODUCT = """{o}.products && ARRAY(
    SELECT meant.code::text FROM catalog_productcode meant WHERE meant.product_id = %(product)s::bigint
) AND (
    NOT EXISTS (
        SELECT FROM catalog_productcode meant JOIN catalog_productcode own ON own.code = meant.code AND own.source <> ''
        WHERE meant.product_id = %(product)s::bigint
    )
    OR EXISTS (
        SELECT FROM unnest({o}.products) AS named (code) WHERE %(product)s::bigint = (
            SELECT meant.product_id FROM catalog_productcode meant
            WHERE meant.code = named.code AND meant.source IN ('', {o}.source)
            ORDER BY meant.source DESC LIMIT 1
        )
    )
)"""

_PAID = frozenset({"order.paid", "order.changed", "order.refunded", "order.cancelled", "order.recognised"})

# What was paid back by then. Most orders have no refunds, and nobody looks for any.
_BACK_THEN = """(CASE WHEN o.refunded = 0 THEN 0 ELSE (
    SELECT coalesce(sum(coalesce(f.amount, o.amount)), 0) FROM orders_refund f
    WHERE f.source = o.source AND f.number = o.number AND (f.currency = o.currency OR f.amount IS NULL)
        AND f.at <= %(now)s::timestamptz
) END)"""
_PAID_THEN = f""" FROM orders_order o WHERE o.contact_id = c.id AND o.paid_at <= %(now)s::timestamptz
    AND o.kind <> 'free' AND (o.cancelled_at IS NULL OR o.cancelled_at > %(now)s::timestamptz)
    AND ({_BACK_THEN} = 0 OR {_BACK_THEN} < o.amount)"""
_OF_KIND = " AND (coalesce(%(kind)s::text, '') NOT IN ('trial', 'regular') OR o.kind = %(kind)s::text)"
_SUBSCRIBED = frozenset(kind.name for kind in SUBSCRIPTION_TYPES)


def _counted_rows(given: Mapping[str, Any]) -> Rows | None:
    """The orders of one product; all orders are in a person's figures."""
    if given["product"] is None:
        return None
    kind = " AND r.kind = %(kind)s::text" if given["kind"] in dict(PURCHASE_KINDS) else ""
    return Rows("orders_order r", "r.is_counted AND " + _OF_PRODUCT.format(o="r") + kind)


FACTS = (
    Fact(
        "orders.count",
        FactType.NUMBER,
        _("Number of purchases"),
        _COUNT,
        _JOIN,
        (
            Argument("kind", _("kind"), is_required=False, choices="order_kinds", empty=_("any purchase")),
            Argument(
                "product",
                _("product"),
                FactType.NUMBER,
                is_required=False,
                most=2**63 - 1,
                choices=PRODUCTS,
                empty=_("any product"),
            ),
        ),
        default=0,
        rows=_counted_rows,
        changed_by=_PAID,
        past_sql="SELECT count(*)"
        + _PAID_THEN
        + _OF_KIND
        + f" AND (%(product)s::bigint IS NULL OR {_OF_PRODUCT.format(o='o')})",
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
        "orders.delivered_at",
        FactType.DATETIME,
        _("Last delivery of an order"),
        "{j}.delivered_at",
        "LEFT JOIN (SELECT contact_id, max(delivered_at) AS delivered_at FROM orders_order"
        " WHERE delivered_at IS NOT NULL AND cancelled_at IS NULL GROUP BY contact_id) AS {j} ON {j}.contact_id = c.id",
        batch_sql="SELECT max(o.delivered_at) FROM orders_order o WHERE o.contact_id = c.id AND o.cancelled_at IS NULL",
        changed_by=frozenset({"order.delivered", "order.cancelled"}),
        past_sql="SELECT max(o.delivered_at) FROM orders_order o WHERE o.contact_id = c.id"
        " AND o.delivered_at <= %(now)s::timestamptz"
        " AND (o.cancelled_at IS NULL OR o.cancelled_at > %(now)s::timestamptz)",
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
            "r.is_counted AND r.currency = coalesce(%(currency)s::text, 'JPY')",
            total="coalesce(sum(r.amount - r.refunded), 0)",
        ),
        changed_by=_PAID,
        past_sql=f"SELECT coalesce(sum(o.amount - {_BACK_THEN}), 0)"
        + _PAID_THEN
        + " AND o.currency = coalesce(%(currency)s::text, 'JPY')",
        group=Group.ORDERS,
    ),
    Fact(
        "orders.products",
        FactType.SET,
        _("Bought products"),
        rows=Rows(
            "orders_order r", "r.is_counted AND r.products <> '{}'", has_member="r.products && %(members)s::text[]"
        ),
        batch_sql="SELECT coalesce(array_agg(DISTINCT product), '{}') FROM orders_order o,"
        " unnest(o.products) AS product WHERE o.contact_id = c.id AND o.is_counted",
        changed_by=_PAID,
        past_sql="SELECT coalesce(array_agg(DISTINCT product), '{}')"
        + _PAID_THEN.replace("orders_order o", "orders_order o, unnest(o.products) AS product"),
        group=Group.ORDERS,
        choices="products",
    ),
    Fact(
        "subscriptions.active",
        FactType.BOOLEAN,
        _("Has an active subscription"),
        rows=Rows("orders_subscription r", "r.state = 'active'"),
        changed_by=_SUBSCRIBED,
        group=Group.ORDERS,
    ),
    Fact(
        "subscriptions.next_on",
        FactType.DATE,
        _("Next delivery of a subscription"),
        "{j}.next_on",
        "LEFT JOIN (SELECT contact_id, min(next_on) AS next_on FROM orders_subscription WHERE next_on IS NOT NULL"
        " GROUP BY contact_id) AS {j} ON {j}.contact_id = c.id",
        batch_sql="SELECT min(s.next_on) FROM orders_subscription s WHERE s.contact_id = c.id",
        changed_by=_SUBSCRIBED,
        group=Group.ORDERS,
    ),
    Fact(
        "subscriptions.cancel_reasons",
        FactType.SET,
        _("Reasons for cancelling a subscription"),
        rows=Rows(
            "orders_subscription r",
            "r.state = 'cancelled' AND r.reason <> ''",
            column="r.reason",
            has_member="r.reason = ANY(%(members)s::text[])",
        ),
        changed_by=_SUBSCRIBED,
        group=Group.ORDERS,
    ),
)

_NEWEST = 2_000
_MOST_OFFERED = 200


def _products() -> list[Choice]:
    """What was bought lately."""
    newest = (
        Order.objects.exclude(paid_at=None).order_by("-paid_at", "-id").values_list("products", flat=True)[:_NEWEST]
    )
    names = dict.fromkeys(name for products in newest for name in products)
    return [(name, name) for name in list(names)[:_MOST_OFFERED]]


def register() -> None:
    """Make this room's facts known, and the lists of values that they are asked with."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("order_kinds", lambda: list(PURCHASE_KINDS))
    register_choices("currencies", lambda: [("JPY", "JPY"), ("USD", "USD"), ("EUR", "EUR")], is_open=True)
    register_choices("products", _products, is_open=True)
