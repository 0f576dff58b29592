"""Offers and their coupons, taken by the orders that name their references and codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction

from jouren.catalog.errors import CouponRefused
from jouren.catalog.offers.actions import take_offer
from jouren.catalog.offers.coupons import offers_of_codes, redeem
from jouren.catalog.offers.links import Invited, read_offer_reference
from jouren.catalog.offers.models import Coupon, CouponCode, Offer, Redemption
from jouren.catalog.offers.undoing import undo_orders
from jouren.catalog.offers.vocabulary import ButtonKind, CouponKind
from jouren.contacts.actions.base import locked
from jouren.contacts.errors import ContactNotFound
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.events.types import Event
from jouren.orders.folding import Folded
from jouren.orders.models import Remark
from jouren.orders.undoing import undone_among

logger = logging.getLogger(__name__)
CLOCKS_DIFFER = timedelta(minutes=5)
COUPON, REFERENCE = "coupon", "reference"


def redeem_coupons(events: Sequence[Event]) -> None:
    """Note the use of every code of ours that an order names. Codes that a shop made itself are none of ours.

    The shop has given the discount by now, so a code that could not be used here any more stops no order: a remark
    says so.
    """
    naming = [(code, event) for event in events for code in _codes_of(event)]
    if not naming:
        return
    ours = offers_of_codes(code for code, _event in naming)
    # In one order, since several reactors may lock the same offers and codes.
    known = [each for each in naming if each[0] in ours]
    for code, event in sorted(known, key=lambda each: (ours[each[0]], each[0])):
        _use(code, event.contact_id, event.source, event.payload["order"])


def _codes_of(event: Event) -> list[str]:
    payload = event.payload
    return list(dict.fromkeys(code for code in (payload.get("coupon"), *(payload.get("coupons") or ())) if code))


def _use(code: str, contact_id: int, source: str, order: str) -> None:
    try:
        with transaction.atomic():
            redeem(code, contact_id, order, source=source)
    except UserError as error:
        reason = error.reason if isinstance(error, CouponRefused) else "unknown"
        _remark(source, order, COUPON, code, reason)
    else:
        Remark.objects.filter(source=source, number=order, subject=COUPON, text=code).delete()


def take_offers(orders: Sequence[Folded], historical: Mapping[tuple[str, str], bool]) -> None:
    """Note which offers paid orders took, by the references that they came back with. A forged one counts nothing, and
    a remark says so. What does not stand any more is taken, too, and given back after: in whatever order it was told.
    """
    taking: list[tuple[Invited, Folded]] = []
    for order in orders:
        if not order.reference or order.paid_at is None or historical.get((order.source, order.number)):
            continue
        invited = read_offer_reference(order.reference)
        if invited is None:
            _remark(order.source, order.number, REFERENCE, order.reference, "forged")
        else:
            taking.append((invited, order))
    for invited, order in sorted(taking, key=lambda each: each[0]):
        try:
            with transaction.atomic():
                code = _code_on_link(invited, order) if order.discount and not order.coupon else ""
                take_offer(*invited, order.number, source=order.source, at=order.paid_at)
                if code:
                    _use(code, invited.contact_id, order.source, order.number)
        except (ContactNotFound, Offer.DoesNotExist):
            _remark(order.source, order.number, REFERENCE, order.reference, "nobody")


def _code_on_link(invited: Invited, order: Folded) -> str:
    """The code that an offer's link to Stripe carried for a person; empty where it had none, or leads elsewhere, or a
    code of the offer was used for the order already.

    Stripe tells of a discount, and not by which code it came. The person, the code and then the offer are locked, as
    by those who name a code.
    """
    contact = locked(invited.contact_id)
    used = Redemption.objects.filter(source=order.source, order_ref=order.number, code__coupon__offer=invited.offer_id)
    if used.exists():
        return ""
    if order.paid_at is None:
        return ""
    # What is told of an old order must not use what was made since.
    there = Coupon.objects.filter(is_open=True, created_at__lt=order.paid_at + CLOCKS_DIFFER)
    coupon = there.filter(offer=invited.offer_id).select_related("offer").order_by("pk").first()
    if coupon is None or coupon.offer.button_kind != ButtonKind.STRIPE:
        return ""
    codes = CouponCode.objects.select_for_update(of=("self",)).filter(coupon=coupon).order_by("pk")
    own = codes if coupon.kind == CouponKind.SHARED else codes.filter(given_to=contact.pk)
    held = own.first()
    return held.code if held is not None else ""


def give_back(orders: Sequence[Folded], events: Sequence[Event]) -> None:
    """Give back what orders took that do not stand any more, in whatever order that was told."""
    if undone := undone_among(orders, events):
        undo_orders(undone)


def _remark(source: str, number: str, subject: str, text: str, reason: str) -> None:
    logger.warning("Order %s names a %s that does not count: %s", number, subject, reason)
    remark = Remark(source=source, number=number, subject=subject, text=text, reason=reason, at=clock.now())
    Remark.objects.bulk_create([remark], ignore_conflicts=True)
