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


class Overdue(models.TextChoices):
    """What becomes of messages that waited while a restored installation held all sends."""

    CAREFUL = "careful", _("Withhold marketing that was due before the restore; send everything else")
    SEND = "send", _("Send everything")
    WITHHOLD = "withhold", _("Withhold everything that is due by now, confirmations too")


class Restore(models.Model):
    """That this installation came out of a backup. While ``released_at`` is null nothing is sent and nobody is called.

    ``taken_at`` is the moment of the backup. ``settled_at``: until then all that fell due after it was worked
    through at the restore; what was due by then may have been sent by the installation that was backed up. Null: the
    restore was cut off before that.
    """

    taken_at = models.DateTimeField()
    restored_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    overdue = models.CharField(max_length=10, choices=Overdue.choices, default="", db_default="")

    class Meta:
        db_table = "core_restore"
        verbose_name = _("hold after a restore")
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(released_at__isnull=True), name="core_restore_one_holds"
            )
        ]

    def __str__(self) -> str:
        return f"{self.restored_at:%Y-%m-%d %H:%M}"


class BackupRun(models.Model):
    """A backup that was asked for, is being made, or was made. Times are real ones, also in a sandbox.

    ``file`` is its name in the folder of backups; ``error`` says why there is none. ``is_asked``: somebody wanted it,
    and it was not the day's.
    """

    file = models.CharField(max_length=200, default="", db_default="")
    size = models.BigIntegerField(default=0, db_default=0)
    is_asked = models.BooleanField(default=False, db_default=False)
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, default="", db_default="")

    class Meta:
        db_table = "core_backup_run"
        verbose_name = _("backup")
        indexes = [models.Index(fields=["-asked_at"], name="core_backup_run_newest")]

    def __str__(self) -> str:
        return self.file or f"{self.asked_at:%Y-%m-%d %H:%M}"


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
