"""How a sandbox's clock travels: from one due moment to the next, never past work that is waiting.

Rooms that hold work with a date register here when their next one is due, and whether any is waiting now. So three
mails that are three days apart go out at their own times when the clock is asked to go ten days further.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction

from jouren.core import clock
from jouren.core.loops import Loop

NextDue = Callable[[], datetime | None]
Busy = Callable[[], bool]

_LOCK = 7_205_759_001
_next_due: list[NextDue] = []
_busy: list[Busy] = []


def register_due(next_due: NextDue) -> None:
    """``next_due()`` returns the earliest moment after now at which a room has something to do, or None."""
    if next_due not in _next_due:
        _next_due.append(next_due)


def register_busy(busy: Busy) -> None:
    """``busy()`` is true while a room has something to do now: due, claimed but not done, or in its inbox."""
    if busy not in _busy:
        _busy.append(busy)


def is_busy() -> bool:
    """True while any room has something to do now."""
    return any(busy() for busy in _busy)


def next_stop(now: datetime, target: datetime) -> datetime:
    """The next moment on the way from ``now`` to ``target`` at which something is due; ``target`` when nothing is."""
    dues = (due() for due in _next_due)
    return min((due for due in dues if due is not None and now < due < target), default=target)


def hop() -> bool:
    """Take the clock one stop further towards its target. Returns True when it moved.

    Of several processes one does it at a time.
    """
    with transaction.atomic():
        target = clock.target()
        if target is None or not _is_mine():
            return False
        # Between our reading the target and getting the lock another process may have moved on.
        clock.forget()
        if clock.target() is None or is_busy():
            return False
        stop = next_stop(clock.now(), target)
        if target - stop < timedelta(milliseconds=1):
            clock.arrive()
        else:
            clock.move_to(stop)
    clock.forget()
    return True


def _is_mine() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


clock_loop = Loop(name="clock", channel=clock.CHANNEL, tick=hop, poll_seconds=0.1)
