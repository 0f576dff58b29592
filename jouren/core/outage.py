"""PostgreSQL being away for a while: known by its errors, answered with "try again", logged in a line."""

from __future__ import annotations

import logging

import psycopg
from django.db import DatabaseError, InterfaceError

RETRY_AFTER_SECONDS = 10
_AWAY_STATES = frozenset(
    {
        None,  # no connection at all
        "53100",  # the disk is full: it answers, but takes nothing
        "53300",  # too many connections
        "57P01",  # the server is being stopped
        "57P02",
        "57P03",
    }
)


def is_away(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that the database cannot be reached now."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return error.sqlstate in _AWAY_STATES or str(error.sqlstate).startswith("08")
        # Django finds out by itself that a connection was closed under it.
        if isinstance(error, InterfaceError) and error.__cause__ is None:
            return True
        error, seen = error.__cause__, seen + 1
    return False


def told(error: BaseException) -> str:
    """The driver's words for it, on one line."""
    cause = error.__cause__ if isinstance(error, DatabaseError | InterfaceError) and error.__cause__ else error
    return str(cause).strip().split("\n")[0]


class OneLine(logging.Filter):
    """Makes a line of the trace that every request would leave in the log while the database is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_away(error):
            record.msg, record.args = "%s (the database is away: %s)", (record.getMessage(), told(error))
            record.exc_info, record.exc_text = None, None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
