"""The control group as stored."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_SHARE = 50
MIN_DAYS, MAX_DAYS, DEFAULT_DAYS = 7, 365, 90
MIN_EFFECT, MAX_EFFECT, DEFAULT_EFFECT = 5, 100, 20


class ControlGroup(models.Model):
    """How many in a hundred get no marketing (0: nobody), since when, and what is worth knowing. One row: id 1.

    Who belongs to it is drawn by lot from ``jouren.core.lots`` and stored nowhere. ``days``: for how long each person
    is looked at. ``smallest_effect``: the smallest relative difference in per cent that the shop wants to find, here
    and in journeys with a holdout.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    share = models.PositiveSmallIntegerField(default=0, db_default=0, validators=[MaxValueValidator(MAX_SHARE)])
    since = models.DateTimeField(null=True, blank=True)
    days = models.PositiveSmallIntegerField(
        default=DEFAULT_DAYS,
        db_default=DEFAULT_DAYS,
        validators=[MinValueValidator(MIN_DAYS), MaxValueValidator(MAX_DAYS)],
    )
    smallest_effect = models.PositiveSmallIntegerField(
        default=DEFAULT_EFFECT,
        db_default=DEFAULT_EFFECT,
        validators=[MinValueValidator(MIN_EFFECT), MaxValueValidator(MAX_EFFECT)],
    )

    class Meta:
        db_table = "messaging_controlgroup"
        verbose_name = _("control group")
        verbose_name_plural = _("control group")

    def __str__(self) -> str:
        return str(_("control group"))
