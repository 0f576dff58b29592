"""Reads the values of conditions. Each reader raises ValueError with a message for people."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from jouren.conditions.registry import MAX_TEXT_LENGTH, is_storable

MAX_NUMBER = 10**15
MAX_DAYS = 36_500
MAX_LIST_LENGTH = 1_000


def text(value: object) -> str:
    """A text of 1 to 500 characters."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_LENGTH or not is_storable(value):
        raise ValueError(_("the value must be a text of 1 to %(limit)s characters.") % {"limit": MAX_TEXT_LENGTH})
    return value


def texts(value: object) -> list[str]:
    """A list of 1 to 1,000 texts."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_LIST_LENGTH:
        raise ValueError(_("the value must be a list of 1 to %(limit)s texts.") % {"limit": MAX_LIST_LENGTH})
    return [text(each) for each in value]


def number(value: object) -> int | Decimal:
    """A number of at most 15 digits before the point."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        exact = value if isinstance(value, int) else Decimal(str(value))
        if -MAX_NUMBER < exact < MAX_NUMBER:
            return exact
    raise ValueError(_("the value must be a number."))


def number_range(value: object) -> list[int | Decimal]:
    """Two numbers, the smaller one first."""
    if isinstance(value, list) and len(value) == 2:
        low, high = number(value[0]), number(value[1])
        if low <= high:
            return [low, high]
    raise ValueError(_("the value must be two numbers, the smaller one first."))


def boolean(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError(_("the value must be true or false."))
    return value


def days(value: object) -> int:
    """A number of days, 0 to 36,500."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_DAYS:
        raise ValueError(_("the value must be a whole number of days, 0 to %(limit)s.") % {"limit": MAX_DAYS})
    return value


def month(value: object) -> int:
    """A month, 1 to 12."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 12:
        raise ValueError(_("the value must be a month, 1 to 12."))
    return value


def day(value: object) -> date:
    """A day as ``2026-04-01``."""
    try:
        if isinstance(value, str) and len(value) == 10 and (parsed := date.fromisoformat(value)).year in _YEARS:
            return parsed
    except ValueError:
        pass
    raise ValueError(_("the value must be a day like 2026-04-01."))


def moment(value: object) -> date | datetime:
    """A day, or a moment as ``2026-04-01T09:00`` (in the zone of asking) or ``2026-04-01T09:00:00+09:00``."""
    try:
        if isinstance(value, str) and len(value) == 10:
            return day(value)
        if isinstance(value, str) and len(value) <= 40 and (parsed := datetime.fromisoformat(value)).year in _YEARS:
            return parsed
    except ValueError:
        pass
    raise ValueError(_("the value must be a day like 2026-04-01 or a moment like 2026-04-01T09:00."))


# Far from the ends of what a datetime holds, so that no zone and no number of days leads over them.
_YEARS = range(1000, 9000)
