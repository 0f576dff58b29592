"""Pure rules of webhooks: what an answer means, and when a call is made again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

GIVE_UP_AFTER = timedelta(days=1)
_PAUSES = [
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 14_400, 14_400, 14_400)
]
# Told to come again: the request took too long, too many came. All else of 4xx is the same next time.
_TEMPORARY = frozenset({408, 429})

OFF = "off"
FORBIDDEN = "forbidden"
ERASED = "erased"


def failure_of(status: int) -> str:
    """What an answer says of a call: empty when it was taken, else ``status:404``."""
    return "" if 200 <= status < 300 else f"status:{status}"


def is_temporary(error: str) -> bool:
    """Whether a failure may be gone another time."""
    if error.startswith("status:"):
        status = int(error.removeprefix("status:"))
        return status >= 500 or status in _TEMPORARY
    return error not in {OFF, FORBIDDEN, ERASED}


def next_try(attempts: int, now: datetime, give_up_at: datetime, wait: timedelta | None = None) -> datetime | None:
    """When to call again after the ``attempts``-th failure; None: never.

    ``wait`` is what the system asked for. The last attempt is made when a call is to be given up.
    """
    if now >= give_up_at:
        return None
    pause = _PAUSES[min(attempts, len(_PAUSES)) - 1]
    return min(now + max(pause, wait or pause), give_up_at)


def asked_to_wait(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the header Retry-After asks to wait, in seconds or until a moment; None when it does not."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), int(GIVE_UP_AFTER.total_seconds())))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    wait = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    return wait if wait > timedelta() else None
