"""Pure rules of this room."""

from __future__ import annotations

from datetime import datetime, timedelta

_HOUR = timedelta(hours=1)


def paced(busy_until: datetime | None, now: datetime, per_hour: int, count: int) -> tuple[list[datetime], datetime]:
    """When each of ``count`` people may begin, evenly spaced, and until when the allowance is used up after them."""
    spacing = _HOUR / per_hour
    begin = max(now, busy_until or now)
    return [begin + spacing * place for place in range(count)], begin + spacing * count
