"""What people are told of an offer: on its page and in messages, in their language, in the shop's time."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jouren.catalog.eligibility import Verdict
from jouren.catalog.offers.models import Offer
from jouren.catalog.offers.vocabulary import ButtonKind
from jouren.core.money import money_text


def price_text(offer: Offer) -> str:
    """Its price, as one has to pay it."""
    return _("%(price)s (tax included)") % {"price": money_text(offer.price, offer.currency)}


def moment_text(moment: datetime) -> str:
    """A moment in the shop's time."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def deadline_text(verdict: Verdict) -> str:
    """Until when a person may take it; empty where nothing limits it."""
    parts = []
    if verdict.deadline is not None:
        parts.append(_("until %(moment)s") % {"moment": moment_text(verdict.deadline)})
    if (hours := verdict.hours_from_sight) is not None:
        within = ngettext(
            "within %(hours)s hour of when you first open its page",
            "within %(hours)s hours of when you first open its page",
            hours,
        )
        parts.insert(0, within % {"hours": hours})
    return pgettext("between two limits of time", ", ").join(parts)


def button_text(offer: Offer) -> str:
    """The button's text: the shop's own, or one that says what pressing it does."""
    if offer.button_text:
        return offer.button_text
    return _("Order now") if offer.button_kind == ButtonKind.TRANSFER else _("On to the order")


def confirmation_items(offer: Offer, verdict: Verdict) -> list[tuple[str, str]]:
    """The items of the final confirmation screen (最終確認画面, 特定商取引法 第12条の6), label and text.

    What only the shop can tell, and has not told, is left out.
    """
    period = offer.period_text or deadline_text(verdict) or _("no limit of time")
    items = (
        (_("What you get"), offer.quantity_text or offer.product.name),
        (_("What you pay"), offer.prices_text or price_text(offer)),
        (_("When and how you pay"), offer.payment_text),
        (_("When you get it"), offer.delivery_text),
        (_("Withdrawal and cancellation"), offer.cancellation_text),
        (_("Until when you can order"), period),
    )
    return [(label, text) for label, text in items if text]
