"""The shape of a compiled journey: which step stands where, and what may come after it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jouren.journeys.steps import followers, is_end, ways_of

Compiled = Mapping[str, Any]
_LINKS = frozenset({"next", "then", "else"})


class Place(NamedTuple):
    """Where a step stands: in which way (by its number) of which fork; None is the journey itself."""

    step: str
    inside: tuple[str, int] | None


def places(compiled: Compiled) -> list[Place]:
    """All steps that can be reached, as the author reads them: from the top down, the ways of a fork one by one."""
    return list(_places(compiled, compiled["first"], stop=None, inside=None))


def _places(
    compiled: Compiled, step_id: str | None, stop: str | None, inside: tuple[str, int] | None
) -> Iterator[Place]:
    while step_id is not None and step_id != stop:
        raw = compiled["steps"][step_id]
        yield Place(step_id, inside)
        meeting = raw.get("next")
        for number, way in enumerate(ways_of(raw)):
            yield from _places(compiled, way.first, meeting, (step_id, number))
        step_id = None if is_end(raw) else meeting


def ahead(compiled: Compiled, step_id: str | None) -> frozenset[str]:
    """Every step that somebody who stands at ``step_id`` may still come to, that one too."""
    found: set[str] = set()
    waiting = [step_id]
    while waiting:
        step = waiting.pop()
        if step is not None and step not in found:
            found.add(step)
            waiting += followers(compiled["steps"][step])
    return frozenset(found)


def in_order(compiled: Compiled) -> list[str]:
    """The steps that can be reached, each after all those that may come before it."""
    done: dict[str, None] = {}
    _visit(compiled, compiled["first"], done)
    return list(done)[::-1]


def _visit(compiled: Compiled, first: str | None, done: dict[str, None]) -> None:
    # Depth first without recursion: five hundred steps one after the other are more than Python likes to nest.
    stack: list[tuple[str, list[str | None]]] = []
    if first is not None:
        stack.append((first, list(followers(compiled["steps"][first]))))
    while stack:
        step, following = stack[-1]
        while following and (following[-1] is None or following[-1] in done):
            following.pop()
        if not following:
            stack.pop()
            done[step] = None
            continue
        after = following.pop()
        if after is not None:
            stack.append((after, list(followers(compiled["steps"][after]))))


def content(raw: Any) -> Any:
    """What a step says itself, without where it leads."""
    if isinstance(raw, Mapping):
        return {key: content(value) for key, value in raw.items() if key not in _LINKS}
    if isinstance(raw, list):
        return [content(part) for part in raw]
    return raw
