"""Has the log keep for reactions also events that nobody else reacts to (a sent message), while a segment asks."""

from __future__ import annotations

from jouren.contacts.segments.definitions import listed_segments, plan_of
from jouren.events.listening import listen_to


def listen() -> None:
    """Listen to the events that the segments depend on as they are now."""
    plan = plan_of(listed_segments())
    listen_to("segments", plan.by_event)
