"""The log's monthly partitions: made ahead of time; a row that comes before its partition waits in the default one."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import psycopg
from django.db import OperationalError, connection, transaction
from psycopg import sql

from jouren.core import clock
from jouren.core.sql import load_sql

logger = logging.getLogger(__name__)
_sql = load_sql("events")
MONTHS_AHEAD = 3

PATIENCE_SECONDS = 1.0
_BE_BRIEF = "SET LOCAL lock_timeout = {milliseconds}"
_LOCK = "LOCK TABLE events_event"
_CREATE = "CREATE TABLE {name} (LIKE events_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
_MOVE = """
WITH moved AS (DELETE FROM events_event_default WHERE recorded_at >= {start} AND recorded_at < {end} RETURNING *)
INSERT INTO {name} SELECT * FROM moved
"""
_ATTACH = "ALTER TABLE events_event ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"


def keep_partitions() -> bool:
    """Make the partitions that are due to be made. A worker's loop; there is never more to do at once."""
    try:
        ensure_partitions(clock.now())
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        logger.info("The log is being read at length (a backup?). Its next partitions are made later.")
    return False


@transaction.atomic
def ensure_partitions(now: datetime) -> list[str]:
    """Make the missing partitions of this month, the next ones, and those of which events wait in the default one.

    Returns the new ones' names.

    Raises:
        OperationalError: somebody has used the log for longer than ``PATIENCE_SECONDS``.
    """
    _sql.one("lock_partitions")
    this_month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = {_add_months(this_month, ahead) for ahead in range(MONTHS_AHEAD + 1)}
    months |= {month for (month,) in _sql.all("months_without_partition")}
    missing = [month for month in sorted(months) if not _exists(_name(month))]
    if missing:
        _lock_log()
        for month in missing:
            _make_partition(month)
    return [_name(month) for month in missing]


def _lock_log() -> None:
    """Keep everybody out for a moment: whoever reads or redacts while rows move would miss some.

    Others queue behind whoever waits for this lock, so it must not be waited for long.
    """
    patience = sql.Literal(round(PATIENCE_SECONDS * 1000))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_BE_BRIEF).format(milliseconds=patience))
        cursor.execute(_LOCK)


def _name(month: datetime) -> str:
    return f"events_event_{month:%Y_%m}"


def _exists(name: str) -> bool:
    row = _sql.one("partition_exists", {"name": name})
    return bool(row and row[0])


def _make_partition(month: datetime) -> None:
    start, end = sql.Literal(month), sql.Literal(_add_months(month, 1))
    parts = {"name": sql.Identifier(_name(month)), "start": start, "end": end}
    with connection.cursor() as cursor:
        for statement in (_CREATE, _MOVE, _ATTACH):
            cursor.execute(sql.SQL(statement).format(**parts))


def _add_months(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    return moment.replace(year=moment.year + years, month=month + 1)
