"""Where a journey lets in so many people an hour, everybody's turn depends on all who came before them.

So all of them live side by side: whoever comes in waits until nobody can come in before them any more, and is given the
next moment, as the engine gives it (``policies.paced``). People are loaded when their time comes and let go when they
have lived, so that only those are held who are under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from jouren.journeys.policies import paced
from jouren.journeys.replay.replay import NEVER, Load, Replay
from jouren.journeys.replay.terms import Asking, Wish

Group = tuple[datetime, Callable[[], Sequence[Replay]]]
"""Some people, and the moment before when none of them comes in."""

ENOUGH = 500
"""So many who have lived are given at once."""


class _Living(NamedTuple):
    """Somebody in the middle of their time, who asks for facts."""

    replay: Replay
    life: Asking
    at: datetime


def play_in_turn(groups: Sequence[Group], load: Load, per_hour: int) -> Iterator[list[Replay]]:
    """Let all of them live, ``per_hour`` of them beginning an hour; gives those who have lived, some at a time.

    ``groups`` come in the order of their moments.
    """
    crowd = _Crowd(deque(groups), per_hour)
    while True:
        crowd.let_in()
        if len(crowd.done) >= ENOUGH or (crowd.done and not crowd.asking):
            done, crowd.done = crowd.done, []
            yield done
        if not crowd.asking:
            return
        asked, crowd.asking = crowd.asking, []
        answers = load([(each.replay.life.contact_id, each.at) for each in asked])
        for each, values in zip(asked, answers, strict=True):
            crowd.go_on(each.replay, each.life, values)


class _Crowd:
    def __init__(self, groups: deque[Group], per_hour: int) -> None:
        self.asking: list[_Living] = []
        self.done: list[Replay] = []
        self._groups, self._per_hour = groups, per_hour
        self._wishes: list[tuple[Wish, int, Replay, Asking]] = []
        self._number = 0
        self._busy_until: datetime | None = None

    def let_in(self) -> None:
        """Give everybody their moment before whom nobody else can come in."""
        soonest = min((each.replay.next_entry() for each in self.asking), default=NEVER)
        while True:
            next_at = self._wishes[0][0].at if self._wishes else NEVER
            if self._groups and self._groups[0][0] <= min(next_at, soonest):
                soonest = min(soonest, self._bring())
            elif self._wishes and next_at < soonest:
                wish, _number, replay, life = heappop(self._wishes)
                (begins,), self._busy_until = paced(self._busy_until, wish.at, self._per_hour, 1)
                soonest = min(soonest, self.go_on(replay, life, begins))
            else:
                return

    def go_on(self, replay: Replay, life: Asking, answer: object) -> datetime:
        """Let somebody live on to their next question; returns before when they cannot come in."""
        try:
            asked = life.send(answer)
        except StopIteration:
            self.done.append(replay)
            return NEVER
        if isinstance(asked, Wish):
            self._number += 1
            heappush(self._wishes, (asked, self._number, replay, life))
            return NEVER
        self.asking.append(_Living(replay, life, asked))
        return replay.next_entry()

    def _bring(self) -> datetime:
        _at, bring = self._groups.popleft()
        return min((self.go_on(replay, replay.live(), None) for replay in bring()), default=NEVER)
