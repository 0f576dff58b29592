"""What this room does when something happened: it notes who took their consent back after a letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from jouren.core.sql import load_sql
from jouren.events.reactions import Reaction, register_reaction
from jouren.events.types import Event

_sql = load_sql("broadcasts")
FAREWELL_WINDOW = timedelta(days=7)


def note_farewells(events: Sequence[Event]) -> None:
    """Put each withdrawal down to the last letter of a broadcast on that topic, if one came in the week before."""
    _sql.run(
        "note_farewells",
        {
            "contact_ids": [event.contact_id for event in events],
            "topics": [str(event.payload.get("topic") or "") for event in events],
            "at": [event.occurred_at for event in events],
            "window": FAREWELL_WINDOW,
        },
    )


def register() -> None:
    """Called when the room starts."""
    register_reaction(Reaction("broadcasts.farewells", note_farewells, frozenset({"consent.withdrawn"}), order=60))
