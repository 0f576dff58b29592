"""What reads visitors."""

from __future__ import annotations

from datetime import datetime

from jouren.core.sql import load_sql

_sql = load_sql("capture")


def count_unknown_visitors(now: datetime) -> int:
    """How many browsers looked at pages without anybody signing up from them: the base of the pyramid."""
    row = _sql.one("unknown_visitors")
    return int(row[0]) if row else 0
