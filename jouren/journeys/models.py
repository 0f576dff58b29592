"""Journeys as authored, their frozen versions, and the people in them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import Value
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from wagtail.models import DraftStateMixin, LockableMixin, PreviewableMixin, RevisionMixin

from jouren.conditions.fields import ConditionField
from jouren.core.streams import AuthoredField
from jouren.core.zone import shop_zone_name
from jouren.journeys.blocks import ExitsBlock
from jouren.journeys.conversions import DEFAULT_DAYS, MAX_DAYS, ConversionsBlock
from jouren.journeys.replay.models import DryRun, DryRunPerson, DryRunState
from jouren.journeys.series.models import Series, SeriesIntake, SeriesItem, SeriesPublishing, SeriesVersion
from jouren.journeys.steps import StepsBlock
from jouren.journeys.triggers import MAX_TRIGGERS, TriggersBlock

__all__ = [
    "DayOff",
    "DryRun",
    "DryRunPerson",
    "DryRunState",
    "Enrolment",
    "EnrolmentState",
    "EntryPace",
    "GroupEntry",
    "Journey",
    "JourneyVersion",
    "Reentry",
    "Series",
    "SeriesIntake",
    "SeriesItem",
    "SeriesPublishing",
    "SeriesVersion",
]

_NOTHING = Value([], ArrayField(models.TextField()))
MAX_HOLDOUT = 90
"""Of a hundred people who would enter, so many at most get nothing, to compare."""


class Reentry(models.TextChoices):
    """Whether the same person may walk a journey more than once."""

    ONCE = "once", _("Once in a lifetime")
    AGAIN = "again", _("Again, when they are not in it")
    AFTER = "after", _("Again, so many days after they last entered")
    KEYED = "keyed", _("Once for each order (or other thing), also side by side")


class Precedence(models.IntegerChoices):
    """Which journey writes where several want to write to one person on one day."""

    FIRST = 1, _("It comes before others")
    LIKE_OTHERS = 2, _("Like others: no one gives way")
    LAST = 3, _("It gives way to others")


class Inside(models.TextChoices):
    """What a publishing does with the people inside."""

    MOVE = "move", _("Move them to the new version")
    FINISH = "finish", _("Let them finish on the version they are on")
    MOVE_ALL = "move_all", _("Move everybody to the new version, also those on older ones")


class JourneyQuerySet(models.QuerySet["Journey"]):
    """Journeys, deleted one by one: each has planned messages that must not go out any more."""

    def delete(self) -> tuple[int, dict[str, int]]:
        deleted: Counter[str] = Counter()
        with transaction.atomic():
            for journey in self:
                deleted.update(journey.delete()[1])
        return deleted.total(), dict(deleted)


class Journey(DraftStateMixin, LockableMixin, RevisionMixin, PreviewableMixin, models.Model):
    """A scenario as its author edits it. The engine runs its latest :class:`JourneyVersion` only."""

    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("what it is for"), blank=True)
    trigger = AuthoredField(TriggersBlock(), verbose_name=_("who enters"), blank=True, max_num=MAX_TRIGGERS)
    entry = ConditionField(_("only if"))
    reentry = models.CharField(_("how often"), max_length=10, choices=Reentry.choices, default=Reentry.ONCE)
    reentry_days = models.PositiveSmallIntegerField(
        _("days until they may enter again"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    key = models.CharField(
        _("once for each"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text=_("The property of the event that tells the walks apart, such as order."),
    )
    entries_per_hour = models.PositiveIntegerField(
        _("people an hour at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("More than that begin a little later, in their turn. Empty: no limit."),
    )
    precedence = models.PositiveSmallIntegerField(
        _("two journeys on one day"),
        choices=Precedence.choices,
        default=Precedence.LIKE_OTHERS,
        db_default=Precedence.LIKE_OTHERS,
        help_text=_("While a journey that comes first writes to somebody that day, what this one has for them waits."),
    )
    goal = ConditionField(
        _("goal"), help_text=_("Who reaches it leaves the journey. Asked again before every message.")
    )
    exits = AuthoredField(
        ExitsBlock(),
        verbose_name=_("exits"),
        blank=True,
        help_text=_(
            "Who meets one of these leaves the journey. Conditions are asked again before every message;"
            " an event counts at once."
        ),
    )
    conversion = AuthoredField(
        ConversionsBlock(),
        verbose_name=_("what counts as a success"),
        blank=True,
        default=list,
        db_default=Value("[]"),
        max_num=1,
        help_text=_("Empty: a click in one of its messages. It is counted, and changes nothing for anybody."),
    )
    conversion_days = models.PositiveSmallIntegerField(
        _("days in which it counts"),
        default=DEFAULT_DAYS,
        db_default=DEFAULT_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_DAYS)],
        help_text=_("From entering the journey; at each message, from that message."),
    )
    holdout = models.PositiveSmallIntegerField(
        _("held back to compare, in per cent"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_HOLDOUT)],
        help_text=_(
            "So many of a hundred people who would enter are drawn by lot and get nothing of this journey, so that you"
            " see what it brings. Empty: nobody is held back."
        ),
    )
    steps = AuthoredField(StepsBlock(), verbose_name=_("steps"), blank=True)
    zone = models.CharField(_("time zone"), max_length=50, default=shop_zone_name)

    objects = JourneyQuerySet.as_manager()

    class Meta:
        verbose_name = _("journey")
        verbose_name_plural = _("journeys")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @transaction.atomic
    def publish(self, revision: Any, user: Any = None, **options: Any) -> None:
        """Publish by hand, schedule or workflow: one way, which freezes a version for the engine.

        What becomes of the people inside was chosen for the revision (:class:`PublishChoice`), or they move.
        """
        from jouren.journeys.actions import freeze_version

        super().publish(revision, user=user, **options)
        live = Journey.objects.get(pk=self.pk)
        if live.live and live.live_revision_id == revision.pk:  # else it is to go live later
            chosen = PublishChoice.objects.filter(revision=revision.pk).first()
            inside = Inside(chosen.inside) if chosen else Inside.MOVE
            freeze_version(live, revision_id=revision.pk, inside=inside, by=user)

    @transaction.atomic
    def unpublish(
        self, set_expired: bool = False, commit: bool = True, user: Any = None, log_action: bool = True
    ) -> None:
        """Nobody enters any more, and those inside stand still until the journey is published again."""
        from jouren.journeys.actions import retire_versions

        super().unpublish(set_expired=set_expired, commit=commit, user=user, log_action=log_action)
        retire_versions(self)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete the journey and all walks through it; what it had planned to send does not go out any more."""
        from jouren.journeys.locks import trying_again
        from jouren.messaging.actions import cancel_run

        pk = self.pk

        def delete() -> tuple[int, dict[str, int]]:
            self.pk = pk
            for run_id in set(self.versions.values_list("run_id", flat=True)):
                cancel_run(run_id)
            deleted = super(Journey, self).delete(*args, **options)
            connection.check_constraints()  # somebody may have entered meanwhile: then all of it again
            return deleted

        return trying_again(delete)

    @property
    def preview_modes(self) -> list[tuple[str, Any]]:
        """The whole flow at a glance, or what one person gets, day by day."""
        return [("flow", _("Flow")), ("days", _("Day by day"))]

    def make_preview_request(
        self, original_request: Any = None, preview_mode: Any = None, extra_request_attrs: Any = None
    ) -> Any:
        """The preview speaks its author's language: the imitated request would have the site's."""
        attributes = {**(extra_request_attrs or {}), "author_language": get_language()}
        return super().make_preview_request(original_request, preview_mode, attributes)

    def serve_preview(self, request: Any, mode_name: str) -> Any:
        with override(getattr(request, "author_language", None) or get_language()):
            return super().serve_preview(request, mode_name).render()

    def get_preview_template(self, request: Any, mode_name: str) -> str:
        return f"journeys/preview_{mode_name or 'flow'}.html"

    def get_preview_context(self, request: Any, mode_name: str) -> dict[str, Any]:
        from jouren.journeys.preview import preview_context

        return {**super().get_preview_context(request, mode_name), **preview_context(self, mode_name)}

    def full_clean_for_publishing(self) -> None:
        """Raise ValidationError, told by field, when this journey cannot run as it stands."""
        from jouren.journeys.checking import checked_program
        from jouren.journeys.compiler import JourneyProblem

        try:
            checked_program(self)
        except JourneyProblem as problem:
            raise ValidationError({problem.field: problem.messages}) from problem


