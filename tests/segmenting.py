"""Segments in tests: kept by everything that a worker runs."""

from __future__ import annotations

from typing import Any

from jouren.conditions.queries import contact_ids
from jouren.contacts.segments import filling, rechecking
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import people_in_segment
from jouren.events import reactor
from jouren.events.queries import events_of


def keep() -> None:
    """What workers do until nothing is left to do."""
    while reactor.tick() or rechecking.tick() or filling.tick():
        pass


def ask(fact: str, op: str, value: Any, **args: Any) -> dict[str, Any]:
    """One question of a condition."""
    return {"fact": fact, "op": op, "value": value} | ({"args": args} if args else {})


def bought(within_days: int | None = None, times: int = 1) -> dict[str, Any]:
    window = {} if within_days is None else {"within_days": within_days}
    return ask("events.count", "gte", times, type="order.paid", **window)


def tagged(text: str) -> dict[str, Any]:
    return ask("contact.tags", "contains", text)


def in_segment(segment: Segment) -> dict[str, Any]:
    return ask("segment", "is", True, segment=segment.pk)


def filled(name: str, condition: Any) -> Segment:
    """A segment with its people."""
    segment = save_segment(name, condition)
    keep()
    return segment


def members(segment: Segment) -> list[int]:
    return sorted(member.contact.pk for member in people_in_segment(segment.pk))


def counted(segment: Segment) -> list[int]:
    """Who would be in it if it were made now."""
    segment.refresh_from_db()
    return contact_ids(segment.condition)


def moves(*contact_ids: int) -> list[tuple[str, str, bool]]:
    """What a person entered and left, in order: (kind, segment, historical). One who was merged has several ids."""
    told = [event for event in events_of(contact_ids) if event.type.startswith("segment.")]
    return [(event.type[8:], event.payload["name"], event.historical) for event in sorted(told, key=lambda e: e.id)]
