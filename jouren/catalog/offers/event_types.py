"""What can happen to an offer."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type

# Told by the offer's own page, or by the shop's page or software through the interface for events, which knows no id.
OFFER_VIEWED = EventType(
    "offer.viewed",
    _("Looked at an offer"),
    {"offer": str, "offer_id": int},
    optional=frozenset({"offer_id"}),
    sentence=_("Looked at the offer “%(offer)s”"),
)
ORDER_REQUESTED = EventType(
    "order.requested",
    _("Ordered, to be paid by bank transfer"),
    {"order": str, "offer": str, "offer_id": int, "amount": int, "currency": str},
    sentence=_("Ordered “%(offer)s” for %(amount)s %(currency)s, to be paid by bank transfer: order %(order)s."),
)
# However it is known: by an order that came back with the offer's reference, by a coupon, or by a transfer.
OFFER_TAKEN = EventType(
    "offer.taken",
    _("Took an offer"),
    {"order": str, "offer": str, "offer_id": int, "amount": int, "currency": str},
    sentence=_("Took the offer “%(offer)s”, order %(order)s."),
)
COUPON_REDEEMED = EventType(
    "coupon.redeemed",
    _("Used a coupon"),
    {"order": str, "offer": str, "offer_id": int, "coupon": str, "amount": int, "currency": str},
    sentence=_("Used the coupon “%(coupon)s” for “%(offer)s”, order %(order)s."),
)


def register() -> None:
    """Make these event types known."""
    for event_type in (OFFER_VIEWED, ORDER_REQUESTED, OFFER_TAKEN, COUPON_REDEEMED):
        register_event_type(event_type)
    for name in ("order.requested", "offer.taken"):
        register_value_label(name, "amount", lambda amount: f"{amount:,}")
        register_value_label(name, "currency", _currency)


def _currency(value: str) -> str:
    return str(_("yen, tax included")) if value == "JPY" else value