class JourneyVersion(models.Model):
    """A published journey, frozen: the engine's only source. ``compiled`` is described in ``program.py``.

    ``live``: people enter it. Others may still have people inside, who finish there. ``content`` is the journey as its
    author had written it. ``may_end_early``: it has a goal or exits that are conditions. ``ends_on``: the types of
    events that end walks.
    """

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    revision_id = models.BigIntegerField(null=True)
    compiled = models.JSONField()
    schema = models.PositiveSmallIntegerField()
    hash = models.CharField(max_length=64)
    live = models.BooleanField(default=True)
    run = models.ForeignKey("messaging.Run", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    content = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    inside = models.CharField(max_length=10, choices=Inside.choices, default=Inside.MOVE, db_default=Inside.MOVE)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    may_end_early = models.BooleanField(default=True, db_default=True)
    ends_on = ArrayField(models.TextField(), default=list, db_default=_NOTHING)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["journey", "number"], name="journeys_version_number"),
            models.UniqueConstraint(
                fields=["journey"], condition=models.Q(live=True), name="journeys_version_one_live"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.journey} ({self.number})"


class PublishChoice(models.Model):
    """What was chosen for a revision before it is published: at once, at a set time, or when somebody approves it."""

    revision = models.OneToOneField("wagtailcore.Revision", on_delete=models.CASCADE, primary_key=True)
    inside = models.CharField(max_length=10, choices=Inside.choices, default=Inside.MOVE)

    def __str__(self) -> str:
        return f"{self.pk}: {self.inside}"


