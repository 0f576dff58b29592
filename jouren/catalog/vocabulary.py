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


class Goods(models.TextChoices):
    """What a product is to the law on what may be said of it (薬機法, 食品表示)."""

    COSMETIC = "cosmetic", _("Cosmetic")
    FOOD = "food", _("Food or drink")
    HEALTH_FOOD = "health_food", _("Health food or supplement")
    DEVICE = "device", _("Device for health or beauty")
    OTHER = "other", _("Something else")


class TaxRate(models.IntegerChoices):
    """Japan's consumption tax, in percent."""

    REDUCED = 8, _("8 % (reduced: food and drink)")
    STANDARD = 10, _("10 % (standard)")
