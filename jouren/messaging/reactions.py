"""What this room does when something happened: it notes first opens, clicks and replies, bounces, hours of clicks."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.core.sql import load_sql
from jouren.events.reactions import Reaction, register_reaction
from jouren.events.types import Event
from jouren.messaging.best_hour import note_clicks

_sql = load_sql("messaging")


def note_first_times(events: Sequence[Event]) -> None:
    """Write ``first_opened_at`` and ``first_clicked_at``; machines do not count, and a click is an open too."""
    seen = [event for event in events if event.payload.get("by") == "human"]
    if seen:
        _sql.run(
            "note_first_times",
            {
                "ids": [event.payload["delivery"] for event in seen],
                "at": [event.occurred_at for event in seen],
                "clicked": [event.type == "message.clicked" for event in seen],
            },
        )


def note_replies(events: Sequence[Event]) -> None:
    """Write ``first_replied_at``; who answers a message has read it, so it is an open too."""
    _sql.run(
        "note_replies",
        {
            "ids": [event.payload["delivery"] for event in events],
            "at": [event.occurred_at for event in events],
        },
    )


def note_bounces(events: Sequence[Event]) -> None:
    """Write ``bounced_at``: a message that came back, also long after a server had taken it, reached nobody."""
    _sql.run(
        "note_bounces",
        {
            "ids": [event.payload["delivery"] for event in events],
            "at": [event.occurred_at for event in events],
        },
    )


def register() -> None:
    """Called when the room starts."""
    types = frozenset({"message.opened", "message.clicked"})
    register_reaction(Reaction("messaging.first_times", note_first_times, types, order=50))
    register_reaction(Reaction("messaging.bounces", note_bounces, frozenset({"message.bounced"}), order=50))
    # Nothing is sent for it, so imported history counts too.
    replies = frozenset({"message.replied"})
    register_reaction(Reaction("messaging.replies", note_replies, replies, order=50, historical=True))
    # Imported history teaches as well as what happens now, and sends nothing.
    clicks = frozenset({"message.clicked"})
    register_reaction(Reaction("messaging.best_hour", note_clicks, clicks, order=60, historical=True))
