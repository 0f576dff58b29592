"""What writes to the event log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from psycopg.types.json import Jsonb

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.errors import InvalidEvent
from jouren.events.models import ParkedEvent
from jouren.events.types import can_be_kept, event_type, event_types

_sql = load_sql("events")
MAX_KEY_LENGTH = 200
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=1)  # clocks differ
CHANNEL = "jouren_react"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened to a contact, to be recorded.

    ``occurred_at`` (aware) defaults to now. ``key``, where given, makes the event count once: a second one of the same
    ``source`` and key is ignored; so is one about a thing that this source has told of (``EventType.identity``).
    ``historical`` marks imported history, which triggers no message.
    """

    type: str
    contact_id: int
    payload: dict[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    source: str = "jouren"
    key: str | None = None
    historical: bool = False


def record_event(event: NewEvent) -> int | None:
    """Record one event; see :func:`record_events`."""
    return record_events([event])[0]


def record_events(events: Sequence[NewEvent], *, are_checked: bool = False) -> list[int | None]:
    """Record events durably, in the caller's transaction or, outside of one, at once: it is a single statement.

    Returns each event's id in the log, or None for one that was recorded before. ``are_checked``: the caller has
    checked the payloads by their types already.

    Raises:
        InvalidEvent: a type is unknown or a payload does not fit; nothing is recorded.
    """
    if not events:
        return []
    now = clock.now()
    rows = [_row(event, now, is_checked=are_checked) for event in events]
    ids: list[int | None] = [None] * len(rows)
    if len(rows) == 1 and rows[0]["key"] is None and rows[0]["thing"] is None:
        logged = _sql.one("append_one", {"now": now, **rows[0]})
        ids[0] = logged[0] if logged else None
    else:
        columns = {f"{name}_list": [row[name] for row in rows] for name in rows[0]}
        for position, event_id in _sql.all("append", {"now": now, **columns}):
            ids[position - 1] = event_id
    if any(_is_urgent(event) for event in events):
        wake(CHANNEL)
    return ids


def _row(event: NewEvent, now: datetime, *, is_checked: bool) -> dict[str, Any]:
    """An event's columns, checked."""
    kind = event_type(event.type)
    if not is_checked:
        kind.check(event.payload)
    if event.key is not None and (not 0 < len(event.key) <= MAX_KEY_LENGTH or not can_be_kept(event.key)):
        raise InvalidEvent(f"{event.type}: the key must have 1 to {MAX_KEY_LENGTH} characters.")
    occurred_at = event.occurred_at or now
    if occurred_at.tzinfo is None:
        raise InvalidEvent(f"{event.type}: occurred_at needs a time zone.")
    if not EARLIEST <= occurred_at <= now + LATEST_AHEAD:
        raise InvalidEvent(f"{event.type}: occurred_at must lie after 1900 and not in the future.")
    return {
        "contact_id": event.contact_id,
        "type": event.type,
        "version": kind.version,
        "occurred_at": occurred_at,
        "source": event.source,
        "key": None if event.key is None else _digest("key", event.key),
        "thing": _digest(event.type, *(str(event.payload[name]) for name in kind.identity)) if kind.identity else None,
        "payload": Jsonb(event.payload),
        "historical": event.historical,
        "reacts": kind.reacts,
    }


def _digest(*parts: str) -> str:
    """What is kept of a key: of one length, and readable to nobody, since senders put names and addresses into keys."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _is_urgent(event: NewEvent) -> bool:
    kind = event_type(event.type)
    return kind.reacts and kind.is_urgent and not event.historical


def stop_reactions(contact_ids: Iterable[int]) -> None:
    """Wait until nobody reacts for these people; nobody begins before the caller's transaction ends.

    Ask for it before any lock on the people themselves: a reactor locks in that order too.
    """
    _sql.all("lock_shards_of", {"contact_ids": sorted(set(contact_ids))})


def hand_over_events(kept_id: int, gone_id: int) -> None:
    """Let what waits or is parked for one person be the other's. The caller has stopped the reactions of both."""
    people = {"kept_id": kept_id, "gone_id": gone_id}
    _sql.run("hand_over_inbox", people)
    _sql.run("hand_over_parked", people)


@transaction.atomic
def retry_parked(contact_ids: Iterable[int]) -> int:
    """Put all parked events of these contacts back into the inbox, in their order. Returns how many."""
    wanted = sorted(set(contact_ids))
    stop_reactions(wanted)
    returned = _sql.run("unpark", {"contact_ids": wanted})
    wake(CHANNEL)
    return returned


@transaction.atomic
def give_up_parked(event_id: int) -> None:
    """Take one parked event out of the way for good; those behind it go back to the inbox.

    The event stays in the log, and on the timeline; only its reactions are given up.
    """
    parked = ParkedEvent.objects.filter(event_id=event_id).first()
    if parked is None:
        return
    stop_reactions([parked.contact_id])
    ParkedEvent.objects.filter(event_id=event_id).delete()
    retry_parked([parked.contact_id])


def redact_events(contact_ids: Iterable[int]) -> int:
    """Remove the personal fields from all these contacts' events. Returns how many events were changed."""
    parameters = {"contact_ids": list(contact_ids)}
    _sql.run("forget_errors", parameters)
    personal = {kind.name: sorted(kind.personal) for kind in event_types() if kind.personal}
    return _sql.run("redact", {**parameters, "personal": Jsonb(personal)})
