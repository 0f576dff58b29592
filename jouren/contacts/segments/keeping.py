"""Keeps segments current: what happens to somebody makes those segments be asked again that depend on it.

All that writes where people stand does so by :func:`refresh`, which holds the people's shards: of two processes one
asks at a time, so an answer is never overwritten by an older one. Whose shard another process holds, and whatever
concerns a segment that is being filled, waits in ``contacts_segment_waiting`` for ``rechecking.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jouren.conditions.moments import day_of
from jouren.conditions.queries import load_facts
from jouren.conditions.standing import Answer
from jouren.contacts.segments.definitions import MERGED, Definition, Listed, listed_segments, plan_of
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.core.zone import shop_zone
from jouren.events.actions import NewEvent, record_events
from jouren.events.reactions import Reaction
from jouren.events.types import Event

_sql = load_sql("contacts")
SHARDS = 32

Wanted = Mapping[int, Collection[int]]
"""Which segments to ask again of whom: segment ids by contact id."""


@dataclass
class Changes:
    """What a refresh found out. ``moved``: (contact, segment, whether they entered). ``absent``: erased or merged."""

    rows: list[tuple[int, int, bool, datetime | None]] = field(default_factory=list)
    dropped: list[tuple[int, int]] = field(default_factory=list)
    moved: list[tuple[int, int, bool]] = field(default_factory=list)
    absent: set[int] = field(default_factory=set)


def react(events: Sequence[Event]) -> None:
    """Ask again what these events may have changed. At most one event of each contact."""
    listed = listed_segments()
    if not listed:
        return
    plan = plan_of(listed)
    wanted: dict[int, frozenset[int]] = {}
    silent: set[int] = set()
    gone: dict[int, int] = {}
    for event in events:
        if not (concerned := plan.concerned_by(event.type)):
            continue
        wanted[event.contact_id] = concerned
        if event.historical:
            silent.add(event.contact_id)
        if event.type == MERGED:
            gone[event.payload["gone"]] = event.contact_id
    if wanted:
        handed_over = _handed_over(gone, plan.ids)
        refresh(wanted | dict.fromkeys(gone, plan.ids), listed, clock.now(), silent=silent, handed_over=handed_over)


REACTION = Reaction("contacts.segments", react, order=150, historical=True)


def _handed_over(gone: Mapping[int, int], segment_ids: Collection[int]) -> set[tuple[int, int]]:
    """Where the kept ones of merged people stand because the gone ones stood there: (contact, segment)."""
    if not gone:
        return set()
    rows = _sql.all("segment_standings", {"contact_ids": list(gone), "segment_ids": list(segment_ids)})
    return {(gone[contact_id], segment_id) for contact_id, segment_id, is_member, _recheck in rows if is_member}


def refresh(
    wanted: Wanted,
    listed: Sequence[Listed],
    now: datetime,
    *,
    silent: Collection[int] = (),
    handed_over: Collection[tuple[int, int]] = (),
) -> None:
    """Ask segments again of people, write what changed, and record who entered and left; in the caller's transaction.

    ``silent``: of these people imported history is told, which brings nobody into a journey. Nor does a membership that
    is ``handed_over`` when people are merged, or what an erased or merged person loses.
    """
    known = {segment.id for segment in listed}
    filled = {segment.id for segment in listed if segment.is_filled}
    mine = hold_shards(wanted)
    asked: dict[int, set[int]] = defaultdict(set)
    later: list[tuple[int, int]] = []
    for contact_id, segment_ids in wanted.items():
        for segment_id in segment_ids:
            if contact_id % SHARDS in mine and segment_id in filled:
                asked[contact_id].add(segment_id)
            elif segment_id in known:
                later.append((contact_id, segment_id))
    changes = Changes()
    for level in plan_of(listed).levels:
        level_changes = _ask(level, asked, now)
        _write(level_changes, now)
        later += _ask_dependents(level_changes.moved, listed, filled, asked)
        changes.moved += level_changes.moved
        changes.absent |= level_changes.absent
    if later:
        wait(later, silent)
    _record(changes, {segment.id: segment for segment in listed}, now, silent, handed_over)


def _ask_dependents(
    moved: Sequence[tuple[int, int, bool]],
    listed: Sequence[Listed],
    filled: Collection[int],
    asked: Mapping[int, set[int]],
) -> list[tuple[int, int]]:
    """Have those who moved be asked for the segments that ask for this one. Returns what has to wait."""
    later = []
    for contact_id, segment_id, _entered in moved:
        for dependent in plan_of(listed).dependents.get(segment_id, ()):
            if dependent in filled:
                asked[contact_id].add(dependent)
            else:
                later.append((contact_id, dependent))
    return later


def hold_shards(contact_ids: Iterable[int]) -> set[int]:
    """Lock these people's shards until the transaction ends, those that are free. Returns the shards that are held."""
    shards = sorted({contact_id % SHARDS for contact_id in contact_ids})
    return {row[0] for row in _sql.all("segment_shards", {"shards": shards})}


