"""``POST /api/events``: other systems tell what happened.

    {"events": [{"type": "order.paid", "contact": {"email": "hana@example.jp"}, "key": "order-1001",
                 "occurred_at": "2026-11-22T09:30:00+09:00",
                 "payload": {"order": "1001", "kind": "regular", "amount": 3980, "currency": "JPY",
                             "products": ["tea"]}}]}

Up to 500 events a request; all are recorded or none. 202 means durable. A ``key`` that came before counts no more.
What tells of an order or a subscription need not say whose it is: its number says so, also when the order comes later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from jouren.api.errors import BadRequest
from jouren.api.identities import read_identity
from jouren.api.replies import ToldReply, read_reply, reply_events
from jouren.contacts.actions import resolve_contacts
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.replies import EVENT as REPLIED
from jouren.orders.telling import TOLD_TYPES, Telling, tell_orders

MAX_EVENTS = 500
MAX_BODY_BYTES = 4_000_000
_EVENT_FIELDS = frozenset({"type", "contact", "occurred_at", "key", "payload", "historical"})
# Only what a shop's own systems know of may come from outside; the rest of the log is ours to write.
ACCEPTED_TYPES = TOLD_TYPES | {"cart.left", "offer.viewed", "seminar.attended", "video.played", REPLIED}
_CLOCK_SKEW = timedelta(minutes=5)


def ingest(body: bytes, source: str) -> dict[str, int]:
    """Record a request's events. Returns how many were recorded and how many had come before or are of erased people.

    What waits for its order counts as recorded: it is kept.

    Raises:
        BadRequest: nothing is recorded.
    """
    entries = _entries(body)
    now = clock.now()
    of_orders = [
        _telling(entry, position, now)
        for position, entry in enumerate(entries)
        if isinstance(entry.get("type"), str) and entry["type"] in TOLD_TYPES
    ]
    told = [
        (position, entry)
        for position, entry in enumerate(entries)
        if not isinstance(entry.get("type"), str) or entry["type"] not in TOLD_TYPES | {REPLIED}
    ]
    identities = [_identity(entry, position) for position, entry in told]
    replies = [_reply(entry, position, now) for position, entry in enumerate(entries) if entry.get("type") == REPLIED]
    try:
        if told or replies:
            with transaction.atomic():
                recorded = _record(told, identities, replies, source, now)
                orders = tell_orders(source, of_orders)
        else:  # as nearly always, and one transaction by itself
            recorded, orders = 0, tell_orders(source, of_orders)
    except BadRequest:
        raise
    except UserError as error:
        raise BadRequest(str(error)) from error
    recorded += orders.recorded + orders.waiting
    return {"recorded": recorded, "ignored": len(entries) - recorded}


def _record(
    told: Sequence[tuple[int, Mapping[str, Any]]],
    identities: Sequence[tuple[str, str]],
    replies: Sequence[ToldReply],
    source: str,
    now: datetime,
) -> int:
    """Record what tells of no order. Returns how many were new."""
    historical = [entry.get("historical") is True for _position, entry in told]
    contact_ids = resolve_contacts(identities, historical=historical)
    events = [
        _event(entry, contact_id, source, position, now)
        for (position, entry), contact_id in zip(told, contact_ids, strict=True)
        if contact_id is not None
    ]
    events += reply_events(replies)
    return sum(1 for event_id in record_events(events) if event_id is not None)


def _entries(body: bytes) -> list[dict[str, Any]]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    entries = data.get("events") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_EVENTS:
        raise BadRequest(f'The body must be {{"events": […]}} with 1 to {MAX_EVENTS} events.')
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise BadRequest(f"events[{position}] must be an object.")
        if unknown := entry.keys() - _EVENT_FIELDS:
            raise BadRequest(
                f"events[{position}]: unknown field {sorted(unknown)[0]!r}; known: {sorted(_EVENT_FIELDS)}."
            )
    return entries


def _identity(entry: Mapping[str, Any], position: int) -> tuple[str, str]:
    return read_identity(entry.get("contact"), f"events[{position}].contact")


def _telling(entry: Mapping[str, Any], position: int, now: datetime) -> Telling:
    key, payload = _key_and_payload(entry, position)
    return Telling(
        entry["type"],
        payload,
        _moment(entry.get("occurred_at"), position, now),
        (_identity(entry, position),) if "contact" in entry else (),
        key,
        _historical(entry, position),
    )


def _event(entry: Mapping[str, Any], contact_id: int, source: str, position: int, now: datetime) -> NewEvent:
    kind = entry.get("type")
    if kind not in ACCEPTED_TYPES - {REPLIED}:
        raise BadRequest(f"events[{position}].type must be one of {sorted(ACCEPTED_TYPES)}.")
    key, payload = _key_and_payload(entry, position)
    return NewEvent(
        kind,
        contact_id,
        payload,
        occurred_at=_moment(entry.get("occurred_at"), position, now),
        source=source,
        key=key,
        historical=_historical(entry, position),
    )


def _key_and_payload(entry: Mapping[str, Any], position: int) -> tuple[str, dict[str, Any]]:
    key, payload = entry.get("key"), entry.get("payload", {})
    if not isinstance(key, str):
        raise BadRequest(f"events[{position}].key must be a text that is the same whenever the event is sent again.")
    if not isinstance(payload, dict):
        raise BadRequest(f"events[{position}].payload must be an object.")
    return key, payload


def _reply(entry: Mapping[str, Any], position: int, now: datetime) -> ToldReply:
    contact = _identity(entry, position) if "contact" in entry else None
    at = _moment(entry.get("occurred_at"), position, now)
    return read_reply(entry, position, contact, at, historical=_historical(entry, position))


def _historical(entry: Mapping[str, Any], position: int) -> bool:
    historical = entry.get("historical", False)
    if not isinstance(historical, bool):
        raise BadRequest(f"events[{position}].historical must be true or false.")
    return historical


def _moment(value: Any, position: int, now: datetime) -> datetime:
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None or moment.year < 1990:
        raise BadRequest(f"events[{position}].occurred_at must be like 2026-11-22T09:30:00+09:00, with a time zone.")
    if moment > now + _CLOCK_SKEW:
        raise BadRequest(f"events[{position}].occurred_at is in the future.")
    return moment
