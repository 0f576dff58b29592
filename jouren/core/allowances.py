"""Limits: so many uses of something in so long a time, counted in one statement.

What is limited is known by a keyed hash, so the table tells nobody whose address or account it was. A window begins
with its first use; a use after its end begins the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("core")


@dataclass(frozen=True, slots=True)
class Use:
    """One use: how many there were in the window that runs, this one included, and when that window ends."""

    count: int
    until: datetime


def use_allowance(name: str, value: str, window: timedelta) -> Use:
    """Count one use of ``value`` under the limit ``name``.

    The row belongs to the caller's transaction: what is rolled back was not used.
    """
    row = _sql.one("use_allowance", {"key": _key(name, value), "now": clock.now(), "window": window})
    assert row is not None  # INSERT … RETURNING gives its row
    count, since = row
    return Use(int(count), since + window)


def give_back(name: str, value: str) -> None:
    """Take one use back: it turned out not to count."""
    _sql.run("give_back", {"key": _key(name, value)})


def forget_allowance(name: str, value: str) -> None:
    """Begin anew: nothing was used."""
    _sql.run("forget_allowance", {"key": _key(name, value)})


def is_used(name: str, value: str) -> bool:
    """Whether there was any use in the window that runs."""
    return _sql.one("is_used", {"key": _key(name, value), "now": clock.now()}) is not None


def forget_over() -> int:
    """Delete what is over. Returns how many rows went."""
    return _sql.run("forget_over", {"now": clock.now()})


def _key(name: str, value: str) -> str:
    return f"{name}:{salted_hmac('jouren.core.allowance', value, algorithm='sha256').hexdigest()}"
