"""The log's monthly partitions: made ahead of time; a row that comes before its partition waits in the default one."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection, transaction
from psycopg import sql

from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("events")
MONTHS_AHEAD = 3

_CREATE = "CREATE TABLE {name} (LIKE events_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
_MOVE = """
WITH moved AS (DELETE FROM events_event_default WHERE recorded_at >= {start} AND recorded_at < {end} RETURNING *)
INSERT INTO {name} SELECT * FROM moved
"""
_ATTACH = "ALTER TABLE events_event ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"


def keep_partitions() -> bool:
    """Make the partitions that are due to be made. A worker's loop; there is never more to do at once."""
    ensure_partitions(clock.now())
    return False


@transaction.atomic
def ensure_partitions(now: datetime) -> list[str]:
    """Make the partitions of this month and the next ones where they are missing. Returns the new ones' names."""
    _sql.one("lock_partitions")
    made = []
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for months in range(MONTHS_AHEAD + 1):
        start, end = _add_months(first, months), _add_months(first, months + 1)
        name = f"events_event_{start:%Y_%m}"
        exists = _sql.one("partition_exists", {"name": name})
        if exists is None or not exists[0]:
            _make_partition(name, start, end)
            made.append(name)
    return made


def _make_partition(name: str, start: datetime, end: datetime) -> None:
    parts = {"name": sql.Identifier(name), "start": sql.Literal(start), "end": sql.Literal(end)}
    with connection.cursor() as cursor:
        for statement in (_CREATE, _MOVE, _ATTACH):
            cursor.execute(sql.SQL(statement).format(**parts))


def _add_months(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    return moment.replace(year=moment.year + years, month=month + 1)
