"""What writes orders. What happens to them comes by ``telling.py``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.exceptions import AlreadyEnqueued

from jouren.contacts.errors import ContactNotFound
from jouren.contacts.queries import canonical_id, present_contacts
from jouren.contacts.segments.actions import fill_anew_asking
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.orders.keeping import count_purchases
from jouren.orders.models import Order, Subscription
from jouren.orders.tasks import recognise_orders
from jouren.orders.telling import Telling, tell_orders_of

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
    then the answer is False. ``kind`` empty: as the roles of the products say.

    Raises:
        BadOrder, InvalidEvent: a detail cannot be kept.
        ContactNotFound: there is no such person.
    """
    payload = {
        "order": order.strip(),
        "kind": str(kind),
        "amount": amount,
        "currency": currency.upper(),
        "products": list(products),
    }
    telling = Telling("order.paid", payload, occurred_at or clock.now(), historical=historical)
    return tell_orders_of(present_id(contact_id), source, [telling]).recorded == 1


def present_id(contact_id: int) -> int:
    """The id that a person has now. Raises ContactNotFound for nobody, or somebody erased."""
    own_id = canonical_id(contact_id)
    if not present_contacts().filter(pk=own_id).exists():
        raise ContactNotFound(_("This person does not exist any more."))
    return own_id


def merge_orders(kept_id: int, gone_id: int) -> None:
    """Give the kept one of two merged people the orders and subscriptions of both."""
    Order.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    Subscription.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
    count_purchases([kept_id, gone_id])


def erase_reasons(contact_ids: Sequence[int]) -> None:
    """Forget why people cancelled or sent back: they may have said so in words of their own."""
    people = {"contact_ids": list(contact_ids)}
    _sql.run("forget_order_reasons", people)
    _sql.run("forget_refund_reasons", people)
    _sql.run("forget_subscription_reasons", people)


def read_anew(product_ids: Collection[int]) -> None:
    """Codes of these products have become others: have what asks for them counted anew, unknown orders read again."""
    fill_anew_asking("orders.count", "product", product_ids)
    try:
        with transaction.atomic():
            recognise_orders.defer()
    except AlreadyEnqueued:
        pass
