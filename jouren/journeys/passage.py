"""Where the people of one version go on in another: each step's place, and what of their waiting still counts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from jouren.journeys.shape import Compiled, content, places
from jouren.journeys.steps import is_wait

if TYPE_CHECKING:
    from jouren.journeys.engine import Walker


@dataclass(frozen=True)
class Passage:
    """From one version to another.

    ``instead``: for each step that is gone the one to go on at, None at the end. ``replaced``: those of them that were
    a wait and have another wait in their place, so that the time waited counts there. ``anew``: steps that are there
    but say something else now, so that whoever stands at one is looked at again. ``ways``: for an event that somebody
    at such a step has heard (step, number of its way), the number of that way now; what is not here is not waited for
    any more.
    """

    instead: Mapping[str, str | None]
    replaced: frozenset[str]
    anew: frozenset[str]
    ways: Mapping[tuple[str, int], int]

    @property
    def affected(self) -> list[str]:
        """The steps at which publishing does something to people."""
        return [*self.instead, *self.anew]

    def carry(self, walker: Walker, version_id: int, now: datetime) -> Walker:
        """A walker as they stand in the other version."""
        step = walker.step
        if step is not None and step in self.instead:
            arrived_at = walker.arrived_at if step in self.replaced else now
            return walker._replace(version_id=version_id, step=self.instead[step], arrived_at=arrived_at, heard=None)
        heard = walker.heard
        if step is not None and step in self.anew and heard is not None:
            heard = self.ways.get((step, heard))
        return walker._replace(version_id=version_id, heard=heard)


def passage(old: Compiled, new: Compiled) -> Passage:
    """How people get from ``old`` to ``new``."""
    zone_is_other = old["zone"] != new["zone"]
    common = [step for step in old["steps"] if step in new["steps"]]
    anew = {step for step in common if zone_is_other or content(old["steps"][step]) != content(new["steps"][step])}
    ways = {
        (step, number): kept
        for step in anew
        for number, kept in _kept_ways(old["steps"][step], new["steps"][step]).items()
    }
    replaced = _replaced_waits(old, new)
    return Passage(surviving_steps(old, new) | replaced, frozenset(replaced), frozenset(anew), ways)


def surviving_steps(old: Compiled, new: Compiled) -> dict[str, str | None]:
    """For each step of ``old`` that ``new`` lacks: the first step after it that is left, or None for the end.

    After a fork that is gone, its people go on where its ways meet.
    """
    return {step: _following(step, old, new) for step in old["steps"] if step not in new["steps"]}


def _following(step_id: str, old: Compiled, new: Compiled) -> str | None:
    current: str | None = step_id
    while current is not None and current not in new["steps"]:
        step = old["steps"][current]
        current = step["next"] if "next" in step else step.get("else")  # forks of schema 1 have no "next"
    return current


def _replaced_waits(old: Compiled, new: Compiled) -> dict[str, str]:
    """Waits that are gone and have a new wait in their place.

    That is the first new wait between what stood before them, and is still there, and the next that is still there.
    What else was put in between is not made up for.
    """
    replaced = {}
    before, now = _by_way(old), _by_way(new)
    for way, steps in before.items():
        for position, step in enumerate(steps):
            if step not in new["steps"] and is_wait(old["steps"][step]):
                others = now.get(way, [])
                kept = [each for each in steps[:position] if each in others]
                # Nothing is left of all that came before: nobody can say what is in whose place.
                if kept or position == 0:
                    between = others[others.index(kept[-1]) + 1 if kept else 0 :]
                    added = takewhile(lambda each: each not in old["steps"], between)
                    wait = next((each for each in added if is_wait(new["steps"][each])), None)
                    if wait is not None:
                        replaced[step] = wait
    return replaced


def _by_way(compiled: Compiled) -> dict[tuple[str, int] | None, list[str]]:
    ways: dict[tuple[str, int] | None, list[str]] = defaultdict(list)
    for place in places(compiled):
        ways[place.inside].append(place.step)
    return ways


def _kept_ways(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[int, int]:
    """The ways that events open, by their numbers before and now: those that wait for the same."""
    if old["type"] != new["type"]:
        return {}
    before, now = _awaited(old), _awaited(new)
    return {number: now.index(awaited) for number, awaited in enumerate(before) if awaited in now}


def _awaited(raw: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What each way of a waiting step listens to; one nameless thing where the step's type says it all."""
    paths = raw.get("paths", [raw])
    return [
        (path.get("event"), path.get("match", {}), list(path.get("where", ())), path.get("keyed", "")) for path in paths
    ]