class Entries(models.TextChoices):
    """What happens to those who would enter a paused journey."""

    TURN_AWAY = "turn_away", _("They do not enter; how many they were is counted")
    HOLD = "hold", _("They enter and stand at the first step until you resume")


class Pause(models.Model):
    """A time in which everybody in a journey stands still. Not resumed yet: the journey is paused."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="pauses")
    entries = models.CharField(max_length=10, choices=Entries.choices, default=Entries.TURN_AWAY)
    paused_at = models.DateTimeField()
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["journey"], condition=models.Q(resumed_at=None), name="journeys_pause_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.journey_id}: {self.paused_at}"


class TurnedAway(models.Model):
    """Somebody who would have entered while the journey was paused."""

    pause = models.ForeignKey(Pause, on_delete=models.CASCADE, db_index=False, related_name="turned_away")
    contact_id = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pause", "contact_id"], name="journeys_turnedaway_once")]

    def __str__(self) -> str:
        return f"{self.pk}"


class DayOff(models.Model):
    """A day on which the shop is closed, besides weekends and public holidays."""

    day = models.DateField(_("day"), unique=True)
    name = models.CharField(_("why"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("day off")
        verbose_name_plural = _("days off")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class EnrolmentState(models.IntegerChoices):
    """Whether a person is still on the way. ``FINISHED`` walked to the end; ``LEFT`` went before it.

    ``HELD_OUT`` never set out: they were drawn by lot to be compared with those who did.
    """

    ACTIVE = 1, _("On the way")
    FINISHED = 2, _("Finished")
    LEFT = 3, _("Left")
    FAILED = 4, _("Stopped by an error")
    HELD_OUT = 5, _("Held back to compare")


class Enrolment(models.Model):
    """One person's walk through a journey.

    ``step`` is where they are, ``arrived_at`` since when; the advancer looks again at ``due_at``. While the journey
    stands still that is null, and ``held_due_at`` is when they would be looked at. ``waits_for`` are the types of
    events that would wake them before, separated by spaces; ``heard_event_id`` is the one that did, ``heard_path`` the
    way it opens. ``key``: what this walk is about, in journeys that are walked once for each order, say.
    ``started_by`` is the walk whose step started this one. ``place``: within a step that sends a series, its slot
    whose item they got last.

    What resuming after a pause may leave: ``shifted`` is how much ``arrived_at`` was put later, ``counted_from`` the
    moment from which days are counted instead of ``entered_at``; ``skips``: messages are left out up to their next
    wait. ``in_control_group``: they belonged to the shop's control group when they entered.
    """

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, db_index=False, related_name="+")
    version = models.ForeignKey(
        JourneyVersion, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False, related_name="+"
    )
    contact_id = models.BigIntegerField()
    occurrence = models.PositiveIntegerField(default=1)
    state = models.PositiveSmallIntegerField(choices=EnrolmentState.choices, default=EnrolmentState.ACTIVE)
    step = models.UUIDField(null=True)
    arrived_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    waits_for = models.TextField(null=True)
    heard_event_id = models.BigIntegerField(null=True)
    heard_path = models.SmallIntegerField(null=True)
    key = models.TextField(default="", db_default="")
    place = models.UUIDField(null=True)
    started_by = models.BigIntegerField(null=True)
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(default="", db_default="")
    held_due_at = models.DateTimeField(null=True)
    shifted = models.DurationField(null=True)
    counted_from = models.DateTimeField(null=True)
    skips = models.BooleanField(default=False, db_default=False)
    in_control_group = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "contact_id", "occurrence"], name="journeys_enrolment_occurrence"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state=EnrolmentState.ACTIVE),
                name="journeys_enrolment_due",
            ),
            models.Index(
                fields=["contact_id"],
                condition=models.Q(state=EnrolmentState.ACTIVE),
                name="journeys_enrolment_active",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class EntryPace(models.Model):
    """Until when the allowance of a journey with a limit on entries is used up."""

    journey = models.OneToOneField(Journey, on_delete=models.CASCADE, primary_key=True, related_name="+")
    busy_until = models.DateTimeField()


class GroupEntry(models.Model):
    """The people of a segment, put into a journey by hand (``group_entry.py``).

    ``token`` is that of the form it was asked for with. Only whoever was in the segment by ``asked_at`` comes in, and
    only while its condition is the one of ``segment_version``. Everybody up to ``after_id`` was looked at: ``seen``
    people, of whom ``entered`` came in. ``stopped_by`` is a ``group_entry.Stop``, where it ended before the last one.
    """

    token = models.UUIDField(unique=True)
    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, db_index=False, related_name="+")
    segment_id = models.BigIntegerField()
    segment_version = models.PositiveIntegerField()
    after_id = models.BigIntegerField(default=0, db_default=0)
    seen = models.PositiveIntegerField(default=0, db_default=0)
    entered = models.PositiveIntegerField(default=0, db_default=0)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+"
    )
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    stopped_by = models.CharField(max_length=20, default="", db_default="")

    class Meta:
        db_table = "journeys_group_entry"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "segment_id"],
                condition=models.Q(finished_at=None),
                name="journeys_group_entry_one_open",
            )
        ]
        indexes = [models.Index(fields=["segment_id", "-id"], name="journeys_group_entry_segment")]

    def __str__(self) -> str:
        return f"{self.segment_id} → {self.journey_id}"


class DatedEntries(models.Model):
    """How far the dates of one trigger of a journey were looked at (``dated_entries.py``).

    ``trigger`` is the trigger's fingerprint. Every moment up to ``seen_until`` is done, and of the next one the people
    up to ``after_contact_id``.
    """

    journey_id = models.BigIntegerField()
    trigger = models.CharField(max_length=64)
    seen_until = models.DateTimeField()
    after_contact_id = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "journeys_dated_entries"
        constraints = [models.UniqueConstraint(fields=["journey_id", "trigger"], name="journeys_dated_entries_once")]

    def __str__(self) -> str:
        return f"{self.journey_id}: {self.seen_until}"
