"""What writes orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.errors import ContactNotFound
from jouren.contacts.queries import canonical_id, present_contacts
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event
from jouren.orders.errors import BadOrder
from jouren.orders.models import Order, OrderKind

_sql = load_sql("orders")
MAX_AMOUNT = 10**12
MAX_PRODUCTS = 100


@transaction.atomic
def record_order(
    contact_id: int,
    order: str,
    kind: str,
    amount: int,
    *,
    currency: str = "JPY",
    products: Sequence[str] = (),
    occurred_at: datetime | None = None,
    source: str = "shop",
    historical: bool = False,
) -> bool:
    """Record that a person paid for an order: its event; the order itself is kept by the reaction to it.

    ``amount`` counts the currency's smallest unit, tax included. The same number of the same source counts once:
    then the answer is False.

    Raises:
        BadOrder: a detail cannot be kept.
        ContactNotFound: there is no such person.
    """
    checked = _checked(order, kind, amount, currency, products)
    own_id = canonical_id(contact_id)
    if not present_contacts().filter(pk=own_id).exists():
        raise ContactNotFound(_("This person does not exist any more."))
    event = NewEvent("order.paid", own_id, checked, occurred_at, source, f"order:{checked['order']}", historical)
    return record_event(event) is not None


def _checked(order: str, kind: str, amount: int, currency: str, products: Sequence[str]) -> dict[str, object]:
    number = order.strip()
    if not 0 < len(number) <= 100 or not number.isprintable():
        raise BadOrder(_("An order number must have 1 to %(limit)s characters.") % {"limit": 100})
    if kind not in OrderKind.values:
        raise BadOrder(_("The kind of an order is trial or regular."))
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= MAX_AMOUNT:
        raise BadOrder(_("The amount must be a whole number that is not negative."))
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise BadOrder(_("The currency has three letters, like JPY."))
    if len(products) > MAX_PRODUCTS or not all(0 < len(each) <= 100 and each.isprintable() for each in products):
        raise BadOrder(_("Products are at most 100 keys of 1 to 100 characters."))
    return {
        "order": number,
        "kind": str(kind),
        "amount": amount,
        "currency": currency.upper(),
        "products": list(products),
    }


def merge_orders(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the orders of both."""
    Order.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    _sql.run("merge_purchases", {"kept_id": kept_id, "gone_id": gone_id})
