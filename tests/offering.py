"""Makers of offers, and people of a stage."""

from __future__ import annotations

from typing import Any

from jouren.catalog.actions import save_product
from jouren.catalog.models import Product
from jouren.catalog.offers.actions import save_offer
from jouren.catalog.offers.models import Offer
from jouren.catalog.vocabulary import Role
from jouren.contacts.actions import create_contact
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.pyramid.models import PyramidPosition

TRANSFER = {
    "button_kind": "transfer",
    "transfer_text": "みずほ銀行 1234567",
    "payment_text": "Within seven days, by bank transfer.",
    "delivery_text": "Three days after your payment.",
    "cancellation_text": "Within eight days, unopened.",
}
"""An offer that is ordered here."""


def make_offer(name: str = "Trial set", **details: Any) -> Offer:
    """An offer of tea for 980 yen that is open to everybody."""
    tea = (
        details.get("product")
        or Product.objects.filter(name="Tea").first()
        or save_product(Product(name="Tea", role=Role.MAIN, price=3_980, tax_rate=8))
    )
    told = {"product": tea, "name": name, "price": 980, "button_url": "https://shop.example.jp/cart?add=tea"}
    pk = details.pop("pk", None)
    made = save_offer(Offer(**(told | details)))
    if pk is not None:
        Offer.objects.filter(pk=made.pk).update(id=pk)
        made.pk = pk
    return made


def person_on(stage: int, number: int = 1, **details: Any) -> Contact:
    """Somebody who stands on this stage."""
    contact = create_contact(email=f"p{number}@example.jp", **details)
    if stage > 1:
        PyramidPosition.objects.create(contact=contact, stage=stage, since=clock.now())
    return contact
