"""Shops that tell this installation what happens, their secrets, and what came from them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Connection(models.Model):
    """One shop, connected. ``source`` names its orders and codes, and never changes. Switched off, never deleted."""

    public_id = models.CharField(max_length=32, unique=True)
    connector = models.CharField(_("kind of shop or system"), max_length=40)
    name = models.CharField(_("name"), max_length=100)
    source = models.CharField(_("source"), max_length=100, unique=True)
    is_on = models.BooleanField(_("switched on"), default=True, db_default=True)
    created_at = models.DateTimeField(_("made"))
    last_event_at = models.DateTimeField(_("last event"), null=True)
    last_error_at = models.DateTimeField(_("last error"), null=True)
    last_error = models.CharField(max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """What a shop signs with, at most two valid at a time. ``sealed``: see ``sealing.py``; ``hint``: its end."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    hint = models.CharField(max_length=4)
    created_at = models.DateTimeField(_("made"))
    ends_at = models.DateTimeField(_("valid until"), null=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"…{self.hint}"


class Outcome(models.IntegerChoices):
    """What became of something that came."""

    TAKEN = 0, _("Taken in")
    IGNORED = 1, _("Not needed")
    FAILED = 2, _("Could not be used")


class Received(models.Model):
    """Something that came, once: nothing with one of its keys comes again. Forgotten after a while (``tasks.py``).

    ``body`` and ``headers`` are kept only of what could not be used, to be read again after mending.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="received", db_index=False)
    key = models.CharField(max_length=32)
    other_key = models.CharField(max_length=32, null=True)
    received_at = models.DateTimeField()
    type = models.CharField(max_length=100)
    outcome = models.PositiveSmallIntegerField(choices=Outcome.choices)
    error = models.CharField(max_length=500, default="", db_default="")
    headers = models.JSONField(null=True)
    body = models.TextField(null=True)

    class Meta:
        verbose_name = _("what came from a shop")
        verbose_name_plural = _("what came from shops")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "key"], name="connectors_received_once"),
            models.UniqueConstraint(fields=["connection", "other_key"], name="connectors_received_other"),
        ]
        indexes = [
            models.Index(fields=["connection", "-id"], name="connectors_received_of"),
            models.Index(fields=["connection", "received_at"], include=["outcome"], name="connectors_received_at"),
            models.Index(fields=["-id"], condition=Q(outcome=2), name="connectors_received_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def why(self) -> str:
        """Why it is not needed, in the reader's language; or could not be used, in this installation's."""
        return gettext(self.error) if self.error and self.outcome == Outcome.IGNORED else self.error


class LastTold(models.Model):
    """When a source last said something of one thing, and a digest of what: older news of it counts no more.

    ``thing`` is a digest of what it is about: a person's name, one attribute, an order. So nothing personal is kept.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+", db_index=False)
    thing = models.CharField(max_length=32)
    at = models.DateTimeField()
    said = models.CharField(max_length=32)

    class Meta:
        db_table = "connectors_last_told"
        constraints = [models.UniqueConstraint(fields=["connection", "thing"], name="connectors_last_told_once")]

    def __str__(self) -> str:
        return self.thing


class OrderParcels(models.Model):
    """The parcels of one order, as far as a source has told of them (``parcels.py``).

    ``parcels``: those that it has, as of ``told_at``; ``is_all``: nothing else of it is still to be sent. ``arrived``:
    when each was delivered, also of such as were not told of before.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+", db_index=False)
    number = models.CharField(max_length=100)
    told_at = models.DateTimeField(null=True)
    parcels = ArrayField(models.TextField(), default=list)
    is_all = models.BooleanField(default=False)
    arrived = models.JSONField(default=dict)

    class Meta:
        db_table = "connectors_order_parcels"
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="connectors_order_parcels_once")]

    def __str__(self) -> str:
        return self.number
