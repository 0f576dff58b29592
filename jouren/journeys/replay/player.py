"""Plays a dry run's people, a batch at a time, each in a transaction in which the database refuses every change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from jouren.core.sql import load_sql
from jouren.journeys.models import DryRun
from jouren.journeys.preview import FlowStep, flow
from jouren.journeys.replay.counts import Counts
from jouren.journeys.replay.replay import Replay, play
from jouren.journeys.replay.series import items_of, series_of
from jouren.journeys.replay.sources import PastFacts, entrants, load_lives, read_only, setting_of
from jouren.journeys.replay.story import marks_of, write_story
from jouren.journeys.replay.turns import play_in_turn
from jouren.journeys.steps import does_something
from jouren.journeys.versions import LoadedVersion, load_program

_sql = load_sql("journeys")


class Player:
    """One dry run, as things stand when this is made. ``now`` (aware): for facts of which only today's value is known.

    What came of people is kept after each batch, in the dry run's own table.
    """

    def __init__(self, run: DryRun, now: datetime) -> None:
        self.run = run
        version = version_of(run)
        with read_only():
            self.setting = setting_of(version, run.start, run.end, series_of(run.compiled))
        self._facts = PastFacts(self.setting.version.program, now)
        self._places = {step: place for place, step in enumerate(step_order(run.compiled))}
        self._effects = {step for step, raw in run.compiled["steps"].items() if does_something(raw)}

    def people(self) -> list[tuple[int, datetime]]:
        """Who may enter, by id, each with the moment before when they do not."""
        with read_only():
            return entrants(self.setting)

    def play(self, contact_ids: Sequence[int]) -> Counts:
        """Play these people, keep their stories, and count them."""
        with read_only():
            replays = self._replays(contact_ids)
            play(replays, self._facts)
        return self._count(replays)

    def play_in_turn(
        self, batches: Sequence[tuple[datetime, Sequence[int]]], per_hour: int
    ) -> Iterator[tuple[int, Counts]]:
        """The same for everybody of a journey that lets in so many people an hour, each batch from its moment on."""
        groups = [(first, partial(self._replays, contact_ids)) for first, contact_ids in batches]
        playing = play_in_turn(groups, self._facts, per_hour)
        while True:
            with read_only():
                replays = next(playing, None)
            if replays is None:
                return
            yield len(replays), self._count(replays)

    def _replays(self, contact_ids: Sequence[int]) -> list[Replay]:
        return [Replay(self.setting, life) for life in load_lives(self.setting, contact_ids)]

    def _count(self, replays: Sequence[Replay]) -> Counts:
        happened = [each for each in replays if each.happened]
        counts = Counts(self.setting.version.program.zone)
        for each in happened:
            counts.add(each)
        if happened:
            self._keep(happened)
        return counts

    @transaction.atomic
    def _keep(self, replays: Sequence[Replay]) -> None:
        _sql.run(
            "keep_stories",
            {
                "run_id": self.run.pk,
                "contact_ids": [each.life.contact_id for each in replays],
                "sent": [each.sent for each in replays],
                "marks": ["\t".join(marks_of(each.happened, self._places)) for each in replays],
                "stories": [write_story(each.happened, self._places, self._effects) for each in replays],
            },
        )


def step_order(compiled: Mapping[str, Any]) -> list[str]:
    """The ids of a compiled journey's steps as their author reads them, from the top down; after each that sends a
    series those of its messages, where the series is part of what is played."""

    def ids(steps: Iterable[FlowStep]) -> Iterator[str]:
        for step in steps:
            yield from with_items(step.id)
            for _way, inner in step.ways:
                yield from ids(inner)

    def with_items(step_id: str) -> Iterator[str]:
        yield step_id
        yield from (item.id for item in items_of(compiled, step_id))

    every = [*ids(flow(compiled)), *(id for step_id in sorted(compiled["steps"]) for id in with_items(step_id))]
    return list(dict.fromkeys(every))


def version_of(run: DryRun) -> LoadedVersion:
    """What a dry run plays, as the engine runs it."""
    stored = run.journey.versions.order_by("-number").first()
    run_id = stored.run_id if stored else 0
    return LoadedVersion(0, run.journey_id, run_id, run.journey.name, load_program(run.compiled))
