"""The figures of the mechanisms, what holds of people by them, and tasks for the shop's own people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jouren.contacts.models import Contact
from jouren.core.money import MOST
from jouren.mechanisms.vocabulary import Bar, MarkKind, Occasion, TaskState

MOST_DAYS, MOST_COUNT = 3650, 100


class MechanismRules(models.Model):
    """One row, which a migration makes; only ``save_rules`` changes it. Each part has a switch of its own.

    Likely regular: ``likely_purchases`` at the regular price, the last within ``likely_days``, and ``likely_bar`` at
    the last answer. Good customer (優良): ``good_amount`` at the regular price within a year, in yen. Lapse (休眠): no
    purchase for ``lapse_times`` the days that what was bought last lasts, or ``lapse_days`` where nobody knows them.
    Win-back: who got ``winback_messages`` since, and did not buy for ``winback_days`` after, is left in peace.

    ``next_at``: when people are looked through again; ``looked_at``: until when lapses were looked for.
    """

    likely_is_enabled = models.BooleanField(default=True, db_default=True)
    likely_purchases = models.PositiveSmallIntegerField(default=2)
    likely_days = models.PositiveSmallIntegerField(default=180)
    likely_bar = models.CharField(max_length=20, choices=Bar, default=Bar.AS_EXPECTED)
    good_is_enabled = models.BooleanField(default=False, db_default=False)
    good_amount = models.BigIntegerField(default=100_000)
    lapse_is_enabled = models.BooleanField(default=True, db_default=True)
    lapse_days = models.PositiveSmallIntegerField(default=180)
    lapse_by_product = models.BooleanField(default=True, db_default=True)
    lapse_times = models.PositiveSmallIntegerField(default=2)
    winback_is_enabled = models.BooleanField(default=True, db_default=True)
    winback_messages = models.PositiveSmallIntegerField(default=3)
    winback_days = models.PositiveSmallIntegerField(default=14)
    next_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("rules of the mechanisms")
        verbose_name_plural = _("rules of the mechanisms")
        constraints = [
            models.CheckConstraint(condition=Q(good_amount__range=(1, MOST)), name="mechanisms_good_amount"),
            models.CheckConstraint(
                condition=Q(likely_purchases__gte=1, likely_days__gte=1, lapse_days__gte=1, lapse_times__gte=1),
                name="mechanisms_positive",
            ),
        ]

    def __str__(self) -> str:
        return str(_("rules of the mechanisms"))


class Mark(models.Model):
    """That something held of a person from ``since`` to ``until`` (None: it holds). The history stays.

    ``noted_at``: when that became known. ``counted_from``: of a lapse, the purchase after which nothing came; ``days``:
    how many of them made it.
    """

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="marks", db_index=False)
    kind = models.CharField(max_length=20, choices=MarkKind)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    noted_at = models.DateTimeField()
    counted_from = models.DateTimeField(null=True)
    days = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("mark of a person")
        verbose_name_plural = _("marks of people")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "kind"], condition=Q(until__isnull=True), name="mechanisms_mark_once"
            )
        ]
        indexes = [
            models.Index(fields=["contact", "kind", "-since"], name="mechanisms_mark_of"),
            models.Index(fields=["kind", "-since"], condition=Q(until__isnull=True), name="mechanisms_mark_open"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.kind}"


class TaskKind(models.Model):
    """Something that the shop does by hand for its best customers (特別扱い)."""

    name = models.CharField(_("what to do"), max_length=100)
    description = models.CharField(
        pgettext_lazy("of special treatment", "how"), max_length=500, blank=True, default="", db_default=""
    )
    occasion = models.CharField(pgettext_lazy("of special treatment", "when"), max_length=20, choices=Occasion)
    is_enabled = models.BooleanField(_("enabled"), default=True, db_default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("kind of special treatment")
        verbose_name_plural = _("kinds of special treatment")

    def __str__(self) -> str:
        return self.name


class Task(models.Model):
    """One such thing for one person; each kind comes up once for each. ``who``: who has taken it on, or done it."""

    kind = models.ForeignKey(TaskKind, models.PROTECT, related_name="tasks", db_index=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="tasks")
    occasion = models.CharField(max_length=20, choices=Occasion)
    at = models.DateTimeField(_("since"))
    who = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    state = models.CharField(_("state"), max_length=12, choices=TaskState, default=TaskState.OPEN)
    note = models.CharField(_("note"), max_length=1000, blank=True, default="", db_default="")
    done_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        constraints = [models.UniqueConstraint(fields=["kind", "contact"], name="mechanisms_task_once")]
        indexes = [
            models.Index(fields=["-at", "-id"], condition=Q(state="open"), name="mechanisms_task_open"),
            models.Index(fields=["-done_at"], condition=~Q(state="open"), name="mechanisms_task_done"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"
