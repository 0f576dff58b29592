"""Ordering on an offer's page, to be paid by bank transfer: the order, the mail that confirms it, and the notice to
those who look out for the money.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from jouren.catalog.offers.models import Offer, OfferApplication
from jouren.core import clock
from jouren.core.money import money_text
from jouren.messaging.actions import send_transactional
from jouren.messaging.errors import UnknownPurpose
from jouren.orders.transfers import place_transfer
from jouren.team.actions import Telling, tell_colleagues
from jouren.team.models import INBOX
from jouren.team.queries import colleagues_who_may

logger = logging.getLogger(__name__)
PURPOSE = "transfer_order"
VARIABLES = ("order_number", "order_price", "offer_name", "transfer_to", "offer_url")
_MAY_SETTLE = "catalog.change_offer"
_STEP = "5c2f9a61-0d0b-4d2e-9b1c-3f7f0a4c8e27"


@transaction.atomic
def order_offer(offer: Offer, contact_id: int, url: str) -> OfferApplication:
    """Order an offer for a person. ``url``: their page of it, which tells the account again. Asked again by somebody
    whose order waits, that order is given back, and nothing is told twice.

    Raises:
        OfferClosed: it is not open to them (any more), or not ordered this way.
        ContactNotFound: they were erased.
    """
    placed = place_transfer(offer.pk, contact_id)
    price = money_text(placed.price, placed.currency)
    context = {
        "order_number": placed.order_ref,
        "order_price": price,
        "offer_name": offer.name,
        "transfer_to": " / ".join(line.strip() for line in offer.transfer_text.splitlines() if line.strip()),
        "offer_url": url,
    }
    try:
        send_transactional(PURPOSE, contact_id, context, occurrence=placed.pk)
    except UnknownPurpose:
        logger.warning("No message confirms orders by bank transfer; the page alone tells of %s.", placed.order_ref)
    with translation.override(settings.LANGUAGE_CODE):
        title = _("Order by bank transfer")
        text = _("Order %(order)s: “%(offer)s” for %(price)s. When the money has come, say so on the offer's screen.")
        text = text % {"order": placed.order_ref, "offer": offer.name, "price": price}
    who = colleagues_who_may(_MAY_SETTLE)
    tell_colleagues(
        [Telling(who, contact_id, INBOX, title, text, placed.pk, _STEP, is_plain=True)] if who else [], clock.now()
    )
    return placed
