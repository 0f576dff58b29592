"""The words of products."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a product is for, on the way from stranger to regular; in that order."""

    FRONT_END = "front_end", _("Free or front-end")
    TRIAL = "trial", _("Trial")
    MAIN = "main", _("Main product")
    SUBSCRIPTION = "subscription", _("Subscription")
    BACK_END = "back_end", _("Back-end, the finest")


class TaxRate(models.IntegerChoices):
    """Japan's consumption tax, in percent."""

    REDUCED = 8, _("8 % (reduced: food and drink)")
    STANDARD = 10, _("10 % (standard)")
