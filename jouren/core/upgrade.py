"""Brings the database to this version's migrations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from jouren.core.health import pending_migrations

_LOCK = 7_205_759_002
_PAUSE_SECONDS = 0.2


def migrate_database(begin: Callable[[], None] | None = None) -> list[str]:
    """Apply what is pending and return its names. Two processes at once do it one after the other.

    ``begin`` is called before something is applied, which on a new database takes seconds.
    """
    with _alone():
        pending = pending_migrations()
        if pending:
            if begin is not None:
                begin()
            call_command("migrate", interactive=False, verbosity=0)
    return pending


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock, asking for it again and again: an index built concurrently waits for every statement that began
    before it, so for one that waits for this lock, and both would wait for ever.
    """
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
            if cursor.fetchone()[0]:
                break
            time.sleep(_PAUSE_SECONDS)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
