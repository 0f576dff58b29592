"""Pure rules of this room."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from jouren.events.types import Event
from jouren.journeys.program import Ending, Program, Trigger
from jouren.journeys.purchases import is_meant

_HOUR = timedelta(hours=1)


class Past(NamedTuple):
    """A walk that somebody began: what it is about, when, and when it ended (None: they are on the way)."""

    key: str
    entered_at: datetime
    ended_at: datetime | None


def pulls(trigger: Trigger, type: str, payload: Mapping[str, Any]) -> bool:
    """Whether an event is of the kind that pulls a trigger, however many of it are needed."""
    return type == trigger.event and is_meant(type, payload, trigger.match, trigger.where)


def key_of(program: Program, payload: Mapping[str, Any]) -> str:
    """What a walk is about that an event starts; empty where the journey does not ask."""
    return str(payload.get(program.key) or "") if program.key else ""


def ending_of(program: Program, event: Event, key: str, entered_at: datetime) -> Ending | None:
    """The ending that an event means for a walk; None: it goes on.

    What is about the same thing counts whenever it happened. Anything else counts from the walk's beginning on.
    """
    for ending in program.endings:
        if not pulls(ending.event, event.type, event.payload):
            continue
        if ending.keyed:
            if key and str(event.payload.get(ending.keyed)) == key:
                return ending
        elif event.occurred_at >= entered_at:
            return ending
    return None


def is_over(program: Program, happened: Iterable[tuple[str, Mapping[str, Any]]], key: str) -> bool:
    """Whether what a walk would be about has ended before: of events (type, payload), one says so."""
    keyed = [ending for ending in program.endings if ending.keyed and key]
    return any(
        str(payload.get(ending.keyed)) == key and pulls(ending.event, type, payload)
        for type, payload in (happened if keyed else ())
        for ending in keyed
    )


def may_enter(program: Program, walks: Iterable[Past], key: str, now: datetime) -> bool:
    """Whether somebody with these walks may begin another one. What ``enrol`` asks in SQL."""
    if program.reentry == "once":
        return not any(True for _walk in walks)
    if program.reentry == "keyed":
        return all(walk.key != key for walk in walks)
    is_inside = any(walk.ended_at is None or walk.ended_at > now for walk in walks)
    if is_inside or program.reentry == "again":
        return not is_inside
    return all(walk.entered_at <= now - timedelta(days=program.reentry_days) for walk in walks)


def fingerprint(compiled: Mapping[str, Any]) -> str:
    """A hash that is equal for equal programs, or parts of one."""
    text = json.dumps(compiled, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def paced(busy_until: datetime | None, now: datetime, per_hour: int, count: int) -> tuple[list[datetime], datetime]:
    """When each of ``count`` people may begin, evenly spaced, and until when the allowance is used up after them."""
    spacing = _HOUR / per_hour
    begin = max(now, busy_until or now)
    return [begin + spacing * place for place in range(count)], begin + spacing * count


def find_circle(start: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """The shortest way along ``edges`` (from, to) that leads from ``start`` back to it; empty when there is none."""
    following: dict[int, list[int]] = defaultdict(list)
    for origin, target in edges:
        following[origin].append(target)
    seen: set[int] = set()
    ways = deque([[start]])
    while ways:
        way = ways.popleft()
        for target in following[way[-1]]:
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
