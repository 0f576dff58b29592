"""Orders that people place on an offer's own page and pay by bank transfer: orders like those that any shop tells of.

Who took the offer is kept with the offer (``OfferApplication``). The same is told as an order here, so that what is
paid counts as a purchase: for stages, flows, peace, and all figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from jouren.catalog.actions import code_of
from jouren.catalog.offers.actions import follow_transfers, move_application, order_by_transfer
from jouren.catalog.offers.models import OfferApplication
from jouren.catalog.offers.vocabulary import TRANSFERS, ApplicationState, Via
from jouren.core import clock
from jouren.events.types import Event
from jouren.orders.actions import present_id
from jouren.orders.folding import Folded
from jouren.orders.telling import Telling, tell_orders_of
from jouren.orders.undoing import UNDONE, undone_among

_TOLD = {ApplicationState.SETTLED: "order.paid", ApplicationState.CANCELLED: "order.cancelled"}


@transaction.atomic
def place_transfer(offer_id: int, contact_id: int) -> OfferApplication:
    """Order an offer, to be paid by bank transfer. Asked again by somebody whose order waits, that order is given back.

    Raises:
        OfferClosed: it is not open to them (any more), or not ordered this way.
        ContactNotFound: they were erased.
    """
    placed = order_by_transfer(offer_id, contact_id)
    _tell(placed)
    return placed


@transaction.atomic
def move_transfer(
    application_id: int, state: ApplicationState, *, by: AbstractBaseUser | None = None
) -> OfferApplication:
    """Note that the money of an order came, or that nothing will come of it.

    Raises:
        OfferApplication.DoesNotExist: there is none.
        ContactNotFound: the buyer was erased.
    """
    moved = move_application(application_id, state, by=by)
    if moved.via == Via.TRANSFER:
        if moved.source != TRANSFERS:  # placed before these were orders
            moved.source = TRANSFERS
            moved.save(update_fields=["source"])
        _tell(moved, _TOLD.get(state))
    return moved


def follow_orders(orders: Sequence[Folded], events: Sequence[Event]) -> None:
    """Have offers know of what was said about such orders elsewhere: staff mark them as they mark all orders."""
    ours = [order for order in orders if order.source == TRANSFERS]
    undone = {number: at for (_source, number), at in undone_among(ours, events).items()}
    paid = [order.number for order in ours if order.paid_at is not None and order.state not in UNDONE]
    if undone or paid:
        follow_transfers(paid, undone)


def _tell(taken: OfferApplication, what: str | None = None) -> None:
    """Tell that it was placed, which counts once, and what became of it now."""
    described = _described(taken)
    told: list[tuple[str, dict[str, Any], datetime]] = [("order.placed", described, taken.at)]
    if what is not None:
        told.append((what, described if what == "order.paid" else {"order": taken.order_ref}, clock.now()))
    tell_orders_of(present_id(taken.contact_id), TRANSFERS, [Telling(*each) for each in told])


def _described(taken: OfferApplication) -> dict[str, Any]:
    product = taken.offer.product
    line = {
        "code": code_of(product, TRANSFERS),
        "name": product.name,
        "quantity": 1,
        "amount": taken.price,
        "tax_rate": product.tax_rate,
    }
    return {"order": taken.order_ref, "amount": taken.price, "currency": taken.currency, "lines": [line]}
