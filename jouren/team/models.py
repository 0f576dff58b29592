"""What the shop's own people are told of customers, and how often they get mail about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

INBOX = 0
"""In place of a journey's id: what the inbox tells, and no journey."""


class Notice(models.Model):
    """Something to see to: a customer came to a step that tells this colleague. ``text`` says why, in plain text.

    ``mailed_at``: when it stood in a mail; null: it was not mailed (yet). ``done_at``: when the colleague was done.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    contact_id = models.BigIntegerField()
    journey_id = models.BigIntegerField()
    journey = models.CharField(_("journey"), max_length=200)
    text = models.CharField(max_length=2000)
    at = models.DateTimeField()
    walk_id = models.BigIntegerField()
    step = models.UUIDField()
    occurrence = models.PositiveIntegerField(default=1)
    mailed_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice to a colleague")
        verbose_name_plural = _("notices to colleagues")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "walk_id", "step", "occurrence"], name="team_notice_once"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], condition=Q(done_at__isnull=True), name="team_notice_open"),
            models.Index(fields=["contact_id"], name="team_notice_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class MailPace(models.Model):
    """When a colleague gets their next mail about a journey (null: nothing is to be told), and got the last one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    journey_id = models.BigIntegerField()
    due_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "journey_id"], name="team_mailpace_once")]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="team_mailpace_due")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.journey_id}"
