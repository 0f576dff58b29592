"""Files that are being imported, and what is wrong in them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from jouren.contacts.models import ConsentText
from jouren.imports.fields import Kind


class ImportState(models.TextChoices):
    """How far an import is. Being checked and running, it is worked on by a job; the others wait for somebody."""

    UPLOADED = "uploaded", _("Sent in")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked")
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")
    DONE = "done", _("Finished")
    FAILED = "failed", _("Broken off")


WORKING = (ImportState.CHECKING, ImportState.RUNNING)


class Import(models.Model):
    """A file and how far it is.

    ``file`` is its name in the data folder's ``imports``; empty: it is kept no longer. ``mapping``: which column each
    field is of. ``read_rows`` rows were read; of orders, all up to ``told_number`` are told (None: none yet). Of the
    ``bad_rows``, ``read_bad_rows`` were found by reading alone, with the first ``read_problems`` problems (None: it is
    not read to its end). The other numbers are of the check or of the run, whichever was last; who is known already
    only the check counts. ``report`` holds what the check found; what is personal in it, and whom it foresaw where
    (``foreseen``), goes with the file.
    """

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    name = models.CharField(_("file"), max_length=200)
    file = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(_("size"))
    language = models.CharField(max_length=12)
    source = models.CharField(_("source"), max_length=100)
    preset = models.CharField(max_length=40)
    encoding = models.CharField(_("encoding"), max_length=12)
    is_encoding_sure = models.BooleanField()
    delimiter = models.CharField(_("divided by"), max_length=1)
    header = ArrayField(models.TextField())
    mapping = models.JSONField()
    consent_text = models.ForeignKey(ConsentText, models.PROTECT, null=True, related_name="+")
    state = models.CharField(_("state"), max_length=12, choices=ImportState)
    error = models.TextField(blank=True)
    is_read = models.BooleanField(default=False)
    read_rows = models.BigIntegerField(default=0)
    read_bytes = models.BigIntegerField(default=0)
    staged = models.BigIntegerField(default=0)
    told_rows = models.BigIntegerField(default=0)
    told_number = models.TextField(null=True, db_collation="C")
    bad_rows = models.BigIntegerField(default=0)
    problems_kept = models.IntegerField(default=0)
    read_bad_rows = models.BigIntegerField(null=True)
    read_problems = models.IntegerField(default=0, db_default=0)
    orders = models.BigIntegerField(default=0)
    orders_known = models.BigIntegerField(default=0)
    people_made = models.BigIntegerField(default=0)
    people_known = models.BigIntegerField(default=0)
    people_erased = models.BigIntegerField(default=0)
    consents = models.BigIntegerField(default=0)
    report = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("sent in"))
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        db_table = "imports_import"
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["-created_at", "-id"], name="imports_import_listed")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_working(self) -> bool:
        """Whether a job works on it, or is about to."""
        return self.state in WORKING

    @property
    def percent(self) -> int:
        """How far the work at hand is; reading counts for a quarter where what was read is told of afterwards."""
        reading = 100 * self.read_bytes // max(self.size, 1)
        if self.kind != Kind.ORDERS:
            return min(reading, 100)
        telling = 100 * self.told_rows // max(self.staged, 1) if self.is_read else 0
        return min(reading // 4 + telling * 3 // 4, 100)


class ImportProblem(models.Model):
    """A row that is not imported, and why. ``line``: where it begins in the file. Holds nothing of the row's people."""

    of = models.ForeignKey(Import, models.CASCADE, related_name="problems")
    line = models.BigIntegerField(_("line"))
    column = models.TextField(_("column"), blank=True)
    reason = models.TextField(_("reason"))

    wagtail_reference_index_ignore = True

    class Meta:
        db_table = "imports_problem"
        ordering = ["line", "id"]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class ForeseenPerson(models.Model):
    """Somebody of a checked file, and where they would stand once it is imported. Kept no longer than the file.

    ``who``: by what the file knows somebody new; empty: it is ``contact_id``. ``place`` counts from 1, ``turn`` among
    those of the same stage and reason. They would come from ``now`` to ``stage`` by the rule ``rule_id`` (None: by
    none), which they met ``at`` a moment. ``agreed_at``: when they agreed to mail (None: not in this file), at
    ``agreed_where``.
    """

    of = models.ForeignKey(Import, models.CASCADE, related_name="foreseen")
    place = models.BigIntegerField()
    turn = models.BigIntegerField()
    who = models.TextField(_("person"), blank=True)
    contact_id = models.BigIntegerField(null=True)
    now = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField(_("stage"))
    rule_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(null=True)
    agreed_at = models.DateTimeField(null=True)
    agreed_where = models.TextField(blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        db_table = "imports_foreseen"
        indexes = [
            models.Index(fields=["of", "place"], name="imports_foreseen_place"),
            models.Index(fields=["of", "stage", "rule_id", "turn"], name="imports_foreseen_group"),
            models.Index(fields=["contact_id"], name="imports_foreseen_contact", condition=models.Q(contact_id__gt=0)),
            models.Index(fields=["who"], name="imports_foreseen_who", condition=~models.Q(who="")),
        ]

    def __str__(self) -> str:
        return self.who or f"={self.contact_id}"
