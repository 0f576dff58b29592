"""The one source of time.

Everything that needs "now" asks :func:`now`. In a sandbox (the demo is one) the clock runs ahead of the real one
by an offset kept in the database, so that every process sees the same moment; elsewhere it is the real time and
costs no query.

A sandbox's clock does not jump: :func:`advance` sets a target, and the worker's clock loop (``core.hops``) moves it
there from one due moment to the next, waiting at each until the work that is due there is done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from jouren.core.errors import UserError

CHANNEL = "jouren_clock"
_REFRESH_SECONDS = 0.2
# Of this process, not of a thread: (read at, by the monotonic clock; the offset). Replaced whole, so it needs no lock.
_NEVER = (float("-inf"), timedelta())
_known = _NEVER
# Of this process too: the moment it lives through again after a restore.
_again: datetime | None = None


class NotASandbox(UserError):
    """The clock of a real shop cannot be moved."""


def now() -> datetime:
    """The current time, timezone-aware, in UTC."""
    if _again is not None:
        return _again
    real = datetime.now(UTC)
    if not settings.JOUREN.sandbox:
        return real
    return real + _offset()


def forget() -> None:
    """Drop the offset this process knows, so that the next :func:`now` reads it again."""
    global _known  # noqa: PLW0603 - one value a process is the point
    _known = _NEVER


@contextmanager
def living_through(moment: datetime) -> Iterator[None]:
    """Let it be that moment for this whole process, for the length of a ``with``: see ``core.backup.settling``."""
    global _again  # noqa: PLW0603 - one value a process is the point
    before, _again = _again, moment
    try:
        yield
    finally:
        _again = before


def move_to(moment: datetime) -> None:
    """Set a sandbox's clock forward to ``moment`` (aware), at once. Never moves it back.

    Raises:
        NotASandbox: this installation is not a sandbox.
    """
    _refuse_elsewhere()
    seconds = (moment - datetime.now(UTC)).total_seconds()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_clock (id, offset_seconds) VALUES (1, greatest(0, %s)) "
            "ON CONFLICT (id) DO UPDATE SET offset_seconds = "
            "greatest(core_clock.offset_seconds, excluded.offset_seconds)",
            [seconds],
        )
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    forget()


def advance(duration: timedelta) -> datetime:
    """Ask the workers to take a sandbox's clock ``duration`` further, through every due moment on the way.

    Asked again before it has arrived, it goes on from the earlier target. Returns the moment it will arrive at.

    Raises:
        NotASandbox: this installation is not a sandbox.
    """
    _refuse_elsewhere()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_clock (id, offset_seconds, target_seconds) VALUES (1, 0, %(step)s) "
            "ON CONFLICT (id) DO UPDATE SET target_seconds = "
            "greatest(core_clock.target_seconds, core_clock.offset_seconds) + %(step)s "
            "RETURNING target_seconds",
            {"step": duration.total_seconds()},
        )
        target = float(cursor.fetchone()[0])
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return datetime.now(UTC) + timedelta(seconds=target)


def target() -> datetime | None:
    """The moment a sandbox's clock is on its way to, or None when it has arrived."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT target_seconds FROM core_clock WHERE id = 1 AND target_seconds IS NOT NULL")
        row = cursor.fetchone()
    return datetime.now(UTC) + timedelta(seconds=row[0]) if row else None


def arrive() -> None:
    """Put the clock on its target and end the journey there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_clock SET offset_seconds = greatest(offset_seconds, target_seconds), target_seconds = NULL "
            "WHERE id = 1 AND target_seconds IS NOT NULL"
        )
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    forget()


def _offset() -> timedelta:
    global _known  # noqa: PLW0603 - as above
    read_at, offset = _known
    if time.monotonic() - read_at > _REFRESH_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT offset_seconds FROM core_clock WHERE id = 1")
            row = cursor.fetchone()
        offset = timedelta(seconds=row[0] if row else 0)
        _known = (time.monotonic(), offset)
    return offset


def _refuse_elsewhere() -> None:
    if not settings.JOUREN.sandbox:
        raise NotASandbox(_("The clock can only be moved in a sandbox (JOUREN_SANDBOX=1)."))
