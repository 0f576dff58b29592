"""What differs between two compiled journeys: rules, and step by step. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jouren.journeys.conversions import conversion_days, conversion_of
from jouren.journeys.models import Precedence, Reentry
from jouren.journeys.shape import Compiled, content, places
from jouren.journeys.versions import dates_of, endings_of, triggers_of

Kind = Literal["added", "removed", "changed", "moved"]

_RULES: Mapping[str, Any] = {
    "triggers": lambda compiled: (triggers_of(compiled), dates_of(compiled)),
    "entry": lambda compiled: compiled["entry"],
    "reentry": lambda compiled: (
        compiled["reentry"],
        compiled.get("reentry_days", 0),
        compiled.get("key", "") if compiled["reentry"] == Reentry.KEYED else "",
    ),
    "entries_per_hour": lambda compiled: compiled.get("entries_per_hour"),
    "precedence": lambda compiled: compiled.get("precedence", Precedence.LIKE_OTHERS),
    "goal": lambda compiled: compiled["goal"],
    "holdout": lambda compiled: compiled.get("holdout") or 0,
    "conversion": lambda compiled: (conversion_of(compiled), conversion_days(compiled)),
    "exits": lambda compiled: (compiled["exits"], endings_of(compiled)),
    "zone": lambda compiled: compiled["zone"],
}


@dataclass(frozen=True)
class StepChange:
    """What became of one step. ``before`` and ``after`` are compiled steps, None where there is none."""

    step: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    is_moved: bool = False

    @property
    def kind(self) -> Kind:
        """The one word for it. A step that was both changed and moved is changed."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if content(self.before) != content(self.after) else "moved"


@dataclass(frozen=True)
class Changes:
    """``rules`` names what differs outside the steps; ``steps`` stand in the new order, gone ones where they were."""

    rules: tuple[str, ...]
    steps: tuple[StepChange, ...]

    def __bool__(self) -> bool:
        return bool(self.rules or self.steps)

    def of(self, *kinds: Kind) -> list[StepChange]:
        """The steps to which that happened."""
        return [change for change in self.steps if change.kind in kinds]


def compare(old: Compiled, new: Compiled) -> Changes:
    """What ``new`` does differently from ``old``."""
    rules = tuple(name for name, read in _RULES.items() if read(old) != read(new))
    moved = _moved(old, new)
    before, after = old["steps"], new["steps"]
    steps = []
    for step in _merged([place.step for place in places(old)], [place.step for place in places(new)]):
        change = StepChange(step, before.get(step), after.get(step), step in moved)
        if change.kind != "moved" or change.is_moved:
            steps.append(change)
    return Changes(rules, tuple(steps))


def _merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The new order, with each step that is gone behind the one it followed."""
    kept = set(new)
    behind: dict[str | None, list[str]] = defaultdict(list)
    anchor: str | None = None
    for step in old:
        if step in kept:
            anchor = step
        else:
            behind[anchor].append(step)
    merged = list(behind[None])
    for step in new:
        merged += [step, *behind[step]]
    return merged


def _moved(old: Compiled, new: Compiled) -> set[str]:
    """Steps that stand in another way than before, or were taken past others of their way."""
    was = {place.step: (number, place.inside) for number, place in enumerate(places(old))}
    moved: set[str] = set()
    by_way: dict[object, list[str]] = defaultdict(list)
    for place in places(new):
        if place.step in was:
            if was[place.step][1] == place.inside:
                by_way[place.inside].append(place.step)
            else:
                moved.add(place.step)
    for steps in by_way.values():
        moved |= set(steps) - _stayed(steps, [was[step][0] for step in steps])
    return moved


def _stayed(steps: Sequence[str], former: Sequence[int]) -> set[str]:
    """The most steps that can be said to have stayed: the longest run whose former numbers ascend."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int | None] = []
    for position, number in enumerate(former):
        length = bisect_left(tails, number)
        if length == len(tails):
            tails.append(number)
            ends.append(position)
        else:
            tails[length], ends[length] = number, position
        previous.append(ends[length - 1] if length else None)
    stayed: set[str] = set()
    at: int | None = ends[-1] if ends else None
    while at is not None:
        stayed.add(steps[at])
        at = previous[at]
    return stayed
