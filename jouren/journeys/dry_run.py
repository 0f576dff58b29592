"""The dry run: what a journey would have done to real people between two moments. Nothing is sent.

People are played in batches, each in a transaction in which the database refuses every change; what came of it is kept
after that, in tables of the dry run's own, which are emptied after a month.
"""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.sql import load_sql
from jouren.journeys.actions import User
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.models import DryRun, DryRunState, Journey
from jouren.journeys.preview import FlowStep, flow
from jouren.journeys.replay.replay import Happening, Replay, play
from jouren.journeys.replay.sources import PastFacts, entrants, load_lives, read_only, setting_of
from jouren.journeys.versions import LoadedVersion, load_program

logger = logging.getLogger(__name__)
_sql = load_sql("journeys")
BATCH = 2_000
KEPT_DAYS = 30
MOST_DAYS = 1_100
CHANNELS = ("email", "line")


class BadDryRun(UserError):
    """A dry run that cannot be started; the message says why, in the author's words."""


@dataclass
class Tally:
    """The sums of a dry run. ``days``: by day of the journey's zone, messages sent and stopped."""

    program_zone: Any
    people: int = 0
    walks: int = 0
    finished: int = 0
    left: Counter[str] = field(default_factory=Counter)
    steps: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    channels: Counter[str] = field(default_factory=Counter)
    waiting: int = 0

    def add(self, replay: Replay) -> None:
        """Count one person's time."""
        self.people += any(each.what == "entered" for each in replay.happened)
        self.waiting += len(replay.letters)
        for each in replay.happened:
            if each.what == "entered":
                self.walks += 1
            elif each.what == "finished":
                self.finished += 1
            elif each.what == "left":
                self.left[each.detail] += 1
            elif each.step:
                self._count(each)

    def _count(self, each: Happening) -> None:
        counts = self.steps[each.step]
        if each.what == "stopped":
            counts[f"stopped:{each.detail}"] += 1
        elif each.what in {"step", "sent", "did"}:
            counts[each.what] += 1
        elif each.what == "held":
            counts[f"held:{each.detail}"] += 1
        if each.what == "sent":
            self.channels[each.detail] += 1
        if each.what in {"sent", "stopped"}:
            self.days[each.at.astimezone(self.program_zone).date().isoformat()][each.what] += 1

    def as_json(self) -> dict[str, Any]:
        """The sums as they are kept."""
        return {
            "people": self.people,
            "walks": self.walks,
            "finished": self.finished,
            "left": dict(self.left),
            "inside": self.walks - self.finished - self.left.total(),
            "waiting": self.waiting,
            "steps": {step: dict(counts) for step, counts in self.steps.items()},
            "days": {day: dict(counts) for day, counts in sorted(self.days.items())},
            "channels": dict(self.channels),
        }


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
    if program.series:
        raise BadDryRun(_("A journey that sends a series cannot be played yet."))
    if not program.triggers:
        raise BadDryRun(_("Nobody enters this journey by an event, so there is nobody to play it with."))
    with transaction.atomic():
        run = DryRun.objects.create(
            journey=journey,
            number=number,
            compiled=compiled,
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
    version = version_of(run)
    tally = Tally(version.program.zone)
    places = {step: place for place, step in enumerate(step_order(run.compiled))}
    try:
        for number, people, replays in simulate(version, run.start, run.end, clock.now()):
            for replay in replays:
                tally.add(replay)
            with transaction.atomic():
                _keep(run, replays, places)
                DryRun.objects.filter(pk=run.pk).update(people=people, done=number)
    except Exception as error:
        logger.exception("Dry run %s failed", run.pk)
        reason = type(error).__name__
        DryRun.objects.filter(pk=run.pk).update(state=DryRunState.FAILED, error=reason, finished_at=clock.now())
        return
    DryRun.objects.filter(pk=run.pk).update(state=DryRunState.DONE, totals=tally.as_json(), finished_at=clock.now())


def step_order(compiled: Mapping[str, Any]) -> list[str]:
    """The ids of a compiled journey's steps as their author reads them, from the top down."""

    def ids(steps: Iterable[FlowStep]) -> Iterator[str]:
        for step in steps:
            yield step.id
            for _way, inner in step.ways:
                yield from ids(inner)

    return list(dict.fromkeys([*ids(flow(compiled)), *sorted(compiled["steps"])]))


def version_of(run: DryRun) -> LoadedVersion:
    """What a dry run plays, as the engine runs it."""
    stored = run.journey.versions.order_by("-number").first()
    run_id = stored.run_id if stored else 0
    return LoadedVersion(0, run.journey_id, run_id, run.journey.name, load_program(run.compiled))


def simulate(
    version: LoadedVersion, start: datetime, end: datetime, now: datetime, batch: int = BATCH
) -> Iterator[tuple[int, int, list[Replay]]]:
    """Play everybody, a batch at a time: (people played so far, of so many, the batch). Writes nothing.

    ``now`` (aware): for facts of which only today's value is known.
    """
    with read_only():
        setting = setting_of(version, start, end)
        people = entrants(setting)
    facts = PastFacts(version.program, now)
    for first in range(0, len(people), batch):
        chosen = people[first : first + batch]
        with read_only():
            replays = [Replay(setting, life) for life in load_lives(setting, chosen)]
            play(replays, facts)
        yield min(first + batch, len(people)), len(people), [each for each in replays if each.happened]
    if not people:
        yield 0, 0, []


def _keep(run: DryRun, replays: list[Replay], places: Mapping[str, int]) -> None:
    if not replays:
        return
    _sql.run(
        "keep_stories",
        {
            "run_id": run.pk,
            "contact_ids": [replay.life.contact_id for replay in replays],
            "sent": [replay.sent for replay in replays],
            "marks": ["\t".join(_marks(replay, places)) for replay in replays],
            "stories": [json.dumps(_story(replay, places)) for replay in replays],
        },
    )


def _marks(replay: Replay, places: Mapping[str, int]) -> list[str]:
    """What a person is found by: ``sent:3`` (the step's place), ``stopped:3:unsubscribed``, ``left:goal_reached``."""
    found: dict[str, None] = {}
    for each in replay.happened:
        if each.what in {"step", "sent", "did"}:
            found[f"{each.what}:{places[each.step]}"] = None
        elif each.what in {"stopped", "held"}:
            found[f"{each.what}:{places[each.step]}:{each.detail}"] = None
        elif each.what == "left":
            found[f"left:{each.detail}"] = None
    return [mark.replace("\t", " ") for mark in found]


def _story(replay: Replay, places: Mapping[str, int]) -> list[list[Any]]:
    """All that happened: [seconds since 1970, what, walk, the step's place | null, detail, until | null]."""
    return [
        [
            int(each.at.timestamp()),
            each.what,
            each.walk,
            places[each.step] if each.step else None,
            each.detail,
            int(each.until.timestamp()) if each.until else None,
        ]
        for each in replay.happened
    ]


def forget_old_dry_runs() -> int:
    """Delete dry runs that are older than a month. Returns how many."""
    old = DryRun.objects.filter(created_at__lt=clock.now() - timedelta(days=KEPT_DAYS))
    count = old.count()
    old.delete()
    return count
