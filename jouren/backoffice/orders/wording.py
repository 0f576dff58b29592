"""What the screens say of orders: lines with the products that their codes mean, sums, tax by rate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from jouren.catalog.eligibility import Reason
from jouren.catalog.policies import included_taxes
from jouren.catalog.queries import products_of_codes
from jouren.core.money import money_text
from jouren.core.wording import listed
from jouren.orders.models import Line, Order, Refund, Remark, Subscription
from jouren.orders.redeeming import REFERENCE

_SOURCES = {
    "hand": gettext_lazy("Entered by hand"),
    "shop": gettext_lazy("Your shop"),
    "demo": pgettext_lazy("source of orders", "Demo"),
}


def source_text(source: str) -> str:
    """Who told of an order, as people call it."""
    return str(_SOURCES.get(source, source))


_CODE_REASONS = {
    "closed": gettext_lazy("the coupon was stopped"),
    "used_up": gettext_lazy("it was used already"),
    "of_another": gettext_lazy("it belongs to somebody else"),
    "used_before": gettext_lazy("this person has used it already"),
    "unknown": gettext_lazy("it cannot be used"),
}
_REFERENCE_REASONS = {
    "forged": gettext_lazy("it was not made here, or was changed on the way"),
    "nobody": gettext_lazy("the person or the offer is not there any more"),
}


def remark_text(remark: Remark) -> str:
    """Why something that an order named did not count."""
    if remark.subject == REFERENCE:
        said = _("The order names an offer by a reference that does not count: %(reason)s.")
        return said % {"reason": _REFERENCE_REASONS.get(remark.reason, remark.reason)}
    reasons = {**_CODE_REASONS, **dict(Reason.choices)}
    said = _("The coupon code %(code)s does not count: %(reason)s. The shop may have given the discount all the same.")
    return said % {"code": remark.text, "reason": reasons.get(remark.reason, remark.reason)}


@dataclass(frozen=True)
class OrderRow:
    """An order in a list; ``what`` are its products by name, or the codes that mean none."""

    order: Order
    what: str
    amount: str
    refunded: str
    source: str


def order_rows(orders: Sequence[Order]) -> list[OrderRow]:
    """Orders in words, with one question for the names of all their products."""
    names = products_of_codes({(order.source, code) for order in orders for code in order.products})
    return [
        OrderRow(
            order,
            listed(
                dict.fromkeys(
                    names[order.source, code].name if (order.source, code) in names else code for code in order.products
                )
            ),
            money_text(order.amount, order.currency),
            money_text(order.refunded, order.currency) if order.refunded else "",
            source_text(order.source),
        )
        for order in orders
    ]


@dataclass(frozen=True)
class SubscriptionRow:
    """A subscription in a list."""

    subscription: Subscription
    what: str
    amount: str
    source: str


def subscription_rows(subscriptions: Sequence[Subscription]) -> list[SubscriptionRow]:
    """Subscriptions in words."""
    names = products_of_codes({(each.source, each.product) for each in subscriptions})
    return [
        SubscriptionRow(
            each,
            names[each.source, each.product].name if (each.source, each.product) in names else each.product,
            money_text(each.amount, each.currency) if each.amount is not None and each.currency else "",
            source_text(each.source),
        )
        for each in subscriptions
    ]


@dataclass(frozen=True)
class LineRow:
    """A line of an order; ``product_id`` is None where its code means no product. ``tax_rate`` in percent."""

    line: Line
    product_id: int | None
    name: str
    amount: str
    tax_rate: int | None
    rate: str


def line_rows(order: Order, lines: Sequence[Line]) -> list[LineRow]:
    """The lines, with the products that their codes mean; a rate that was not told is the product's."""
    known = products_of_codes({(order.source, line.code) for line in lines})
    rows = []
    for line in lines:
        product = known.get((order.source, line.code))
        rate = line.tax_rate if line.tax_rate is not None or product is None else product.tax_rate
        rows.append(
            LineRow(
                line,
                product.pk if product else None,
                product.name if product else line.name or line.code,
                "" if line.amount is None else money_text(line.amount, order.currency),
                rate,
                "" if rate is None else _rate_text(rate),
            )
        )
    return rows


def taxes(order: Order, rows: Iterable[LineRow]) -> list[tuple[str, str]]:
    """The tax, as (what it is, how much): as the shop reckoned it where it told so, otherwise that in the lines by
    rate, as an invoice reckons it, of those whose amount and rate are known.
    """
    told = [(rate, int(tax)) for rate, tax in order.tax.items() if re.fullmatch(r"[0-9]{1,15}", str(tax))]
    if told:
        return [
            (_told_tax(rate), money_text(tax, order.currency))
            for rate, tax in sorted(told, key=lambda each: each[0].zfill(6))
        ]
    known = [
        (row.line.amount, row.tax_rate) for row in rows if row.line.amount is not None and row.tax_rate is not None
    ]
    return [
        (_("Tax in the lines at %(rate)s") % {"rate": _rate_text(rate)}, money_text(tax, order.currency))
        for rate, tax in sorted(included_taxes(known).items())
    ]


def _told_tax(rate: str) -> str:
    if not rate:
        return _("Tax in it, as the shop reckoned it")
    return _("Tax at %(rate)s, as the shop reckoned it") % {"rate": _rate_text(rate)}


def refund_text(refund: Refund) -> str:
    """How much a refund gave back."""
    return _("The whole order") if refund.amount is None else money_text(refund.amount, refund.currency)


def _rate_text(rate: int | str) -> str:
    return _("%(number)s %%") % {"number": rate}
