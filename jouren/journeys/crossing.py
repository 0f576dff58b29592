"""People who are led from one journey into another, or out of it, by a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.events.actions import NewEvent, record_events
from jouren.journeys.versions import live_version_of
from jouren.messaging.actions import withhold_planned

_sql = load_sql("journeys")

# Why somebody left, or did not enter.
TAKEN_OUT = "taken_out"
NOT_PUBLISHED = "not_published"
NOT_ADMITTED = "not_admitted"
BEEN_THERE = "been_there"
TURNED_AWAY = "turned_away"
GOING_ROUND = "going_round"

MAX_TURNS = 3
"""How often one journey may stand in a chain of journeys that start each other."""
_LONGEST_CHAIN = 100
_LEFT = "journey_left"


class Start(NamedTuple):
    """Somebody is to enter ``journey_id`` from a walk, which is about the ``key_of`` ``key`` (empty: nothing)."""

    journey_id: int
    name: str
    contact_id: int
    walk_id: int
    key_of: str
    key: str


class Departure(NamedTuple):
    """Somebody is to leave ``journey_id``, or (None) all journeys but ``from_id``, where the step stands."""

    journey_id: int | None
    contact_id: int
    from_id: int


def start_walks(starts: Iterable[Start], now: datetime) -> None:
    """Bring people into other journeys, in the caller's transaction; whoever does not enter is told why."""
    by_journey: dict[int, list[Start]] = defaultdict(list)
    for start in starts:
        by_journey[start.journey_id].append(start)
    refused = [
        (start, reason)
        for journey_id, wanted in sorted(by_journey.items())
        for each_once in _rounds(wanted)
        for start, reason in _start(journey_id, each_once, now).items()
    ]
    record_events(
        [
            NewEvent(
                "journey.not_entered",
                start.contact_id,
                {"journey": start.journey_id, "name": start.name, "reason": reason},
                occurred_at=now,
            )
            for start, reason in refused
        ]
    )


def _rounds(starts: Sequence[Start]) -> Iterator[list[Start]]:
    """The starts in lists with each person once: walks that are about several things come one after the other."""
    left = list(starts)
    while left:
        first = {start.contact_id: start for start in reversed(left)}
        yield list(first.values())
        left = [start for start in left if first[start.contact_id] is not start]


def _start(journey_id: int, starts: Sequence[Start], now: datetime) -> dict[Start, str]:
    """Start what may be started. Returns the others, each with the reason."""
    from jouren.journeys.engine import CHANNEL
    from jouren.journeys.models import Entries
    from jouren.journeys.reactions import admitted, enrol_contacts, held_out_of, open_pause

    version = live_version_of(journey_id)
    if version is None:
        return dict.fromkeys(starts, NOT_PUBLISHED)
    rounders = _rounders(journey_id, [start.walk_id for start in starts])
    refused = {start: GOING_ROUND for start in starts if start.walk_id in rounders}
    key_of = version.program.key
    keys = {start.contact_id: start.key if start.key_of == key_of else "" for start in starts if start not in refused}
    let_in = admitted(version, keys, now)
    walks = {start.contact_id: start.walk_id for start in starts}
    entered = set(enrol_contacts(version, let_in, now, walks)) if let_in else set()
    if key_of and (missed := {contact: key for contact, key in let_in.items() if contact not in entered}):
        # Somebody else may have begun another of their walks at this moment; that one is to be seen by now.
        entered |= set(enrol_contacts(version, missed, now, walks))
    if entered:
        wake(CHANNEL)
    _pause, entries = open_pause(journey_id) or (0, "")
    outside = TURNED_AWAY if entries == Entries.TURN_AWAY else BEEN_THERE
    left_over = [start for start in starts if start not in refused and start.contact_id not in entered]
    held_out = held_out_of(journey_id, [start.contact_id for start in left_over]) if version.program.holdout else ()
    for start in left_over:
        if start.contact_id not in held_out:  # they are told so when they are drawn
            refused[start] = outside if start.contact_id in let_in else NOT_ADMITTED
    return refused


def _rounders(journey_id: int, walk_ids: Sequence[int]) -> set[int]:
    """Those of these walks that came round to the journey often enough, or through too many others."""
    rows = _sql.all("chains", {"ids": list(walk_ids), "journey_id": journey_id, "longest": _LONGEST_CHAIN})
    return {walk_id for walk_id, length, turns in rows if turns >= MAX_TURNS or length >= _LONGEST_CHAIN}


def end_walks(departures: Iterable[Departure], now: datetime) -> None:
    """Take people out of other journeys, in the caller's transaction; what those had planned does not go out."""
    by_journey: Mapping[int | None, list[Departure]] = defaultdict(list)
    for departure in departures:
        by_journey[departure.journey_id].append(departure)
    rows = [
        row
        for journey_id in sorted(by_journey, key=lambda each: each or 0)
        for row in _sql.all(
            "take_out",
            {
                "journey_id": journey_id,
                "contact_ids": [departure.contact_id for departure in by_journey[journey_id]],
                "from_ids": [departure.from_id for departure in by_journey[journey_id]],
                "now": now,
                "reason": TAKEN_OUT,
            },
        )
    ]
    withhold_planned(((run_id, contact_id) for contact_id, _journey, _name, run_id in rows), _LEFT)
    record_events(
        [
            NewEvent(
                "journey.left", contact_id, {"journey": journey_id, "name": name, "reason": TAKEN_OUT}, occurred_at=now
            )
            for contact_id, journey_id, name, _run in rows
        ]
    )
