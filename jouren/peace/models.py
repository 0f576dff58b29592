"""The rule by which people are left in peace. That somebody is, is a suppression with its reason (room contacts)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jouren.pyramid.stages import Stage

DEFAULT_INVITATIONS, DEFAULT_DAYS = 5, 14
MOST_INVITATIONS, MOST_DAYS = 100, 365


class PeaceRule(models.Model):
    """One row, which a migration makes; only ``save_rule`` changes it.

    Somebody who stands no higher than ``up_to_stage``, got ``invitations`` since they last bought or came back, and has
    not bought for ``days`` after the last of those, is left in peace (``is_enabled``). Whoever says that they were
    not satisfied is at once (``leaves_dissatisfied``). ``next_at``: when people are looked through again.
    """

    is_enabled = models.BooleanField(_("enabled"), default=True, db_default=True)
    invitations = models.PositiveSmallIntegerField(_("invitations"), default=DEFAULT_INVITATIONS)
    days = models.PositiveSmallIntegerField(_("days"), default=DEFAULT_DAYS)
    up_to_stage = models.PositiveSmallIntegerField(_("up to the stage"), choices=Stage, default=Stage.PROSPECT)
    leaves_dissatisfied = models.BooleanField(_("at once who is not satisfied"), default=True, db_default=True)
    next_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("rule for leaving in peace")
        verbose_name_plural = _("rules for leaving in peace")
        constraints = [
            models.CheckConstraint(
                condition=Q(invitations__range=(1, MOST_INVITATIONS)), name="peace_rule_invitations"
            ),
            models.CheckConstraint(condition=Q(days__lte=MOST_DAYS), name="peace_rule_days"),
        ]

    def __str__(self) -> str:
        return str(_("rule for leaving in peace"))
