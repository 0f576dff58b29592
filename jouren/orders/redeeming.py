"""Coupons of offers, used by the orders that name their codes."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from jouren.catalog.offers.coupons import known_codes, redeem
from jouren.core.errors import UserError
from jouren.events.types import Event

logger = logging.getLogger(__name__)


def redeem_coupons(events: Sequence[Event]) -> None:
    """Note the use of every code of ours that an order names. Codes that a shop made itself are none of ours.

    The shop has given the discount by now, so a code that could not be used here any more stops no order.
    """
    naming = [event for event in events if event.payload.get("coupon")]
    if not naming:
        return
    ours = known_codes(event.payload["coupon"] for event in naming)
    # In one order, since several reactors may lock the same codes.
    for event in sorted((each for each in naming if each.payload["coupon"] in ours), key=_code):
        try:
            with transaction.atomic():
                redeem(event.payload["coupon"], event.contact_id, event.payload["order"])
        except UserError as error:
            logger.warning("Order %s names a coupon that cannot be used: %s", event.payload["order"], error)


def _code(event: Event) -> str:
    return str(event.payload["coupon"])
