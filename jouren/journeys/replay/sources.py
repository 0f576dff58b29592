"""Where a replay's people come from: their real past, a few queries a batch, in a transaction that cannot write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from jouren.conditions.queries import load_past_facts
from jouren.core.sql import load_sql
from jouren.events.types import Event
from jouren.journeys.policies import Past
from jouren.journeys.precedence import rank_of_run
from jouren.journeys.program import Program
from jouren.journeys.replay.life import Life, Stop
from jouren.journeys.replay.replay import Sent, Setting, Values
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.steps.sending import Send
from jouren.journeys.versions import LoadedVersion
from jouren.messaging.control_group.queries import stored_group
from jouren.messaging.sending_rules.caps import Gone, counted_from
from jouren.messaging.sending_rules.policies import Rulebook
from jouren.messaging.sending_rules.queries import load_rules
from jouren.messaging.sending_rules.terms import Rules

_sql = load_sql("journeys")
_EVER = datetime(1, 1, 2, tzinfo=UTC)


@contextmanager
def read_only() -> Iterator[None]:
    """A transaction in which the database refuses every change."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


def setting_of(version: LoadedVersion, start: datetime, end: datetime) -> Setting:
    """What replays of a version share, as things stand now: its messages, the sending rules, the days off."""
    closures = DatabaseFacts().closures()
    book, messages = Rulebook(load_rules(), closures), messages_of(version.program)
    rank, share = rank_of_run(version.run_id), stored_group().share
    return Setting(version, start, end, messages, book, closures, rank, share)


def messages_of(program: Program) -> dict[int, Sent]:
    """The message versions that a program sends."""
    ids = [step.message_version for step in program.steps.values() if isinstance(step, Send)]
    return {row[0]: Sent(*row[1:]) for row in _sql.all("replay_messages", {"version_ids": ids})}


def listened(program: Program) -> set[str]:
    """The types of events that mean anything to a journey."""
    types = {trigger.event for trigger in program.triggers}
    for step in program.steps.values():
        types.update((step.waits_for or "").split())
    return types


def entrants(setting: Setting) -> list[int]:
    """Everybody to whom an event of the triggers' types happened in the run's time, by id."""
    types = [trigger.event for trigger in setting.version.program.triggers]
    rows = _sql.all("replay_entrants", {"types": types, "start": setting.start, "end": setting.end})
    return [row[0] for row in rows]


def load_lives(setting: Setting, contact_ids: Sequence[int]) -> list[Life]:
    """The pasts of these people, as far as the journey and the gate ask: those who are here still."""
    program, people = setting.version.program, {"contact_ids": list(contact_ids)}
    lives = {
        row[0]: Life(row[0], row[4] or {}, row[1], row[2] or "", row[3]) for row in _sql.all("replay_people", people)
    }
    span = {**people, "start": setting.start, "end": setting.end}
    types, since = sorted(listened(program)), _events_since(program, setting.start)
    for row in _sql.all("replay_events", {**people, "end": setting.end, "types": types, "since": since}):
        if row[1] in lives:
            lives[row[1]].events.append(Event(*row))
    topics = sorted({message.topic for message in setting.messages.values()})
    for life, row in _rows("replay_consents", {**people, "end": setting.end, "topics": topics}, lives):
        channel, topic, at, is_granted = row
        life.consents.setdefault((channel, topic), []).append((at, is_granted))
    for life, row in _rows("replay_stops", {**people, "end": setting.end}, lives):
        life.stops.append(Stop(*row))
    walks = {**people, "journey_id": setting.version.journey_id, "start": setting.start}
    for life, row in _rows("replay_walks", walks, lives):
        life.walks.append(Past(*row))
    _load_messages(setting, lives, span)
    if program.asks_best_hour:
        for contact_id, best in DatabaseFacts().best_hours(list(lives), program.zone).items():
            lives[contact_id].best = best
    return list(lives.values())


def _rows(
    statement: str, parameters: Mapping[str, object], lives: Mapping[int, Life]
) -> Iterator[tuple[Life, tuple[Any, ...]]]:
    """The rows of a statement with whose they are: those of people who are here still."""
    for contact_id, *row in _sql.all(statement, parameters):
        if contact_id in lives:
            yield lives[contact_id], tuple(row)


def _load_messages(setting: Setting, lives: Mapping[int, Life], span: Mapping[str, object]) -> None:
    """What other journeys and broadcasts sent them, as far as a rule asks."""
    if setting.rank is not None:
        for life, row in _rows("replay_firsts", {**span, "precedence": setting.rank.precedence}, lives):
            life.firsts.append((row[0], row[1]))
    since = _gone_since(setting.book.rules, setting.start)
    if since is None:
        return
    for life, row in _rows("replay_gone", {**span, "since": since, "run_id": setting.version.run_id}, lives):
        *gone, has_helped = row
        life.gone.append(Gone(*gone))
        if has_helped:
            life.helped.append(row[1])


def _gone_since(rules: Rules, start: datetime) -> datetime | None:
    """Since when it matters what went to people; None: the rules count nothing."""
    if rules.readiness is not None:
        return _EVER
    return min((counted_from(cap, start, rules.zone) for cap in rules.caps), default=None)


def _events_since(program: Program, start: datetime) -> datetime | None:
    """Since when events count: some triggers need several."""
    several = [trigger for trigger in program.triggers if trigger.times > 1]
    if any(trigger.within_days is None for trigger in several):
        return None
    return start - timedelta(days=max((trigger.within_days or 0 for trigger in several), default=0))


@dataclass
class PastFacts:
    """Answers what replays ask, one query for all of them. ``now`` (aware): for facts that keep no past."""

    program: Program
    now: datetime

    def __call__(self, asked: Sequence[tuple[int, datetime]]) -> Sequence[Values]:
        return load_past_facts(self.program.facts, asked, self.now)


def unknown_pasts(program: Program) -> list[str]:
    """The names of the program's facts of which only today's value is known."""
    return sorted({use.name for use in program.facts if not use.fact.keeps_past})
