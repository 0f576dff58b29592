"""The words of offers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ButtonKind(models.TextChoices):
    """Where an offer's button leads."""

    CART = "cart", _("To the shop's cart")
    STRIPE = "stripe", _("To a Stripe payment link")
    TRANSFER = "transfer", _("An order here, paid by bank transfer")


class CouponKind(models.TextChoices):
    """Whether everybody uses the same code."""

    SHARED = "shared", _("One code for everybody")
    UNIQUE = "unique", _("A code of their own for each person")


TRANSFERS = "offers"
"""The source of the orders that people place on an offer's own page."""


class Via(models.TextChoices):
    """How it is known that somebody took an offer."""

    TRANSFER = "transfer", _("ordered here, by bank transfer")
    COUPON = "coupon", _("by a coupon")
    ORDER = "order", _("by an order")


class ApplicationState(models.TextChoices):
    """What became of it."""

    REQUESTED = "requested", _("Waits for payment")
    SETTLED = "settled", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
