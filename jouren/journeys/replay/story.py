"""What happened to somebody in a replay, as a dry run keeps it: in reading order, and short, for there are many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from json import dumps
from typing import Any

from jouren.journeys.replay.counts import kind_of
from jouren.journeys.replay.terms import Happening

FATES = frozenset({"sent", "held", "stopped"})
"""What becomes of a message."""
_MARKED = frozenset({"step", "did", "left", *FATES})
_EPOCH, _SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
_quoted = lru_cache(maxsize=1_000)(dumps)


def in_reading_order(happened: Iterable[Happening]) -> list[Happening]:
    """What becomes of a message at once stands where its step does."""
    told = list(happened)
    at_once = {(each.at, each.walk, each.step): each for each in reversed(told) if each.what in FATES}
    ordered: list[Happening] = []
    placed: set[int] = set()
    for each in told:
        if each.what == "planned":
            if (fate := at_once.get((each.at, each.walk, each.step))) is not None:
                ordered.append(fate)
                placed.add(id(fate))
        elif id(each) not in placed:
            ordered.append(each)
    return ordered


def write_story(happened: Iterable[Happening], places: Mapping[str, int], told_by_effect: Collection[str]) -> str:
    """A story as JSON: [seconds since 1970, what, walk, the step's place | null, detail, until | null] each; what is
    empty at the end of a line is left out. Nobody is told that somebody came to a step ``told_by_effect``."""
    lines = []
    for at, what, walk, step, detail, until in in_reading_order(happened):
        if what == "step" and step in told_by_effect:
            continue
        line = f'[{(at - _EPOCH) // _SECOND},"{what}",{walk}'
        if until is not None:
            line += f",{places.get(step, 'null')},{_quoted(detail)},{(until - _EPOCH) // _SECOND}"
        elif detail:
            line += f",{places.get(step, 'null')},{_quoted(detail)}"
        elif step:
            line += f",{places[step]}"
        lines.append(line)
    return "[" + "],".join(lines) + "]]" if lines else "[]"


def read_story(story: Iterable[Sequence[Any]], steps: Sequence[str]) -> list[Happening]:
    """What :func:`write_story` wrote, with the ids of ``steps`` at their places."""
    return [_read(line, steps) for line in story]


def _read(line: Sequence[Any], steps: Sequence[str]) -> Happening:
    at, what, walk, place, detail, until = [*line, None, None, None][:6]
    return Happening(
        datetime.fromtimestamp(at, UTC),
        what,
        walk,
        "" if place is None else steps[place],
        detail or "",
        None if until is None else datetime.fromtimestamp(until, UTC),
    )


def marks_of(happened: Iterable[Happening], places: Mapping[str, int]) -> list[str]:
    """What a person is found by: ``sent:3`` (the step's place), ``stopped:3:unsubscribed``, ``left:goal_reached``."""
    found = []
    for what, step, detail in dict.fromkeys(map(kind_of, happened)):
        if what not in _MARKED:
            continue
        parts = [what]
        if step:
            parts.append(str(places[step]))
        if what in {"stopped", "held", "left"}:
            parts.append(detail.replace("\t", " "))
        found.append(":".join(parts))
    return list(dict.fromkeys(found))
