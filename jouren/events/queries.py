"""What reads the event log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from jouren.core.sql import load_sql
from jouren.events.models import ParkedEvent
from jouren.events.types import Event

_sql = load_sql("events")


def events_of(
    contact_ids: Iterable[int],
    *,
    before: tuple[datetime, int] | None = None,
    types: Sequence[str] | None = None,
    limit: int = 50,
) -> list[Event]:
    """The contacts' events, the latest first; ``before``: older ones than the event of this (occurred_at, id)."""
    rows = _sql.all(
        "of_contacts",
        {
            "contact_ids": list(contact_ids),
            "before_at": before[0] if before else None,
            "before_id": before[1] if before else None,
            "types": list(types) if types is not None else None,
            "limit": limit,
        },
    )
    return [Event(*row) for row in rows]


def inbox_is_empty() -> bool:
    """True when no event waits for its reactions."""
    row = _sql.one("is_empty")
    return bool(row and row[0])


def inbox_backlog() -> tuple[int, datetime | None]:
    """How many events wait for their reactions, and since when the oldest does."""
    row = _sql.one("waiting")
    assert row is not None
    return row[0], row[1]


def count_parked_people() -> int:
    """How many people have events that are parked."""
    return ParkedEvent.objects.values("contact_id").distinct().count()
