"""Where a replay's people come from: their real past, a few queries a batch, in a transaction that cannot write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from jouren.catalog.offers.queries import pasts_with
from jouren.conditions.queries import contact_ids as people_of
from jouren.conditions.queries import load_past_facts
from jouren.conditions.registry import FactUse, fact
from jouren.contacts.actions.consent import HEARSAY
from jouren.contacts.actions.peace import BY_STAFF
from jouren.core.sql import load_sql
from jouren.events.types import Event
from jouren.journeys.policies import Past
from jouren.journeys.precedence import rank_of_run
from jouren.journeys.program import Program, Step
from jouren.journeys.replay.life import Life, Stop
from jouren.journeys.replay.offers import offers_then
from jouren.journeys.replay.series import series_now
from jouren.journeys.replay.terms import Sent, SeriesPast, Setting, Values
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.steps.changing import ChangeStage, Suppress
from jouren.journeys.steps.sending import Send
from jouren.journeys.versions import LoadedVersion
from jouren.messaging.control_group.queries import stored_group
from jouren.messaging.sending_rules.caps import Gone, counted_from
from jouren.messaging.sending_rules.policies import Rulebook
from jouren.messaging.sending_rules.queries import load_rules
from jouren.messaging.sending_rules.terms import Rules
from jouren.pyramid.past import moved_between

_sql = load_sql("journeys")
_EVER = datetime(1, 1, 2, tzinfo=UTC)


@contextmanager
def read_only() -> Iterator[None]:
    """A transaction in which the database refuses every change."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield


def setting_of(
    version: LoadedVersion, start: datetime, end: datetime, series: Mapping[int, SeriesPast] | None = None
) -> Setting:
    """What replays of a version share, as things stand now: its messages, the sending rules, the days off, the offers.

    ``series``: other orders than those of now, which then hold for all time. Facts are to be loaded for the version of
    the setting, not for that given here: offers may ask for more of them.
    """
    closures = DatabaseFacts().closures()
    version = _asking_stages(version)
    orders = series_now(version.program) if series is None else series
    book, messages = Rulebook(load_rules(), closures), messages_of(version.program, orders)
    rank, share = rank_of_run(version.run_id), stored_group().share
    offers = offers_then({pk for each in messages.values() for pk in each.needed_offers}, version.program.facts)
    if offers is not None:
        version = replace(version, program=replace(version.program, facts=offers.facts))
    return Setting(version, start, end, messages, book, closures, rank, share, series=orders, offers=offers)


def _asking_stages(version: LoadedVersion) -> LoadedVersion:
    """Where steps change the stage, what that changes depends on the stage before."""
    program, stage = version.program, fact("pyramid.stage").use({})
    if stage in program.facts or not _has(ChangeStage, program):
        return version
    return replace(version, program=replace(program, facts=(*program.facts, stage)))


def _has(kind: type[Step], program: Program) -> bool:
    return any(isinstance(step, kind) for step in program.steps.values())


def messages_of(program: Program, series: Mapping[int, SeriesPast]) -> dict[int, Sent]:
    """The message versions that a program sends."""
    ids = {step.message_version for step in program.steps.values() if isinstance(step, Send)}
    ids |= {slot.version for past in series.values() for _since, order in past for slot in order.items()}
    return {row[0]: Sent(*row[1:]) for row in _sql.all("replay_messages", {"version_ids": sorted(ids)})}


def listened(program: Program) -> set[str]:
    """The types of events that mean anything to a journey."""
    types = {trigger.event for trigger in program.triggers}
    types.update(trigger.event.event for trigger in program.dates if trigger.event is not None)
    types.update(ending.event.event for ending in program.endings)
    for step in program.steps.values():
        types.update((step.waits_for or "").split())
    return types


def entrants(setting: Setting) -> list[tuple[int, datetime]]:
    """Everybody who may enter in the run's time, with the moment before when they do not, by id.

    Those to whom an event of the triggers' types happened, early enough for its day to come; those who have a date.
    """
    program = setting.version.program
    found: dict[int, datetime] = {}
    spans = [(trigger.event, setting.start, setting.end) for trigger in program.triggers]
    spans += [
        (trigger.event.event, setting.start - timedelta(days=trigger.offset + 1), setting.end)
        for trigger in program.dates
        if trigger.event is not None
    ]
    for start, end in {(start, end) for _type, start, end in spans}:
        types = sorted({each[0] for each in spans if each[1:] == (start, end)})
        for contact_id, first in _sql.all("replay_entrants", {"types": types, "start": start, "end": end}):
            found[contact_id] = min(first, found.get(contact_id, first))
    for trigger in program.dates:
        if trigger.fact is not None:
            asked = {"fact": trigger.fact.name, "args": _given(trigger.fact), "op": "is_set", "value": True}
            found.update(dict.fromkeys(people_of(asked), setting.start))
    return sorted(found.items())


