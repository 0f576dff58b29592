"""Broadcasts (メルマガ・一斉配信) as authored, each sending of one, and who is still to get it."""

from __future__ import annotations

import uuid
from datetime import time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jouren.broadcasts.vocabulary import BroadcastState, Decision, Fallback, Metric, Phase, Stage, Timing
from jouren.conditions.fields import ConditionField

MOST_VARIANTS = 4
DEFAULT_TIME = time(9, 0)


class Broadcast(models.Model):
    """A message to many, as its author edits it.

    ``day`` and ``at`` are of the shop's clock or, with ``is_local``, of each person's. ``weekdays`` are 0 (Monday) to
    6, ``month_days`` 1 to 31, of which 31 means the last. ``next_at`` is when the next issue begins, ``next_day`` its
    day.
    ``trouble`` says why it was put on hold by itself.
    """

    name = models.CharField(_("name"), max_length=200)
    audience = ConditionField(_("who gets it"))
    timing = models.CharField(_("when"), max_length=10, choices=Timing.choices, default=Timing.NOW)
    day = models.DateField(_("day"), null=True, blank=True)
    at = models.TimeField(_("time"), default=DEFAULT_TIME)
    is_local = models.BooleanField(_("by the clock where each person lives"), default=False)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("days of the week"), default=list)
    month_days = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("days of the month"), default=list)
    until = models.DateField(_("last day"), null=True, blank=True)
    per_hour = models.PositiveIntegerField(
        _("messages an hour at most"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    test_percent = models.PositiveSmallIntegerField(
        _("share of the test (percent)"), default=20, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    wait_hours = models.PositiveSmallIntegerField(
        _("hours until the decision"), default=4, validators=[MinValueValidator(1), MaxValueValidator(240)]
    )
    metric = models.CharField(_("what decides"), max_length=10, choices=Metric.choices, default=Metric.CLICK)
    fallback = models.CharField(
        _("when there is not enough data"), max_length=10, choices=Fallback.choices, default=Fallback.FIRST
    )
    again_hours = models.PositiveSmallIntegerField(
        _("hours until it is sent again"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
    )
    again_subject = models.CharField(_("subject of the second sending"), max_length=200, blank=True)
    is_archived = models.BooleanField(_("show it in the archive on the web"), default=False)
    is_searchable = models.BooleanField(_("let search engines find it there"), default=False)
    state = models.CharField(max_length=10, choices=BroadcastState.choices, default=BroadcastState.DRAFT)
    held_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    next_day = models.DateField(null=True)
    trouble = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ["-id"]
        permissions = [("send_broadcast", "Can send broadcasts, pause and cancel them")]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=models.Q(next_at__isnull=False, held_at__isnull=True),
                name="broadcasts_broadcast_due",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Whether nothing of it goes out until it is resumed."""
        return self.held_at is not None

    @property
    def is_open(self) -> bool:
        """Whether its author may still edit it."""
        return self.state == BroadcastState.DRAFT


class Variant(models.Model):
    """One of up to four ways to say it, ``place`` 0 is A. ``subject`` replaces the message's own, where it is given."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="variants")
    place = models.PositiveSmallIntegerField()
    message = models.ForeignKey("messaging.Message", models.PROTECT, related_name="+", verbose_name=_("message"))
    subject = models.CharField(_("subject"), max_length=200, blank=True)

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["broadcast", "place"], name="broadcasts_variant_place")]

    def __str__(self) -> str:
        return variant_name(self.place)


def variant_name(place: int) -> str:
    """A, B, C or D."""
    return "ABCD"[place]


class Issue(models.Model):
    """One sending of a broadcast (配信回): its only one, or that of a day. What it sends are deliveries of ``run``.

    ``due_at`` is when there is something to do for it next (None: nothing, or somebody has to choose). ``cursor_due``
    and ``cursor_contact`` tell up to whom the people of ``phase`` are planned; ``next_slot_at`` is the throttle's.
    ``tested`` keeps the figures by which a test was decided: for each variant ``{"sent": …, "answered": …}``.
    """

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="issues")
    day = models.DateField()
    run = models.ForeignKey("messaging.Run", models.PROTECT, related_name="+")
    step = models.UUIDField(default=uuid.uuid4)
    stage = models.PositiveSmallIntegerField(choices=Stage.choices, default=Stage.FIRST)
    due_at = models.DateTimeField(null=True)
    phase = models.PositiveSmallIntegerField(choices=Phase.choices, default=Phase.FIRST)
    cursor_due = models.DateTimeField(null=True)
    cursor_contact = models.BigIntegerField(default=0)
    next_slot_at = models.DateTimeField(null=True)
    last_due_at = models.DateTimeField(null=True)
    audience = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)
    decision = models.CharField(max_length=10, choices=Decision.choices, blank=True, default="")
    winner = models.PositiveSmallIntegerField(null=True)
    tested = models.JSONField(null=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["broadcast", "day"], name="broadcasts_issue_once")]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="broadcasts_issue_due",
            ),
            models.Index(fields=["run"], name="broadcasts_issue_run"),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast_id} {self.day}"


class Letter(models.Model):
    """What an issue sends: one for each variant, and one for the second sending (``is_again``).

    ``version`` belongs to the issue's run alone, so that its figures are those of the letter.
    """

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="letters")
    place = models.PositiveSmallIntegerField()
    is_again = models.BooleanField(default=False)
    version = models.OneToOneField("messaging.MessageVersion", models.PROTECT, related_name="+")

    class Meta:
        ordering = ["is_again", "place"]
        constraints = [models.UniqueConstraint(fields=["issue", "is_again", "place"], name="broadcasts_letter_once")]

    def __str__(self) -> str:
        return variant_name(self.place)


class Recipient(models.Model):
    """Somebody of an issue's frozen audience, until the issue has ended. ``place`` is the variant drawn for them."""

    pk = models.CompositePrimaryKey("issue_id", "phase", "due_at", "contact_id")
    issue = models.ForeignKey(Issue, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    phase = models.PositiveSmallIntegerField(choices=Phase.choices)
    due_at = models.DateTimeField()
    contact_id = models.BigIntegerField()
    place = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.issue_id} {self.contact_id}"


class Farewell(models.Model):
    """Somebody who took their consent back after a letter of an issue: within a week, from the last one they got."""

    pk = models.CompositePrimaryKey("version_id", "contact_id")
    version_id = models.BigIntegerField()
    contact_id = models.BigIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.version_id} {self.contact_id}"
