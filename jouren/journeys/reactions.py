"""What events do to journeys: they wake those who wait for them, and bring people in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import NewEvent, record_events
from jouren.events.policies import fits
from jouren.events.types import Event
from jouren.journeys.engine import CHANNEL
from jouren.journeys.models import Reentry
from jouren.journeys.program import WaitEvent
from jouren.journeys.sources import DatabaseFacts
from jouren.journeys.versions import LoadedVersion, live_versions, load_version

_sql = load_sql("journeys")


def react(events: Sequence[Event]) -> None:
    """Wake the waiting, then enrol the newly triggered. At most one event of each contact."""
    now = clock.now()
    woken = wake_waiting(events, now)
    entered = sum(enrol_triggered(version, events, now) for version in live_versions())
    if woken or entered:
        wake(CHANNEL)


def wake_waiting(events: Sequence[Event], now: datetime) -> int:
    """Let those go on who wait for one of these events, if it happened since they began to wait. Returns how many."""
    by_contact = {event.contact_id: event for event in events}
    rows = _sql.all(
        "waiting", {"contact_ids": list(by_contact), "types": [event.type for event in by_contact.values()]}
    )
    heard: list[tuple[int, UUID, int]] = []
    for enrolment_id, version_id, step_id, contact_id, arrived_at in rows:
        event = by_contact[contact_id]
        step = load_version(version_id).program.steps.get(str(step_id))
        if isinstance(step, WaitEvent) and event.occurred_at >= arrived_at and fits(event.payload, step.match):
            heard.append((enrolment_id, step_id, event.id))
    if heard:
        ids, steps, event_ids = map(list, zip(*heard, strict=True))
        _sql.run("wake", {"ids": ids, "steps": steps, "event_ids": event_ids, "now": now})
    return len(heard)


def enrol_triggered(version: LoadedVersion, events: Sequence[Event], now: datetime) -> int:
    """Bring in those whose event is this journey's trigger and who meet its entry condition. Returns how many."""
    program = version.program
    contact_ids = [
        event.contact_id
        for event in events
        if event.type == program.trigger_event and fits(event.payload, program.trigger_match)
    ]
    if contact_ids and program.entry is not None:
        values = DatabaseFacts().load(program.facts, contact_ids, now)
        contact_ids = [contact_id for contact_id in contact_ids if program.entry(values[contact_id], now)]
    return len(enrol_contacts(version, contact_ids, now)) if contact_ids else 0


def enrol_contacts(version: LoadedVersion, contact_ids: Sequence[int], now: datetime) -> list[int]:
    """Start these people's walk, each at most once at a time. Returns those who did enter."""
    rows = _sql.all(
        "enrol",
        {
            "journey_id": version.journey_id,
            "version_id": version.id,
            "contact_ids": list(contact_ids),
            "first": UUID(version.program.first) if version.program.first else None,
            "again": version.program.reentry == Reentry.AGAIN,
            "now": now,
        },
    )
    entered = [row[0] for row in rows]
    record_events(
        [
            NewEvent(
                "journey.entered", contact_id, {"journey": version.journey_id, "name": version.name}, occurred_at=now
            )
            for contact_id in entered
        ]
    )
    return entered
