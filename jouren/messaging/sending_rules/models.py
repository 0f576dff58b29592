"""The rules as stored, and the account of what they held up."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jouren.core.schedule import DEFAULT_ZONE
from jouren.messaging.sending_rules.readiness import DEFAULT_NEEDED
from jouren.messaging.sending_rules.terms import Action, Unit
from jouren.messaging.vocabulary import Kind

DEFAULT_DELAY_DAYS = 3
DEFAULT_HOUR = 8


class SendingRules(models.Model):
    """What holds for every message of the shop but transactional ones. One row; only ``save_rules`` changes it.

    ``edition`` is another number after each change, so that processes know when to read the rules again; 0: nothing is
    ruled, and nobody asks. Quiet hours and the window are off while their times are empty, readiness while
    ``help_before_ask`` is.
    """

    zone = models.CharField(_("time zone of the shop"), max_length=64, default=DEFAULT_ZONE, db_default=DEFAULT_ZONE)
    longest_delay_days = models.PositiveSmallIntegerField(
        default=DEFAULT_DELAY_DAYS, db_default=DEFAULT_DELAY_DAYS, validators=[MinValueValidator(1)]
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_action = models.CharField(max_length=5, choices=Action, default=Action.DEFER, db_default=Action.DEFER)
    window_from = models.TimeField(null=True, blank=True)
    window_until = models.TimeField(null=True, blank=True)
    window_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    window_on_holidays = models.BooleanField(default=True, db_default=True)
    window_on_closures = models.BooleanField(default=True, db_default=True)
    window_action = models.CharField(max_length=5, choices=Action, default=Action.DEFER, db_default=Action.DEFER)
    help_before_ask = models.PositiveSmallIntegerField(null=True, blank=True, default=DEFAULT_NEEDED)
    readiness_action = models.CharField(max_length=5, choices=Action, default=Action.DEFER, db_default=Action.DEFER)
    default_hour = models.PositiveSmallIntegerField(
        default=DEFAULT_HOUR, db_default=DEFAULT_HOUR, validators=[MaxValueValidator(23)]
    )
    edition = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("sending rules")
        verbose_name_plural = _("sending rules")

    def __str__(self) -> str:
        return str(_("sending rules"))


class CapRow(models.Model):
    """A cap as stored; see :class:`jouren.messaging.sending_rules.terms.Cap`. Ids are never used again."""

    most = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    unit = models.CharField(max_length=5, choices=Unit)
    length = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)])
    channel = models.CharField(max_length=20, blank=True, default="")
    kind = models.CharField(max_length=20, choices=Kind, blank=True, default="")
    topic = models.CharField(max_length=50, blank=True, default="")
    action = models.CharField(max_length=5, choices=Action, default=Action.DEFER)

    class Meta:
        db_table = "messaging_cap"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.pk}"


class Hold(models.Model):
    """That a rule held a delivery up that was to go ``at``, or (``until`` null) stopped it. Append-only, not personal.

    ``reason`` says the rule's terms as they were, ``counted`` holds the ids of the deliveries that a cap counted.
    """

    delivery_id = models.BigIntegerField(db_index=True)
    rule = models.CharField(max_length=30)
    reason = models.CharField(max_length=100)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    counted = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "messaging_hold"

    def __str__(self) -> str:
        return f"{self.delivery_id}: {self.reason}"
