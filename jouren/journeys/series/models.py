"""Series as their author edits them, and their frozen versions."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jouren.journeys.series.rhythm import EVERY_MORNING, Rhythm, describe_rhythm, read_rhythm


def every_morning() -> dict[str, Any]:
    """The rhythm that a series begins with, as it is stored."""
    return EVERY_MORNING.to_json()


class Series(models.Model):
    """An ordered list of messages with a rhythm. The engine runs ``live_version`` only; null: never published."""

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("what it is for"), blank=True)
    rhythm = models.JSONField(_("rhythm"), default=every_morning, blank=True)
    live_version = models.ForeignKey(
        "journeys.SeriesVersion", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = pgettext_lazy("plural", "series")
        ordering = ["name", "id"]
        default_permissions = ()  # those of journeys hold

    def __str__(self) -> str:
        return self.name

    @property
    def rhythm_text(self) -> str:
        """The rhythm in words."""
        return describe_rhythm(self.read_rhythm())

    def read_rhythm(self) -> Rhythm:
        """The rhythm as it is now; what people get goes by that of the live version."""
        return read_rhythm(self.rhythm)


class SeriesItem(models.Model):
    """One message at one place of a series. ``number`` counts from 1 without gaps; its deliveries bear ``id``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, db_index=False, related_name="items")
    number = models.PositiveIntegerField()
    message = models.ForeignKey("messaging.Message", on_delete=models.SET_NULL, null=True, related_name="+")

    wagtail_reference_index_ignore = True

    class Meta:
        ordering = ["number"]
        constraints = [
            # Looked at when a transaction ends: moving one item shifts those in between.
            models.UniqueConstraint(
                fields=["series", "number"], name="journeys_seriesitem_number", deferrable=models.Deferrable.DEFERRED
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}"


class SeriesVersion(models.Model):
    """A published series, frozen. ``slots``: ``[id, item | null, message version, since]`` each (see ``order.py``)."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, db_index=False, related_name="versions")
    number = models.PositiveIntegerField()
    rhythm = models.JSONField()
    slots = models.JSONField()
    items = models.PositiveIntegerField()
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["series", "number"], name="journeys_seriesversion_number")]

    def __str__(self) -> str:
        return f"{self.series} ({self.number})"


class SeriesPublishing(models.Model):
    """A series that a worker was asked to publish. ``problems``: what hindered it; empty: it is still at it."""

    series = models.OneToOneField(Series, on_delete=models.CASCADE, primary_key=True, related_name="publishing")
    asked_at = models.DateTimeField()
    problems = models.JSONField(default=list)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.pk}"


class SeriesIntake(models.Model):
    """Messages read from files, shown to whoever brought them, and made when they agree. Forgotten after a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="+")
    user_id = models.IntegerField()
    created_at = models.DateTimeField()
    drafts = models.JSONField()
    problems = models.JSONField()
    notes = models.JSONField(default=list)

    wagtail_reference_index_ignore = True

    def __str__(self) -> str:
        return f"{self.pk}"
