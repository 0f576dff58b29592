"""Pure rules of sending: when to try again, how fast."""

from __future__ import annotations

from datetime import datetime, timedelta

# After the first, second … temporary error. A day and a half in all, as mail servers do.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 720))
_BROKEN_LINE_PAUSE = timedelta(seconds=5)
BURST = timedelta(seconds=1)


def next_try(attempts: int, now: datetime, *, line_broke: bool = False) -> datetime | None:
    """When to try again after ``attempts`` tries that ended in a temporary error; None: give up.

    A line that broke before the message could count says little about the message, so that is tried again soon.
    """
    if line_broke and attempts <= 2:
        return now + _BROKEN_LINE_PAUSE
    return now + BACKOFF[attempts - 1] if attempts <= len(BACKOFF) else None


def allowance(busy_until: datetime, now: datetime, per_second: float) -> int:
    """How many messages may go now: as many as fit between ``busy_until`` (at most a second ago) and now."""
    start = max(busy_until, now - BURST)
    return max(0, int((now - start).total_seconds() * per_second + 1e-6))


def spend(busy_until: datetime, now: datetime, per_second: float, count: int = 1) -> datetime:
    """The new ``busy_until`` after ``count`` more messages."""
    return max(busy_until, now - BURST) + timedelta(seconds=count / per_second)
