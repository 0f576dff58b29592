"""Dry runs that were asked for, and what came of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class DryRunState(models.TextChoices):
    """How far a dry run has come."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class DryRun(models.Model):
    """What a journey would have done between two moments, over real people and what happened to them.

    ``number`` is the version's, None for a draft; ``compiled`` what is played. ``costs``: by channel, what a message
    costs in yen, as text. ``people`` is how many there are to look at, ``done`` how many were. ``totals`` are those of
    :class:`jouren.journeys.replay.counts.Counts`. Deleted after ``KEPT_DAYS``.
    """

    journey = models.ForeignKey("journeys.Journey", on_delete=models.CASCADE, related_name="dry_runs")
    number = models.PositiveIntegerField(null=True)
    compiled = models.JSONField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    costs = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=DryRunState.choices, default=DryRunState.WAITING)
    people = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    totals = models.JSONField(null=True)
    error = models.CharField(max_length=500, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at"], name="journeys_dryrun_created")]

    def __str__(self) -> str:
        return f"{self.journey_id}: {self.start:%Y-%m-%d}–{self.end:%Y-%m-%d}"


class DryRunPerson(models.Model):
    """One person in a dry run. ``marks`` find them by what became of them; ``story`` is all of it, in order."""

    run = models.ForeignKey(DryRun, on_delete=models.CASCADE, db_index=False, related_name="persons")
    contact_id = models.BigIntegerField()
    sent = models.PositiveIntegerField()
    marks = ArrayField(models.TextField())
    story = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "contact_id"], name="journeys_dryrunperson_once")]
        indexes = [models.Index(fields=["contact_id"], name="journeys_dryrunperson_contact")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.contact_id}"
