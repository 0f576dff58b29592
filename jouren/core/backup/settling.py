"""After a restore: what fell due since the backup is worked through, each thing at its own time, and nothing is sent.

The installation that the backup is of went on for a while. Here its time is lived through again, from the moment of the
backup to that of the restore, by the very loops that did it there: people walk on, messages are planned with the moment
at which they were due there, and wait, for all sends are held. So it is known of each message whether it may have been
sent before, and its release can go by that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection

from jouren.core import clock
from jouren.core.errors import UserError
from jouren.core.holding import current_hold
from jouren.core.hops import next_stop
from jouren.core.loops import Loop, registered_loops
from jouren.core.models import Restore

# They ask other systems, or are about the machine and not about the shop.
_NOT_AGAIN = frozenset({"replies", "clock", "backups"})
_LEAST_STEP, _MOST_STEPS = timedelta(minutes=1), 2_000
_MOST_ROUNDS = 1_000_000


class CannotSettle(UserError):
    """The loops do not come to rest."""


def settle(say: Callable[[datetime], None] = lambda moment: None) -> Restore | None:
    """Live through the time since the backup, and note until when. Nothing to do when no restore is unsettled."""
    hold = current_hold()
    if hold is None or hold.settled_at is not None:
        return hold
    loops = [loop for loop in registered_loops() if loop.name not in _NOT_AGAIN]
    end = clock.now()
    moment = min(hold.taken_at, end)
    # In steps of a minute or more: a month with a hundred thousand moments would take days.
    step = max(_LEAST_STEP, (end - moment) / _MOST_STEPS)
    try:
        while True:
            with clock.living_through(moment):
                _come_to_rest(loops)
                say(moment)
                if moment >= end:
                    break
                moment = min(next_stop(moment, end) + step, end)
    finally:
        for loop in loops:
            if loop.close is not None:
                loop.close()
    hold.settled_at = end
    hold.save(update_fields=["settled_at"])
    return hold


def _come_to_rest(loops: list[Loop]) -> None:
    for _round in range(_MOST_ROUNDS):
        if not any(loop.tick() for loop in loops):
            return
    connection.close()
    raise CannotSettle("The work that fell due does not come to an end.")
