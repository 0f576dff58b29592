"""What other rooms read here."""

from __future__ import annotations

from datetime import datetime

from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("messaging")


def next_due() -> datetime | None:
    """When the next planned delivery is to be tried, from now on."""
    row = _sql.one("next_due", {"now": clock.now()})
    return row[0] if row else None


def is_sending() -> bool:
    """Whether a delivery is due or being sent."""
    row = _sql.one("is_sending", {"now": clock.now()})
    return bool(row and row[0])