def wait(pairs: Iterable[tuple[int, int]], silent: Collection[int] = ()) -> None:
    """Have (contact, segment) pairs looked at later. Segment 0 is all."""
    contact_ids, segment_ids = map(list, zip(*pairs, strict=True))
    historical = [contact_id in silent for contact_id in contact_ids]
    _sql.run("segment_wait", {"contact_ids": contact_ids, "segment_ids": segment_ids, "historical": historical})


def note_new(contact_ids: Sequence[int], historical: Sequence[bool] = ()) -> None:
    """Have people who have just become known looked at for all segments."""
    flags = list(historical) or [False] * len(contact_ids)
    _sql.run("segment_wait_for_all", {"contact_ids": list(contact_ids), "historical": flags})


def _ask(level: Sequence[Definition], wanted: Wanted, now: datetime) -> Changes:
    """Ask the segments of one level."""
    found = Changes()
    all_wanted = set().union(*wanted.values()) if wanted else set()
    asked = [definition for definition in level if definition.id in all_wanted]
    if not asked:
        return found
    ids = frozenset(definition.id for definition in asked)
    people = [contact_id for contact_id, segment_ids in wanted.items() if not ids.isdisjoint(segment_ids)]
    known = {
        (contact_id, segment_id): (is_member, recheck_at)
        for contact_id, segment_id, is_member, recheck_at in _sql.all(
            "segment_standings", {"contact_ids": people, "segment_ids": list(ids)}
        )
    }
    values = _values(asked, people, now)
    zone = shop_zone()
    for contact_id in people:
        facts = values.get(contact_id)
        if not facts or not facts[0]:
            facts = None
            found.absent.add(contact_id)
        for definition in asked:
            if definition.id not in wanted[contact_id]:
                continue
            holds, change = definition.compiled.evaluate(facts, now, zone) if facts else (False, None)
            place = (contact_id, definition.id)
            _compare(place, known.get(place, (False, None)), (holds, change), now, found)
    return found


def _values(asked: Sequence[Definition], people: Sequence[int], now: datetime) -> dict[int, tuple[Any, ...]]:
    """Each person's facts at the places where these definitions look for them; whether they are present first."""
    places = sorted(set().union(*(definition.compiled.places for definition in asked)) | {0})
    facts = max((definition.compiled.facts for definition in asked), key=len)
    loaded = load_facts([facts[place] for place in places], people, now)
    if places == list(range(len(places))):
        return loaded
    size = places[-1] + 1
    return {contact_id: _spread(values, places, size) for contact_id, values in loaded.items()}


def _spread(values: Sequence[Any], places: Sequence[int], size: int) -> tuple[Any, ...]:
    spread: list[Any] = [None] * size
    for place, value in zip(places, values, strict=True):
        spread[place] = value
    return tuple(spread)


def _compare(place: tuple[int, int], known: Answer, fresh: Answer, now: datetime, found: Changes) -> None:
    """Note what has to be written for a (contact, segment)."""
    (was, recheck_at), (holds, change) = known, fresh
    if holds is not was:
        found.moved.append((*place, holds))
    elif recheck_at is not None and recheck_at > now and (change is None or recheck_at <= change):
        return  # looked at again early enough: a look too many is cheaper than a row written at every event
    elif recheck_at == change:
        return
    if holds or change is not None:
        found.rows.append((*place, holds, change))
    else:
        found.dropped.append(place)


def _write(found: Changes, now: datetime) -> None:
    if found.rows:
        contact_ids, segment_ids, members, rechecks = map(list, zip(*found.rows, strict=True))
        columns = {"contact_ids": contact_ids, "segment_ids": segment_ids, "members": members, "rechecks": rechecks}
        _sql.run("segment_write", {**columns, "now": now})
    if found.dropped:
        contact_ids, segment_ids = map(list, zip(*found.dropped, strict=True))
        _sql.run("segment_drop", {"contact_ids": contact_ids, "segment_ids": segment_ids})


def _record(
    changes: Changes,
    listed: Mapping[int, Listed],
    now: datetime,
    silent: Collection[int],
    handed_over: Collection[tuple[int, int]],
) -> None:
    if not changes.moved:
        return
    contact_ids, segment_ids, entered = map(list, zip(*changes.moved, strict=True))
    columns = {"contact_ids": contact_ids, "segment_ids": segment_ids, "entered": entered}
    _sql.run("segment_count", {**columns, "now": now, "day": day_of(now, shop_zone())})

    def tell(contact_id: int, segment_id: int, holds: bool) -> NewEvent:
        segment = listed[segment_id]
        payload = {"segment": segment_id, "name": segment.name, "version": segment.version}
        is_silent = contact_id in silent or contact_id in changes.absent or (contact_id, segment_id) in handed_over
        return NewEvent("segment.entered" if holds else "segment.left", contact_id, payload, now, historical=is_silent)

    record_events([tell(*move) for move in changes.moved])


def by_contact(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """Pairs of (contact, segment) as :data:`Wanted`."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for contact_id, segment_id in pairs:
        wanted[contact_id].add(segment_id)
    return wanted
