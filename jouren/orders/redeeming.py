"""Offers and their coupons, taken by the orders that name their references and codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from django.db import transaction

from jouren.catalog.errors import CouponRefused
from jouren.catalog.offers.actions import take_offer
from jouren.catalog.offers.coupons import offers_of_codes, redeem
from jouren.catalog.offers.links import Invited, read_offer_reference
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.undoing import undo_orders
from jouren.contacts.errors import ContactNotFound
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.events.types import Event
from jouren.orders.folding import Folded
from jouren.orders.models import OrderState, Remark

logger = logging.getLogger(__name__)
COUPON, REFERENCE = "coupon", "reference"
UNDONE = (OrderState.CANCELLED.value, OrderState.REFUNDED.value)


def redeem_coupons(events: Sequence[Event]) -> None:
    """Note the use of every code of ours that an order names. Codes that a shop made itself are none of ours.

    The shop has given the discount by now, so a code that could not be used here any more stops no order: a remark
    says so.
    """
    naming = [event for event in events if event.payload.get("coupon")]
    if not naming:
        return
    ours = offers_of_codes(event.payload["coupon"] for event in naming)
    # In one order, since several reactors may lock the same offers and codes.
    known = [each for each in naming if each.payload["coupon"] in ours]
    for event in sorted(known, key=lambda each: (ours[each.payload["coupon"]], each.payload["coupon"])):
        code, order = event.payload["coupon"], event.payload["order"]
        try:
            with transaction.atomic():
                redeem(code, event.contact_id, order, source=event.source)
        except UserError as error:
            reason = error.reason if isinstance(error, CouponRefused) else "unknown"
            _remark(event.source, order, COUPON, code, reason)
        else:
            Remark.objects.filter(source=event.source, number=order, subject=COUPON, text=code).delete()


def take_offers(orders: Sequence[Folded], historical: Mapping[tuple[str, str], bool]) -> None:
    """Note which offers paid orders took, by the references that they came back with. A forged one counts nothing, and
    a remark says so.
    """
    taking: list[tuple[Invited, Folded]] = []
    for order in orders:
        if not order.reference or not order.is_sale or historical.get((order.source, order.number)):
            continue
        invited = read_offer_reference(order.reference)
        if invited is None:
            _remark(order.source, order.number, REFERENCE, order.reference, "forged")
        else:
            taking.append((invited, order))
    for invited, order in sorted(taking, key=lambda each: each[0]):
        try:
            with transaction.atomic():
                take_offer(*invited, order.number, source=order.source, at=order.paid_at)
        except (ContactNotFound, Offer.DoesNotExist):
            _remark(order.source, order.number, REFERENCE, order.reference, "nobody")


def give_back(orders: Sequence[Folded]) -> None:
    """Give back what orders took that do not stand any more, in whatever order that was told."""
    undone = [(order.source, order.number) for order in orders if order.state in UNDONE]
    if undone:
        undo_orders(undone)


def _remark(source: str, number: str, subject: str, text: str, reason: str) -> None:
    logger.warning("Order %s names a %s that does not count: %s", number, subject, reason)
    remark = Remark(source=source, number=number, subject=subject, text=text, reason=reason, at=clock.now())
    Remark.objects.bulk_create([remark], ignore_conflicts=True)
