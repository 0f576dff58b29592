"""What is counted while people walk, figures that are kept, and reports that are being written to files."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Passage(models.Model):
    """How many people went on from a step to the next one (null: the end) on one day of the journey's zone.

    ``bucket`` says how long they had been there (see ``durations.py``). Rows are only added; a nightly job puts equal
    ones together, so that no two workers wait for each other.
    """

    version_id = models.BigIntegerField()
    step = models.UUIDField()
    next = models.UUIDField(null=True)
    day = models.DateField()
    bucket = models.SmallIntegerField()
    people = models.PositiveIntegerField()

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [models.Index(fields=["version_id", "day"], name="reports_passage_day")]

    def __str__(self) -> str:
        return f"{self.step} → {self.next}"


class Unsubscription(models.Model):
    """A delivery through whose links somebody unsubscribed."""

    delivery_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.pk}"


class KeptFigures(models.Model):
    """Figures of a large journey, or without one of the shop, as they were counted at a moment. ``question``: what was
    counted (``kept.py``).

    ``figures`` and ``as_of`` are null before the first count is done. ``seconds``: how long the last one took;
    ``asked_at``: since when a job is to count anew, null when none is.
    """

    journey = models.ForeignKey(
        "journeys.Journey", on_delete=models.CASCADE, null=True, db_index=False, related_name="+"
    )
    question = models.CharField(max_length=200)
    figures = models.JSONField(null=True)
    as_of = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0, db_default=0)
    asked_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name_plural = "kept figures"
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "question"], nulls_distinct=False, name="reports_keptfigures_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.journey_id}: {self.question}"


class ExportState(models.IntegerChoices):
    """How far an export is."""

    WAITING = 0, _("Waits")
    RUNNING = 1, _("Is being written")
    DONE = 2, _("Ready")
    FAILED = 3, _("Failed")


class ReportExport(models.Model):
    """A report as CSV, for whoever asked for it: made by a job, kept for some days. ``percent``: how far it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    journey = models.ForeignKey("journeys.Journey", on_delete=models.CASCADE, related_name="+")
    user_id = models.BigIntegerField()
    language = models.CharField(max_length=10)
    version = models.PositiveIntegerField(null=True)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    state = models.PositiveSmallIntegerField(choices=ExportState.choices, default=ExportState.WAITING)
    percent = models.PositiveSmallIntegerField(default=0)
    content = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_index=True)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.pk}"
