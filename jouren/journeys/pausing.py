"""Pausing a journey, which freezes everybody in it where they are, and resuming it, which says what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.journeys.actions import User, live_version
from jouren.journeys.engine import CHANNEL
from jouren.journeys.locks import lock_journey, lock_walks, trying_again
from jouren.journeys.models import Entries, Journey, JourneyVersion, Pause
from jouren.journeys.program import Step
from jouren.journeys.versions import load_version
from jouren.messaging.actions import hold_run, release_run

_sql = load_sql("journeys")
MAX_HOURS, MAX_DAYS = 24 * 31, 365


class PauseProblem(UserError):
    """A journey that is paused cannot be paused, nor one be resumed that is not."""


class How(TextChoices):
    """What becomes of those whose time came during the pause."""

    AT_ONCE = "at_once", gettext_lazy("Go on at once")
    SPREAD = "spread", gettext_lazy("Spread them over some hours")
    SKIP = "skip", gettext_lazy("Skip what is long overdue")
    SHIFT = "shift", gettext_lazy("Put everybody later by the length of the pause")


@dataclass(frozen=True)
class Resumption:
    """How a journey goes on. ``hours``: for SPREAD; ``days``: for SKIP, how much later than meant is too late."""

    how: How
    hours: int = 0
    days: int = 0

    def check(self) -> None:
        """Raises PauseProblem for a number that makes no sense."""
        if self.how == How.SPREAD and not 1 <= self.hours <= MAX_HOURS:
            raise PauseProblem(_("Say over how many hours: 1 to %(most)s.") % {"most": MAX_HOURS})
        if self.how == How.SKIP and not 0 <= self.days <= MAX_DAYS:
            raise PauseProblem(_("Say from how many days on: 0 to %(most)s.") % {"most": MAX_DAYS})


def pause_journey(journey: Journey, *, entries: Entries = Entries.TURN_AWAY, by: User | None = None) -> Pause:
    """Freeze everybody where they are. What they wait for is still listened to.

    Raises:
        NotPublished: it does not run.
        PauseProblem: it is paused already.
    """

    def pause() -> Pause:
        lock_journey(journey.pk)
        live = live_version(journey)
        if Pause.objects.filter(journey=journey, resumed_at=None).exists():
            raise PauseProblem(_("The journey “%(name)s” is paused already.") % {"name": journey})
        made = Pause.objects.create(journey=journey, entries=entries, paused_at=clock.now())
        lock_walks(journey.pk)
        people = _sql.run("stand_still", {"journey_id": journey.pk})
        hold_run(live.run_id)
        log(instance=journey, action="journeys.pause", user=by, data={"people": people, "entries": str(entries)})
        return made

    return trying_again(pause)


def resume_journey(journey: Journey, resumption: Resumption, *, by: User | None = None) -> int:
    """Let everybody go on, in the way chosen. Returns how many they are.

    Raises:
        NotPublished: it was unpublished meanwhile; publishing it comes first.
        PauseProblem: it is not paused, or the number makes no sense.
    """
    resumption.check()

    def resume() -> int:
        lock_journey(journey.pk)
        live = live_version(journey)
        pause = Pause.objects.filter(journey=journey, resumed_at=None).first()
        if pause is None:
            raise PauseProblem(_("The journey “%(name)s” is not paused.") % {"name": journey})
        now = clock.now()
        Pause.objects.filter(pk=pause.pk).update(resumed_at=now)
        lock_walks(journey.pk)
        people = _WAYS[resumption.how](pause, resumption, now)
        release_run(live.run_id)
        data = {"how": str(resumption.how), "hours": resumption.hours, "days": resumption.days, "people": people}
        log(instance=journey, action="journeys.resume", user=by, data=data)
        wake(CHANNEL)
        return people

    return trying_again(resume)


def _at_once(pause: Pause, resumption: Resumption, now: datetime) -> int:
    return _sql.run("go_on", {"journey_id": pause.journey_id, "now": now})


def _spread(pause: Pause, resumption: Resumption, now: datetime) -> int:
    length = timedelta(hours=resumption.hours)
    return _sql.run("go_on_spread", {"journey_id": pause.journey_id, "now": now, "length": length})


def _skip(pause: Pause, resumption: Resumption, now: datetime) -> int:
    length = timedelta(days=resumption.days)
    return _sql.run("go_on_skipping", {"journey_id": pause.journey_id, "now": now, "length": length})


def _shift(pause: Pause, resumption: Resumption, now: datetime) -> int:
    return _sql.run(
        "go_on_shifted",
        {
            "journey_id": pause.journey_id,
            "now": now,
            "paused_at": pause.paused_at,
            "dated": _steps(pause.journey_id, lambda step: step.is_dated),
            "clocked": _steps(pause.journey_id, lambda step: step.is_clocked),
        },
    )


def _steps(journey_id: int, is_wanted: Callable[[Step], bool]) -> list[UUID]:
    """The steps of that sort, of all versions that somebody is on."""
    ids = {row[0] for row in _sql.all("active_versions", {"journey_id": journey_id})}
    programs = [load_version(version_id).program for version_id in sorted(ids)]
    return sorted({UUID(step.id) for program in programs for step in program.steps.values() if is_wanted(step)})


_WAYS: Mapping[How, Callable[[Pause, Resumption, datetime], int]] = {
    How.AT_ONCE: _at_once,
    How.SPREAD: _spread,
    How.SKIP: _skip,
    How.SHIFT: _shift,
}


@dataclass(frozen=True)
class Standing:
    """How many stand still at a step of a version; how many of them are past their time, by how much at least."""

    version: JourneyVersion
    step: str | None
    people: int
    late: int
    late_a_day: int
    late_a_week: int
    longest: timedelta


def standing(journey: Journey) -> list[Standing]:
    """Who stands still in a journey, by version and step, the most overdue first."""
    rows = _sql.all("overdue", {"journey_id": journey.pk, "now": clock.now()})
    versions = JourneyVersion.objects.in_bulk({row[0] for row in rows})
    places = [Standing(versions[version_id], *counts) for version_id, *counts in rows]
    return sorted(places, key=lambda place: (-place.late, -place.people, place.version.number, place.step or ""))
