"""What events do to journeys: they wake those who wait for them, and bring people in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from jouren.core import clock
from jouren.core.lots import is_drawn
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import NewEvent, record_events
from jouren.events.types import Event
from jouren.journeys.engine import CHANNEL
from jouren.journeys.gate_rules import LEFT
from jouren.journeys.models import Entries
from jouren.journeys.policies import ending_of, is_over, key_of, paced, pulls
from jouren.journeys.program import Program, Trigger
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.versions import LoadedVersion, live_versions, load_version
from jouren.messaging.actions import withhold_walks
from jouren.messaging.control_group.queries import is_drawn_for

_sql = load_sql("journeys")


def react(events: Sequence[Event]) -> None:
    """End the walks that are over, wake the waiting, then enrol the newly triggered.

    At most one event of each contact.
    """
    now = clock.now()
    woken = let_hear(events, now)
    entered = sum(enrol_triggered(version, events, now) for version in live_versions())
    if woken or entered:
        wake(CHANNEL)


def let_hear(events: Sequence[Event], now: datetime) -> int:
    """Let those go on who wait for one of these events, if it happened since they began to wait, and end the walks that
    it ends. Returns how many go on."""
    by_contact = {event.contact_id: event for event in events}
    happened = {"contact_ids": list(by_contact), "types": [event.type for event in by_contact.values()]}
    rows = _sql.all("listening", happened)
    heard: list[tuple[int, str, int, int]] = []
    ended: list[_Ended] = []
    for enrolment_id, version_id, step_id, contact_id, arrived_at, key, entered_at, occurrence in rows:
        event, version = by_contact[contact_id], load_version(version_id)
        if (ending := ending_of(version.program, event, key, entered_at)) is not None:
            ended.append(_Ended(enrolment_id, version, contact_id, occurrence, ending.reason))
            continue
        step = version.program.steps.get(step_id)
        path = step.hears(event, arrived_at, key) if step else None
        if path is not None:
            heard.append((enrolment_id, step_id, event.id, path))
    if ended:
        _end(ended, now)
    _withhold_last_messages(by_contact, _sql.all("walked", happened))
    if heard:
        ids, steps, event_ids, paths = map(list, zip(*heard, strict=True))
        _sql.run("wake", {"ids": ids, "steps": steps, "event_ids": event_ids, "paths": paths, "now": now})
    return len(heard)


def _withhold_last_messages(by_contact: Mapping[int, Event], walked: Sequence[Any]) -> None:
    """What still waits of walks that have come to their end, and would be ended now, does not go out either."""
    over = [
        (version.run_id, contact_id, occurrence)
        for version_id, contact_id, occurrence, key, entered_at in walked
        if ending_of((version := load_version(version_id)).program, by_contact[contact_id], key, entered_at)
    ]
    withhold_walks(over, LEFT)


class _Ended(NamedTuple):
    """A walk that an event ends."""

    id: int
    version: LoadedVersion
    contact_id: int
    occurrence: int
    reason: str


def _end(walks: Sequence[_Ended], now: datetime) -> None:
    """End walks that are held; what they had planned does not go out."""
    _sql.run("end_walks", {"ids": [walk.id for walk in walks], "reasons": [walk.reason for walk in walks], "now": now})
    withhold_walks(((walk.version.run_id, walk.contact_id, walk.occurrence) for walk in walks), LEFT)
    told = [
        {"journey": walk.version.journey_id, "name": walk.version.name, "reason": walk.reason or "exit"}
        for walk in walks
    ]
    record_events(
        [
            NewEvent("journey.left", walk.contact_id, payload, occurred_at=now)
            for walk, payload in zip(walks, told, strict=True)
        ]
    )


def enrol_triggered(version: LoadedVersion, events: Sequence[Event], now: datetime) -> int:
    """Bring in those who pull a trigger of this journey and meet its entry condition. Returns how many."""
    program = version.program
    pulling = {event.contact_id: event for trigger in program.triggers for event in _pulling(trigger, events, now)}
    keys = {contact_id: key_of(program, event.payload) for contact_id, event in pulling.items()}
    keys = admitted(version, keys, now)
    causes = {contact_id: pulling[contact_id].id for contact_id in keys}
    return len(enrol_contacts(version, keys, now, causes=causes)) if keys else 0


def admitted(version: LoadedVersion, keys: Mapping[int, str], now: datetime) -> dict[int, str]:
    """Those of these people who meet the journey's condition for entering; nobody for what is over already."""
    program = version.program
    begun = _without_what_is_over(program, keys, now)
    if not begun or program.entry is None:
        return begun
    values = DatabaseFacts().load(program.facts, list(begun), now)
    return {contact_id: key for contact_id, key in begun.items() if program.entry(values[contact_id], now)}


