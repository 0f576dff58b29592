"""Moves the sandbox's clock from one moment to the next, and lets the product's own loops do all that is due there."""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime

from jouren.core import clock
from jouren.core.hops import is_busy, next_stop
from jouren.core.loops import registered_loops, run_loops

# The clock is moved here; nobody looks at mailboxes outside, calls webhooks or publishes by schedule.
_NOT_OURS = frozenset({"clock", "replies", "webhooks", "schedule", "log-partitions"})
# These work on what somebody has just done, and the others on what is due: asked only once they are through.
_HOT = ("reactor", "reactor-history", "advancer", "segments")
# Each sender needs a database session of its own: by its locks it tells what others have left behind.
_IN_THREADS = "send-"
_MOST_SECONDS = 120.0
_PAUSE = 0.004

Act = Callable[[], None]


class Travel:
    """One thread that does what workers do, but for the senders. What people are going to do waits in order of time."""

    def __init__(self, end: datetime) -> None:
        self.end = end
        loops = [loop for loop in registered_loops() if loop.name not in _NOT_OURS]
        self._loops = [loop for loop in loops if not loop.name.startswith(_IN_THREADS)]
        self._hot = [loop for loop in self._loops if loop.name in _HOT]
        self._rest = [loop for loop in self._loops if loop.name not in _HOT]
        self._stop = threading.Event()
        senders = [loop for loop in loops if loop.name.startswith(_IN_THREADS)]
        self._senders = threading.Thread(target=run_loops, args=(self._stop, senders), name="senders")
        self._senders.start()
        self._order = itertools.count()
        self._plans: list[tuple[datetime, int, Act, bool]] = []
        self.failures: list[str] = []

    def plan(self, at: datetime, act: Act, *, is_heard: bool = True) -> None:
        """Let somebody do something at a moment; what would come after the end never happens.

        ``is_heard``: the shop goes to work at once. What it need not (a look, a click) is heard at the next stop.
        """
        if at < self.end:
            heapq.heappush(self._plans, (max(at, clock.now()), next(self._order), act, is_heard))

    def go(self, look: Act) -> None:
        """Travel to the end. ``look`` is called wherever the clock has stopped and all is done."""
        due = clock.now()
        while (now := clock.now()) < self.end:
            if due <= now:
                self.settle()
                look()
                due = next_stop(clock.now(), self.end)
            first = self._plans[0][0] if self._plans else self.end
            clock.move_to(min(due, first))
            if first <= due and self._plans and self._do():
                due = clock.now()

    def _do(self) -> bool:
        """Let the next one do what they planned. Returns whether the shop has to hear of it now."""
        _at, _place, act, is_heard = heapq.heappop(self._plans)
        try:
            act()
        except Exception:  # everybody else's year goes on; whoever started this is told at the end
            self.failures.append(traceback.format_exc())
            sys.stderr.write(self.failures[-1])
        return is_heard

    def settle(self) -> None:
        """Let the loops work until nothing is due any more."""
        until = time.monotonic() + _MOST_SECONDS
        while time.monotonic() < until:
            if sum(bool(loop.tick()) for loop in self._hot) or sum(bool(loop.tick()) for loop in self._rest):
                continue
            if not is_busy():
                return
            time.sleep(_PAUSE)
        raise RuntimeError("The shop does not come to rest.")

    def close(self) -> None:
        """End the senders, and hand back what the other loops hold."""
        self._stop.set()
        self._senders.join()
        for loop in self._loops:
            if loop.close is not None:
                loop.close()
