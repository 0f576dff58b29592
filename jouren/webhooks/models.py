"""Systems of the shop's own that are called, their secrets, and the calls to them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Endpoint(models.Model):
    """A system that is told what happens: where it listens. Its URL may hold a secret: it is not for logs.

    One that calls belong to is switched off, never deleted.
    """

    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=2000)
    is_on = models.BooleanField(_("switched on"), default=True, db_default=True)
    created_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Secret(models.Model):
    """What a webhook's calls are signed with, at most two at a time. Only ``salt`` is kept: see ``signing.py``."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="secrets")
    salt = models.CharField(max_length=32)
    created_at = models.DateTimeField(_("made"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.pk}"


class CallState(models.IntegerChoices):
    """How a call stands. ``CALLING``: somebody is at it, until ``try_at``; then it is anybody's again."""

    WAITING = 0, _("Waits")
    CALLING = 1, _("Is being made")
    DELIVERED = 2, _("Delivered")
    FAILED = 3, _("Not delivered")


class Call(models.Model):
    """One thing to be told to one system: a row of the outbox.

    ``content`` is described in ``outbox.py``; what is known of the person is read at the moment of calling. ``error``
    is the short word of the last failure (see ``policies.py``), ``answer`` the beginning of what the system said to it.
    Given up at ``give_up_at``.
    """

    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="calls")
    message_id = models.UUIDField(default=uuid.uuid4, unique=True)
    contact_id = models.BigIntegerField(null=True)
    walk_id = models.BigIntegerField(null=True)
    step = models.UUIDField(null=True)
    occurrence = models.PositiveIntegerField(default=1)
    content = models.JSONField()
    state = models.PositiveSmallIntegerField(choices=CallState.choices, default=CallState.WAITING)
    created_at = models.DateTimeField()
    try_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=40, default="", db_default="")
    answer = models.CharField(max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("call of a webhook")
        verbose_name_plural = _("calls of webhooks")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["walk_id", "step", "occurrence"], name="webhooks_call_once"),
        ]
        indexes = [
            models.Index(fields=["endpoint", "try_at"], condition=Q(state__in=[0, 1]), name="webhooks_call_due"),
            models.Index(fields=["endpoint", "-id"], name="webhooks_call_of"),
            models.Index(fields=["-id"], condition=Q(state=3), name="webhooks_call_failed"),
            models.Index(fields=["contact_id"], name="webhooks_call_contact"),
            models.Index(fields=["ended_at"], condition=Q(state__in=[2, 3]), name="webhooks_call_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
