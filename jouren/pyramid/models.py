"""Who stands where in the customer pyramid, how they came there, and the rules that move them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.contacts.models import Contact
from jouren.events.errors import InvalidEvent
from jouren.events.types import event_type
from jouren.pyramid.naming import PRESETS
from jouren.pyramid.stages import Stage


class ChangeReason(models.TextChoices):
    """Why somebody came to a stage."""

    REGISTERED = "registered", _("Registered")
    IMPORTED = "imported", _("Agreed before, on an imported list")
    TRIAL_PURCHASE = "trial_purchase", _("Bought a trial")
    PURCHASE = "purchase", _("Bought at the regular price")
    REPEAT_PURCHASE = "repeat_purchase", _("Bought again and again")
    DIRECT_PURCHASE = "direct_purchase", _("Bought at once")
    GOOD_CUSTOMER = "good_customer", _("Bought much within a year")
    RULE = "rule", _("By a rule")
    JOURNEY = "journey", _("By a journey")
    STAFF = "staff", _("By the shop")


class PyramidPosition(models.Model):
    """Where a person stands. No row: they stand on the first stage since they became known."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="pyramid_position")
    stage = models.PositiveSmallIntegerField(_("stage"), choices=Stage)
    since = models.DateTimeField(_("since"))

    class Meta:
        db_table = "pyramid_position"
        indexes = [models.Index(fields=["stage", "-since", "-contact"], name="pyramid_position_stage")]

    def __str__(self) -> str:
        return str(Stage(self.stage).label)


class PyramidChange(models.Model):
    """One step from a stage to another. ``at`` is when what caused it happened, ``event_id`` that event in the log."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="pyramid_changes")
    from_stage = models.PositiveSmallIntegerField(_("from"), choices=Stage)
    to_stage = models.PositiveSmallIntegerField(_("to"), choices=Stage)
    at = models.DateTimeField(_("when"))
    reason = models.CharField(_("reason"), max_length=50)
    event_id = models.BigIntegerField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "pyramid_change"
        indexes = [
            models.Index(fields=["contact", "at"], name="pyramid_change_of"),
            models.Index(fields=["to_stage", "at"], name="pyramid_change_to"),
        ]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}: {self.reason}"


class Naming(models.Model):
    """Which of the presets in :mod:`jouren.pyramid.naming` the shop has chosen. One row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    preset = models.CharField(_("names of the stages"), max_length=20)

    class Meta:
        db_table = "pyramid_naming"
        verbose_name = _("names of the stages")
        default_permissions = ()

    def __str__(self) -> str:
        preset = PRESETS.get(self.preset)
        return str(preset.title) if preset else self.preset


class PyramidRule(models.Model):
    """When the ``at_least``-th event of a type, with these payload fields, has happened, a person rises to a stage."""

    name = models.CharField(_("name"), max_length=100)
    event_type = models.CharField(_("event"), max_length=100)
    match = models.JSONField(_("only with"), default=dict, blank=True)
    at_least = models.PositiveSmallIntegerField(_("how often"), default=1)
    stage = models.PositiveSmallIntegerField(_("stage"), choices=Stage)
    reason = models.CharField(_("reason"), max_length=50, choices=ChangeReason, default=ChangeReason.RULE)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        db_table = "pyramid_rule"
        ordering = ["position", "id"]
        verbose_name = _("promotion rule")
        verbose_name_plural = _("promotion rules")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a rule that could never fire."""
        try:
            kind = event_type(self.event_type)
        except InvalidEvent:
            raise ValidationError({"event_type": gettext("There is no such event.")}) from None
        if not kind.reacts:
            raise ValidationError({"event_type": gettext("Nothing can follow from this event. Choose another.")})
        if not isinstance(self.match, dict):
            raise ValidationError({"match": gettext("Give names of fields with their values.")})
        if unknown := sorted(self.match.keys() - kind.fields.keys()):
            message = gettext("%(event)s has no field %(field)s.")
            raise ValidationError({"match": message % {"event": self.event_type, "field": unknown[0]}})
        if self.at_least < 1:
            raise ValidationError({"at_least": gettext("Once or more often.")})