def _given(use: FactUse) -> dict[str, Any]:
    return {name: value for name, value in use.arguments if value is not None}


def load_lives(setting: Setting, contact_ids: Sequence[int]) -> list[Life]:
    """The pasts of these people, as far as the journey and the gate ask: those who are here still."""
    program, people = setting.version.program, {"contact_ids": list(contact_ids)}
    lives = {
        row[0]: Life(row[0], row[4] or {}, row[1], row[2] or "", row[3], row[5])
        for row in _sql.all("replay_people", people)
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
    _load_stops(setting, lives, span)
    if _has(ChangeStage, program):
        for contact_id, moved in moved_between(list(lives), setting.start, setting.end).items():
            lives[contact_id].moved = moved
    walks = {**people, "journey_id": setting.version.journey_id, "start": setting.start}
    for life, row in _rows("replay_walks", walks, lives):
        if row[0]:
            life.is_held_out = True
        else:
            life.walks.append(Past(*row[1:]))
    _load_dates(setting, lives)
    _load_messages(setting, lives, span)
    if setting.offers is not None:
        for (offer_id, contact_id), past in pasts_with(list(setting.offers.offers.values()), list(lives)).items():
            lives[contact_id].offers[offer_id] = past
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


def _load_stops(setting: Setting, lives: Mapping[int, Life], span: Mapping[str, Any]) -> None:
    for life, row in _rows("replay_stops", span, lives):
        life.stops.append(Stop(*row))
    if _has(Suppress, setting.version.program):
        for life, row in _rows("replay_returns", {**span, "by_others": [*sorted(HEARSAY), BY_STAFF]}, lives):
            life.returns.append((row[0], row[1]))


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


def _load_dates(setting: Setting, lives: Mapping[int, Life]) -> None:
    """Which day of theirs was known since when: it may be another after every event that changes it."""
    program = setting.version.program
    for trigger in program.dates:
        if (use := trigger.fact) is None:
            continue
        begins = {
            contact_id: max(setting.start, life.created_at or setting.start) for contact_id, life in lives.items()
        }
        moments = set(begins.items())
        if use.fact.keeps_past:
            moments.update(
                (row[1], row[4])
                for row in _sql.all(
                    "replay_events",
                    {
                        "contact_ids": list(lives),
                        "types": sorted(use.changed_by),
                        "since": setting.start,
                        "end": setting.end,
                    },
                )
                if row[1] in lives and row[4] > begins[row[1]]
            )
        asked = sorted(moments)
        for (contact_id, at), (value,) in zip(asked, load_past_facts([use], asked, setting.end), strict=True):
            day = value.astimezone(program.zone).date() if isinstance(value, datetime) else value
            lives[contact_id].dates.setdefault(trigger.id, []).append((at, day))


def _gone_since(rules: Rules, start: datetime) -> datetime | None:
    """Since when it matters what went to people; None: the rules count nothing."""
    if rules.readiness is not None:
        return _EVER
    return min((counted_from(cap, start, rules.zone) for cap in rules.caps), default=None)


def _events_since(program: Program, start: datetime) -> datetime | None:
    """Since when events count: some triggers need several, or bring in days later; what is over may be so for long."""
    if any(ending.keyed for ending in program.endings):
        return None
    several = [trigger for trigger in program.triggers if trigger.times > 1]
    if any(trigger.within_days is None for trigger in several):
        return None
    days = [trigger.within_days or 0 for trigger in several]
    days += [trigger.offset + 1 for trigger in program.dates if trigger.event is not None]
    return start - timedelta(days=max(days, default=0))


@dataclass
class PastFacts:
    """Answers what replays ask, one query for all of them. ``now`` (aware): for facts that keep no past."""

    program: Program
    now: datetime

    def __call__(self, asked: Sequence[tuple[int, datetime]]) -> Sequence[Values]:
        return load_past_facts(self.program.facts, asked, self.now)


def unknown_pasts(program: Program) -> list[str]:
    """The names of the facts of which only today's value is known, of those that the program or a dated entry asks."""
    asked = [*program.facts, *(trigger.fact for trigger in program.dates if trigger.fact is not None)]
    return sorted({use.name for use in asked if not use.fact.keeps_past})
