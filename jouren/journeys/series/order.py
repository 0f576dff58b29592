"""In which order a series goes out, and where people stand in it while its author inserts, removes and moves items.

A published series is a row of *slots*. Slots never change their order: publishing puts new ones in and empties old
ones. An item that is removed leaves its slot empty; one that is moved leaves its slot empty and gets a new one
elsewhere. Who got an item stands at its slot, for good, so that

- the next item is that of the first slot behind it which is not empty and whose item they have not got;
- what is inserted before where somebody stands is not made up for;
- whose item is removed or moved goes on with what followed it.

An item's first slot bears the item's own id. Only an item that was moved can stand behind somebody who got it already,
so only for such ones has anybody to look whether they did.
"""

from __future__ import annotations

import uuid
from bisect import bisect_left
from collections.abc import Collection, Container, Iterable, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import NamedTuple

from jouren.journeys.series.rhythm import Rhythm

MAX_ITEMS = 1_000


class Slot(NamedTuple):
    """A place in a series. ``item`` is what goes out from here (None: the slot is empty), ``version`` its message's.

    ``since``: when the item was put here, in seconds of the epoch.
    """

    id: str
    item: str | None
    version: int
    since: int

    @property
    def is_moved(self) -> bool:
        """Whether its item stood elsewhere before."""
        return self.item is not None and self.item != self.id


class SeriesOrder:
    """A published version of a series, ready to be asked who gets what next."""

    def __init__(self, rhythm: Rhythm, slots: Sequence[Slot]) -> None:
        self.rhythm = rhythm
        self.slots = tuple(slots)
        self._index = {slot.id: index for index, slot in enumerate(slots)}
        self._numbers = list(accumulate(int(slot.item is not None) for slot in slots))
        # For each slot, the first one from there on that is not empty.
        self._full = [len(slots)] * (len(slots) + 1)
        for index in reversed(range(len(slots))):
            self._full[index] = self._full[index + 1] if slots[index].item is None else index

    def index_of(self, place: str | None) -> int | None:
        """Where a slot stands; None when this series has none of that id."""
        return None if place is None else self._index.get(place)

    def furthest(self, got: Iterable[str]) -> int:
        """The index of the last slot whose item is among these; -1 for none."""
        return max((self._index[item] for item in got if item in self._index), default=-1)

    def following(self, index: int, got: Container[str]) -> Slot | None:
        """The slot that comes next for whoever stands at ``index`` (-1: before the first) and got these items."""
        at = self._full[index + 1]
        while at < len(self.slots):
            slot = self.slots[at]
            if not slot.is_moved or slot.item not in got:
                return slot
            at = self._full[at + 1]
        return None

    def doubtful(self, index: int) -> list[str]:
        """The items that may come next for whoever stands at ``index`` unless they got them before: moved ones."""
        found = []
        at = self._full[index + 1]
        while at < len(self.slots) and self.slots[at].is_moved:
            found.append(str(self.slots[at].item))
            at = self._full[at + 1]
        return found

    def number_of(self, slot: Slot) -> int:
        """Which message of the series goes out from a slot, counted from 1."""
        return self._numbers[self._index[slot.id]]

    def passed(self, place: str | None) -> int:
        """The number of the message that whoever stands at a place got last, or of the one before it that is left."""
        index = self.index_of(place)
        return 0 if index is None else self._numbers[index]

    def items(self) -> list[Slot]:
        """The slots that are not empty, in order."""
        return [slot for slot in self.slots if slot.item is not None]


def lay_out(former: Sequence[Slot], wanted: Sequence[tuple[str, int]], now: datetime) -> list[Slot]:
    """The slots of a series that is published again with these items (id, message version), in their order.

    As many items as possible keep their slots; of two that changed places, the one that went back is moved. What is new
    stands behind the slots that were emptied in the same gap, so that whoever stands there gets it.
    """
    live = {slot.item: index for index, slot in enumerate(former) if slot.item is not None}
    kept = _keeping_order([live[item] for item, _version in wanted if item in live])
    since = int(now.astimezone(UTC).timestamp())
    slots: list[Slot] = []
    new: list[Slot] = []
    done = 0
    for item, version in wanted:
        index = live.get(item)
        if index is None or index not in kept:
            new.append(Slot(item if index is None else str(uuid.uuid4()), item, version, since))
            continue
        slots += [*_emptied(former[done:index]), *new, former[index]._replace(version=version)]
        done, new = index + 1, []
    return [*slots, *_emptied(former[done:]), *new]


def _emptied(slots: Iterable[Slot]) -> list[Slot]:
    return [slot._replace(item=None, version=0) for slot in slots]


def without_empty(slots: Sequence[Slot], stood_on: Collection[str]) -> list[Slot]:
    """The slots without those empty ones at which nobody stands."""
    return [slot for slot in slots if slot.item is not None or slot.id in stood_on]


def _keeping_order(numbers: Sequence[int]) -> set[int]:
    """The longest rising run among these numbers (Schensted 1961); of several, the one with the greatest numbers.

    Read from the end, and falling, so that among equals the greater number wins.
    """
    tails: list[int] = []  # negated; the k-th is the smallest end of a run of k numbers
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in reversed(numbers):
        length = bisect_left(tails, -number)
        tails[length : length + 1] = [-number]
        ends[length : length + 1] = [number]
        before[number] = ends[length - 1] if length else None
    return _chain(ends[-1] if ends else None, before)


def _chain(last: int | None, before: dict[int, int | None]) -> set[int]:
    kept = set()
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept
