"""Numbered slots: one a connection, so that an installation has at most so many, and so many letters in flight.

A slot is a session's advisory lock in PostgreSQL. Who gets it knows that whoever had it before is gone, and that what
stands as being sent in it was left behind. Lanes have slots of their own: no broadcast takes those of a confirmation.
"""

from __future__ import annotations

import time

from django.db import connection

from jouren.core.sql import load_sql

_sql = load_sql("messaging")
LOCK_CLASS = 7_406_002
DEFAULT_IN_FLIGHT = 100
"""How many letters an installation may have in flight: connections times letters, unless its owner allows more."""
_LOOK_SECONDS = 1.0


def slots_of(lane: int, total: int) -> range:
    """The slot numbers of a lane: 4 %, 16 % and the rest of ``total`` (at least 3), none shared."""
    transactional = max(1, total * 4 // 100)
    triggered = max(1, total * 16 // 100)
    bounds = (0, transactional, transactional + triggered, total)
    return range(bounds[lane], bounds[lane + 1])


def most_of(lane: int, total: int) -> int:
    """How many slots of a lane one process takes at most: half of them, so that two processes fill the lane."""
    return (len(slots_of(lane, total)) + 1) // 2


class Slots:
    """The slots of one lane that this thread's database session holds."""

    def __init__(self, lane: int, total: int) -> None:
        self.total = total
        self._range = slots_of(lane, total)
        self.most = most_of(lane, total)
        self.held: list[int] = []
        self._session = 0
        self._look_at = 0.0

    def hold(self) -> tuple[list[int], list[int]]:
        """Try to hold as many as allowed. Returns all that are held, and those among them that are new.

        A new session has lost what the last one held.
        """
        connection.ensure_connection()
        session = connection.connection.info.backend_pid
        if session != self._session:
            self._session, self.held = session, []
            self._look_at = 0.0
        if len(self.held) >= self.most or time.monotonic() < self._look_at:
            return self.held, []
        # Others may hold the rest; they are asked for again from time to time, for a process may end.
        self._look_at = time.monotonic() + _LOOK_SECONDS
        wanted = [slot for slot in self._range if slot not in self.held]
        rows = _sql.all("take_slots", {"class": LOCK_CLASS, "slots": wanted, "most": self.most - len(self.held)})
        new = [slot for (slot,) in rows]
        self.held += new
        return self.held, new

    def release(self) -> None:
        """Hand all slots back."""
        for slot in self.held:
            _locks("release_slot", slot)
        self.held = []


def is_abandoned(slot: int) -> bool:
    """Whether nobody holds a slot. When so, nobody else can take it before this transaction ends."""
    return _locks("try_slot_for_now", slot)


def _locks(statement: str, slot: int) -> bool:
    row = _sql.one(statement, {"class": LOCK_CLASS, "slot": slot})
    return bool(row and row[0])
