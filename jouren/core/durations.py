"""Durations as people type them: ``90m``, ``12h``, ``7d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from jouren.core.errors import UserError

_FORM = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST = timedelta(days=3660)


class BadDuration(UserError):
    """Text that is no duration."""


def parse_duration(text: str) -> timedelta:
    """Read one or several parts, each a whole number and a unit: ``"90m"``, ``"1d12h"``.

    Raises:
        BadDuration: it is no such text, it is nothing, or it is longer than ten years.
    """
    compact = text.strip().lower().replace(" ", "")
    parts = _FORM.findall(compact)
    total = sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta())
    if "".join(number + unit for number, unit in parts) != compact or not timedelta() < total <= LONGEST:
        raise BadDuration(_("A duration looks like 90m, 12h, 7d or 2w, and is at most ten years."))
    return total
