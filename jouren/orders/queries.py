"""What reads orders."""

from __future__ import annotations

from django.db.models import QuerySet

from jouren.contacts.queries import canonical_id
from jouren.orders.models import Order


def orders_of(contact_id: int) -> QuerySet[Order]:
    """A person's orders, the latest first."""
    return Order.objects.filter(contact_id=canonical_id(contact_id)).order_by("-paid_at", "-id")
