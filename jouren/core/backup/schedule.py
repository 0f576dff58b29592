"""When a backup is due, and which ones are kept: pure rules."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Tokyo")
_NAME = re.compile(r"^jouren-(\d{8}-\d{6})\.backup$", re.ASCII)
LATE = timedelta(hours=6)
"""So long after its time a backup that was not made is told of."""


def name_at(moment: datetime) -> str:
    """The file name of a backup made at that moment. Only files of such names are ever deleted."""
    return f"jouren-{moment.astimezone(_ZONE):%Y%m%d-%H%M%S}.backup"


def moment_of(name: str) -> datetime | None:
    """When a file of that name was made; None where we would not name one so."""
    found = _NAME.match(name)
    try:
        return datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=_ZONE) if found else None
    except ValueError:
        return None


def last_time(now: datetime, at: time) -> datetime:
    """The last moment, up to now, at which a day's backup was to be made."""
    local = now.astimezone(_ZONE)
    today = datetime.combine(local.date(), at, _ZONE)
    return today if today <= local else today - timedelta(days=1)


def outdated(names: Iterable[str], days: int, weeks: int) -> list[str]:
    """Which backups go: all but the last of each of so many days, and the last of each of so many weeks.

    Days and weeks without a backup do not count: a shop that stood still for a year keeps what it has.
    """
    dated = [(moment, name) for name in names if (moment := moment_of(name)) is not None]
    of_day: dict[object, str] = {}
    of_week: dict[object, str] = {}
    for moment, name in sorted(dated, reverse=True):
        of_day.setdefault(moment.date(), name)
        of_week.setdefault(moment.isocalendar()[:2], name)
    kept = {*list(of_day.values())[:days], *list(of_week.values())[:weeks]}
    return sorted(name for _moment, name in dated if name not in kept)
