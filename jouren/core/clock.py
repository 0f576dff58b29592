"""The one source of time.

Everything that needs "now" asks :func:`now`. In a sandbox (the demo is one) the clock runs ahead of the real one
by an offset kept in the database, so that every process sees the same moment; elsewhere it is the real time and
costs no query.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from jouren.core.errors import UserError

_REFRESH_SECONDS = 0.2
_cache = threading.local()


class NotASandbox(UserError):
    """The clock of a real shop cannot be moved."""


def now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    real = datetime.now(UTC)
    if not settings.JOUREN.sandbox:
        return real
    return real + _offset()


def _offset() -> timedelta:
    read_at = getattr(_cache, "read_at", -1.0)
    if time.monotonic() - read_at > _REFRESH_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT offset_seconds FROM core_clock WHERE id = 1")
            row = cursor.fetchone()
        _cache.offset = timedelta(seconds=row[0] if row else 0)
        _cache.read_at = time.monotonic()
    offset: timedelta = _cache.offset
    return offset


def forget() -> None:
    """Drop this thread's cached offset, so that the next :func:`now` reads it again."""
    _cache.read_at = -1.0


def move_to(moment: datetime) -> None:
    """Set a sandbox's clock forward to ``moment`` (aware). Never moves it back.

    Raises:
        NotASandbox: this installation is not a sandbox.
    """
    if not settings.JOUREN.sandbox:
        raise NotASandbox("The clock can only be moved in a sandbox.")
    seconds = (moment - datetime.now(UTC)).total_seconds()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_clock (id, offset_seconds) VALUES (1, greatest(0, %s)) "
            "ON CONFLICT (id) DO UPDATE SET offset_seconds = "
            "greatest(core_clock.offset_seconds, excluded.offset_seconds)",
            [seconds],
        )
    forget()
