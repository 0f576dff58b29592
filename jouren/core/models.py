from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Clock(models.Model):
    """How far a sandbox's clock runs ahead of the real one, and how far it is on its way to. One row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    offset_seconds = models.FloatField(default=0)
    target_seconds = models.FloatField(null=True)

    class Meta:
        db_table = "core_clock"
        verbose_name = _("sandbox clock")


class Allowance(models.Model):
    """How much of a limited number was used since ``since``. ``key`` is a keyed hash: no address is readable."""

    key = models.CharField(max_length=100, primary_key=True)
    since = models.DateTimeField()
    used = models.PositiveIntegerField()
    lasts = models.DurationField()


class Worker(models.Model):
    """A worker process that says every few seconds that it lives. Times are real ones, also in a sandbox."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "core_worker"


class ShopZone(models.Model):
    """The shop's time zone, such as ``Asia/Tokyo``. One row at most; without it, the default."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=64)

    class Meta:
        db_table = "core_shopzone"

    def __str__(self) -> str:
        return self.name


class FirstKey(models.Model):
    """What opens an installation that has no owner: the digest of a key that the terminal shows. One row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "core_firstkey"

    def __str__(self) -> str:
        return str(self.made_at)


class SkippedStep(models.Model):
    """A first step that this shop does not want to be reminded of. ``key`` is the name under which it is registered."""

    key = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "core_skipped_step"
        default_permissions = ()