def _without_what_is_over(program: Program, keys: Mapping[int, str], now: datetime) -> dict[int, str]:
    """An order may be told to be cancelled before it is told to be paid."""
    types = {ending.event.event for ending in program.endings if ending.keyed}
    happened: dict[int, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for type in sorted(types) if any(keys.values()) else ():
        asked = {"contact_ids": list(keys), "type": type, "since": None, "now": now}
        for contact_id, payload in _sql.all("payloads", asked):
            happened[contact_id].append((type, payload))
    return {
        contact_id: key for contact_id, key in keys.items() if not is_over(program, happened.get(contact_id, ()), key)
    }


def _pulling(trigger: Trigger, events: Sequence[Event], now: datetime) -> list[Event]:
    """The events that pull a trigger: each of its kind, or the one that makes its number full."""
    pulling = [event for event in events if pulls(trigger, event.type, event.payload)]
    if trigger.times == 1 or not pulling:
        return pulling
    since = None if trigger.within_days is None else now - timedelta(days=trigger.within_days)
    contact_ids = [event.contact_id for event in pulling]
    counts: Counter[int] = Counter()
    for contact_id, payload in _sql.all(
        "payloads", {"contact_ids": contact_ids, "type": trigger.event, "since": since, "now": now}
    ):
        counts[contact_id] += pulls(trigger, trigger.event, payload)
    return [event for event in pulling if counts[event.contact_id] >= trigger.times]


def enrol_contacts(
    version: LoadedVersion,
    keys: Mapping[int, str],
    now: datetime,
    started_by: Mapping[int, int] | None = None,
    *,
    causes: Mapping[int, int] | None = None,
) -> list[int]:
    """Start these people's walks, each at most once at a time. Returns those who did enter.

    ``keys``: what each walk is about, by contact; empty where the journey does not ask. ``started_by``: the walk whose
    step starts it, by contact; ``causes``: the id of the event that pulled the trigger. Over the journey's limit an
    hour, people begin later, in their turn. While the journey is paused they stand still at the first step, or are
    turned away and counted. Who is held out to compare is kept with the moment, and gets nothing.
    """
    program = version.program
    pause_id, entries = open_pause(version.journey_id) or (None, None)
    rows = _sql.all(
        "enrol",
        {
            "journey_id": version.journey_id,
            "version_id": version.id,
            "contact_ids": list(keys),
            "keys": list(keys.values()),
            "first": program.first,
            "waits_for": program.steps[program.first].waits_for if program.first else None,
            "holds": entries == Entries.HOLD,
            "turned_away_by": pause_id if entries == Entries.TURN_AWAY else None,
            "reentry": program.reentry,
            "days": program.reentry_days,
            "has_holdout": program.holdout > 0,
            "drawn": [is_drawn(f"holdout:{version.journey_id}", each, program.holdout) for each in keys]
            if program.holdout
            else [False] * len(keys),
            "now": now,
        },
    )
    if in_group := [id_ for contact_id, id_, _held, share in rows if share and is_drawn_for(contact_id, share)]:
        _sql.run("note_control_group", {"ids": in_group})
    if started_by and rows:
        _sql.run("note_starts", {"ids": [row[1] for row in rows], "by_ids": [started_by[row[0]] for row in rows]})
    if program.entries_per_hour and rows:
        _pace(version, [row[1] for row in rows], program.entries_per_hour, now)
    told = {"journey": version.journey_id, "name": version.name}
    record_events(
        [
            NewEvent(
                "journey.held_out" if is_held_out else "journey.entered",
                contact_id,
                told if is_held_out or not causes else {**told, "event": causes[contact_id]},
                occurred_at=now,
            )
            for contact_id, _id, is_held_out, _share in rows
        ]
    )
    return [contact_id for contact_id, _id, is_held_out, _share in rows if not is_held_out]


def held_out_of(journey_id: int, contact_ids: Collection[int]) -> set[int]:
    """Those of these people who are held out of a journey, to compare."""
    rows = _sql.all("held_out_of", {"journey_id": journey_id, "contact_ids": list(contact_ids)})
    return {row[0] for row in rows}


def open_pause(journey_id: int) -> tuple[int, str] | None:
    """The pause that a journey is in, and what it does with those who would enter; None when it is not paused."""
    row = _sql.one("open_pause", {"journey_id": journey_id})
    return (row[0], row[1]) if row else None


def _pace(version: LoadedVersion, enrolment_ids: list[int], per_hour: int, now: datetime) -> None:
    """Let people begin no faster than the journey's limit. Others who bring people in wait for this transaction."""
    journey = {"journey_id": version.journey_id}
    _sql.run("start_pace", {**journey, "now": now})
    row = _sql.one("lock_pace", journey)
    moments, busy_until = paced(row[0] if row else None, now, per_hour, len(enrolment_ids))
    _sql.run("set_pace", {**journey, "busy_until": busy_until})
    _sql.run("begin_later", {"ids": enrolment_ids, "at": moments})
