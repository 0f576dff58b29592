"""The reactor: takes events from the inbox and runs their reactions, each effectively once.

One tick is one transaction: lock a few shards, take their next events in order, react, delete them from the inbox.
A crash before the commit undoes all of it. A failing event is *parked* with its contact's later ones; nobody else
waits.

There are two lanes. Imported history is taken in small batches of one shard, where no live event waits, by a loop of
its own: a live event meets it seldom and waits for one small batch at most.

Who holds the lock of a person's shard is the only one who reacts for them. An event under an id that was merged away is
sent on to the shard of the person it became.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction
from django.db.utils import InterfaceError

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import CHANNEL
from jouren.events.reactions import Reaction, reactions, resolve_contacts
from jouren.events.types import Event

logger = logging.getLogger(__name__)
_sql = load_sql("events")

SHARDS = 32
_MAX_ERROR_LENGTH = 2_000


# By the first two characters of an SQLSTATE: connection, rollback (deadlock), resources, locks, shutdown, system.
# Another error of the database would come again, however often the event is tried.
_PASSING = frozenset({"08", "28", "40", "53", "55", "57", "58"})


@dataclass(frozen=True, slots=True)
class Lane:
    """Live events or imported history, and how much of it one tick takes at most."""

    historical: bool
    shards: int
    events: int


LIVE = Lane(historical=False, shards=8, events=500)
HISTORY = Lane(historical=True, shards=1, events=100)


class _ReactionFailed(Exception):
    def __init__(self, reaction: str, error: Exception) -> None:
        super().__init__(reaction)
        self.reaction = reaction
        self.error = error


def tick() -> int:
    """React to the next batch of events: live ones first, imported history when there are none.

    Returns how many events left the inbox or were sent on within it.
    """
    return tick_live() or tick_history()


def tick_live() -> int:
    """React to the next batch of live events. Returns as :func:`tick` does."""
    return _tick(LIVE)[0]


def tick_history() -> int:
    """React to the next batch of imported history. Returns as :func:`tick` does."""
    handled, shards = _tick(HISTORY)
    if shards and _sql.all("live_ones_wait", {"shards": shards}):
        # They came while we held their shard; a live reactor has passed it over, and sleeps now.
        wake(CHANNEL)
    return handled


@transaction.atomic
def _tick(lane: Lane) -> tuple[int, list[int]]:
    """One batch. Returns how many events it took, and the shards it held."""
    claim = {"historical": lane.historical, "limit": lane.shards}
    shards = [row[0] for row in _sql.all("claim_shards", claim)]
    if not shards:
        return 0, shards
    mine = {"historical": lane.historical, "shards": shards}
    rows = _sql.all("take", {**mine, "limit": lane.events})
    events = _at_home(rows, mine)
    people = {"historical": lane.historical, "contact_ids": [event.contact_id for event in events]}
    blocked = {row[0] for row in _sql.all("contacts_parked", people)}
    for event_round in _rounds(events):
        ready = []
        for event in event_round:
            if event.contact_id in blocked:
                _park(event, "", "Waits behind an earlier event of the same person.")
            else:
                ready.append(event)
        blocked |= _react_or_park(ready)
    _sql.run("done", {**mine, "event_ids": [event.id for event in events]})
    return len(rows), shards


def _at_home(rows: Sequence[tuple[Any, ...]], mine: Mapping[str, Any]) -> list[Event]:
    """The events that stand in their person's own shard, under the person's id; all others are sent on to theirs."""
    became = resolve_contacts({contact_id for _shard, _id, contact_id, *_ in rows})
    here: list[Event] = []
    elsewhere: list[Event] = []
    for shard, *columns in rows:
        event = Event(*columns)
        if event.contact_id in became:
            event = dataclasses.replace(event, contact_id=became[event.contact_id])
        (here if event.contact_id % SHARDS == shard else elsewhere).append(event)
    if elsewhere:
        living = {"event_ids": [e.id for e in elsewhere], "contact_ids": [e.contact_id for e in elsewhere]}
        _sql.run("send_on", {**mine, **living})
    return here


def _rounds(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Split events into lists with at most one event of each contact, keeping every contact's order."""
    seen: dict[int, int] = {}
    rounds: list[list[Event]] = []
    for event in events:
        turn = seen.get(event.contact_id, 0)
        seen[event.contact_id] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(event)
    yield from rounds


def _react_or_park(events: Sequence[Event]) -> set[int]:
    """React to all events at once; when that fails, one by one. Returns the contacts whose event was parked."""
    try:
        _react(events)
    except _ReactionFailed as failure:
        if len(events) > 1:
            return set().union(*(_react_or_park([event]) for event in events))
        (event,) = events
        logger.warning("Event %s (%s) is parked: reaction %s failed", event.id, event.type, failure.reaction)
        _park(event, failure.reaction, f"{type(failure.error).__name__}: {failure.error}")
        return {event.contact_id}
    return set()


def _react(events: Sequence[Event]) -> None:
    """Run every reaction on the events it wants, in one savepoint.

    Raises _ReactionFailed when one fails by itself; lets trouble with the database through, which is nobody's fault and
    goes away by trying the whole batch again.
    """
    with transaction.atomic():
        for reaction in reactions():
            wanted = [event for event in events if reaction.wants(event)]
            if wanted:
                _run(reaction, wanted)


def _run(reaction: Reaction, events: Sequence[Event]) -> None:
    try:
        reaction.react(events)
        # Foreign keys would be checked at the commit, when it is too late to say whose fault it is.
        connection.check_constraints()
    except Exception as error:
        if _may_pass(error):
            raise
        raise _ReactionFailed(reaction.name, error) from error


def _may_pass(error: Exception) -> bool:
    """Whether an error is trouble with the database that goes away by trying the batch again."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) else error
    if not isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return cause.sqlstate is None or cause.sqlstate[:2] in _PASSING


def _park(event: Event, reaction: str, error: str) -> None:
    _sql.run(
        "park",
        {
            "event_id": event.id,
            "recorded_at": event.recorded_at,
            "contact_id": event.contact_id,
            "type": event.type,
            "historical": event.historical,
            "reaction": reaction,
            "error": error.replace("\x00", "")[:_MAX_ERROR_LENGTH],
            "now": clock.now(),
        },
    )
