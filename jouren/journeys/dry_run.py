"""The dry run: what a journey would have done to real people between two moments. Nothing is sent.

People are played in batches, each in a transaction in which the database refuses every change; what came of it is kept
after that, in tables of the dry run's own, which are emptied after a month.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.journeys.actions import User
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.models import DryRun, DryRunState, Journey
from jouren.journeys.replay import helpers
from jouren.journeys.replay.counts import Counts
from jouren.journeys.replay.player import Player
from jouren.journeys.replay.series import with_series
from jouren.journeys.versions import load_program

logger = logging.getLogger(__name__)
KEPT_DAYS = 30
MOST_DAYS = 1_100
CHANNELS = ("email", "line")
BATCH = 500


class BadDryRun(UserError):
    """A dry run that cannot be started; the message says why, in the author's words."""


def start_dry_run(
    journey: Journey,
    *,
    start: datetime,
    end: datetime,
    costs: Mapping[str, Decimal] | None = None,
    is_draft: bool = False,
    by: User | None = None,
) -> DryRun:
    """Begin a dry run of the version that people enter now, or of the draft, in the background.

    Raises:
        BadDryRun: the time cannot be played, or there is nothing that could be.
    """
    from jouren.journeys.tasks import play_dry_run

    now = clock.now()
    if start >= end:
        raise BadDryRun(_("The first day must be before the last one."))
    if end > now:
        raise BadDryRun(_("A dry run goes over what has happened: choose a last day that is over, or today."))
    if end - start > timedelta(days=MOST_DAYS):
        raise BadDryRun(_("Choose at most %(days)s days.") % {"days": MOST_DAYS})
    number, compiled = _compiled(journey, is_draft=is_draft)
    program = load_program(compiled)
    if not program.triggers and not program.dates:
        raise BadDryRun(_("Nobody enters this journey by an event or a date, so there is nobody to play it with."))
    with transaction.atomic():
        run = DryRun.objects.create(
            journey=journey,
            number=number,
            compiled=with_series(compiled, program),
            start=start,
            end=end,
            costs={channel: str(cost) for channel, cost in (costs or {}).items()},
            by_id=by.pk if by else None,
            created_at=now,
        )
        play_dry_run.defer(run_id=run.pk)
    return run


def _compiled(journey: Journey, *, is_draft: bool) -> tuple[int | None, dict[str, Any]]:
    version = journey.versions.filter(live=True).first()
    if version is not None and not is_draft:
        return version.number, version.compiled
    if not is_draft:
        raise BadDryRun(_("This journey is not published. Choose the draft."))
    draft = journey.get_latest_revision_as_object() if journey.latest_revision_id else journey
    try:
        return None, compile_journey(draft)
    except JourneyProblem as problem:
        raise BadDryRun(
            _("The draft cannot be played yet: %(problem)s") % {"problem": " ".join(problem.messages)}
        ) from problem


def play_all(run_id: int) -> None:
    """Play a dry run to its end, and keep what came of it. One that was begun before begins anew."""
    run = DryRun.objects.filter(pk=run_id).select_related("journey").first()
    if run is None or run.state == DryRunState.DONE:
        return
    run.persons.all().delete()
    run.state, run.done = DryRunState.RUNNING, 0
    run.save(update_fields=["state", "done"])
    try:
        counts = _play(run, clock.now())
    except Exception as error:
        logger.exception("Dry run %s failed", run.pk)
        reason = type(error).__name__
        DryRun.objects.filter(pk=run.pk).update(state=DryRunState.FAILED, error=reason, finished_at=clock.now())
        return
    DryRun.objects.filter(pk=run.pk).update(state=DryRunState.DONE, totals=counts.as_json(), finished_at=clock.now())


def _play(run: DryRun, now: datetime) -> Counts:
    player = Player(run, now)
    people = player.people()
    counts, done = Counts(player.setting.version.program.zone), 0
    DryRun.objects.filter(pk=run.pk).update(people=len(people))
    for count, part in _parts(player, people, now):
        counts.add_all(part)
        done += count
        DryRun.objects.filter(pk=run.pk).update(done=done)
    return counts


def _parts(player: Player, people: Sequence[tuple[int, datetime]], now: datetime) -> Iterator[tuple[int, Counts]]:
    """Everybody, a batch at a time, here or by helpers.

    With a limit of entries an hour everybody's turn hangs on all who came before them, so one process plays them all.
    """
    if per_hour := player.setting.version.program.entries_per_hour:
        in_turn = sorted(people, key=lambda each: each[1])
        return player.play_in_turn([(batch[0][1], _ids(batch)) for batch in _batches(in_turn)], per_hour)
    batches = [_ids(batch) for batch in _batches(people)]
    if len(people) >= helpers.ENOUGH and (os.cpu_count() or 1) > 1:
        return helpers.play_beside(player.run.pk, now, batches)
    return ((len(batch), player.play(batch)) for batch in batches)


def _batches(people: Sequence[tuple[int, datetime]]) -> list[Sequence[tuple[int, datetime]]]:
    return [people[first : first + BATCH] for first in range(0, len(people), BATCH)]


def _ids(people: Sequence[tuple[int, datetime]]) -> list[int]:
    return [contact_id for contact_id, _first in people]


def forget_old_dry_runs() -> int:
    """Delete dry runs that are older than a month. Returns how many."""
    old = DryRun.objects.filter(created_at__lt=clock.now() - timedelta(days=KEPT_DAYS))
    count = old.count()
    old.delete()
    return count
