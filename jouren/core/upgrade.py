"""Brings the database to this version's migrations."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection

from jouren.core.health import pending_migrations

_LOCK = 7_205_759_002


def migrate_database() -> list[str]:
    """Apply what is pending and return its names. Two processes at once do it one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            pending = pending_migrations()
            if pending:
                call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return pending
