"""What writes orders."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.contacts.errors import ContactNotFound
from jouren.contacts.queries import canonical_id, present_contacts
from jouren.contacts.segments.actions import fill_anew_asking
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_event
from jouren.orders.models import Order

_sql = load_sql("orders")


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
        BadOrder, InvalidEvent: a detail cannot be kept.
        ContactNotFound: there is no such person.
    """
    number = order.strip()
    payload = {
        "order": number,
        "kind": str(kind),
        "amount": amount,
        "currency": currency.upper(),
        "products": list(products),
    }
    own_id = canonical_id(contact_id)
    if not present_contacts().filter(pk=own_id).exists():
        raise ContactNotFound(_("This person does not exist any more."))
    event = NewEvent("order.paid", own_id, payload, occurred_at, source, historical=historical)
    return record_event(event) is not None


def merge_orders(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the orders of both."""
    Order.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    _sql.run("merge_purchases", {"kept_id": kept_id, "gone_id": gone_id})


def ask_anew_of_products(product_ids: Collection[int]) -> None:
    """Count the segments anew that ask for purchases of these products: their codes have become others."""
    fill_anew_asking("orders.count", "product", product_ids)
