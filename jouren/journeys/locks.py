"""What holds edits of one journey apart, and what happens when they meet workers. See docs/subsystems/locking.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg
from django.db import DatabaseError, IntegrityError, transaction

from jouren.core.sql import load_sql

_sql = load_sql("journeys")
_T = TypeVar("_T")

ATTEMPTS = 5
_DEADLOCK = "40P01"


def lock_journey(journey_id: int) -> None:
    """Let one edit of a journey wait for another. Nobody who enters or walks on waits for it."""
    _sql.run("lock_journey", {"journey_id": journey_id})


def lock_walks(journey_id: int) -> int:
    """Hold everybody on the way through a journey where they are, until the transaction ends. Returns how many."""
    row = _sql.one("lock_walks", {"journey_id": journey_id})
    return row[0] if row else 0


def trying_again(work: Callable[[], _T]) -> _T:
    """Do ``work`` in a transaction (or savepoint); again, when the database broke it off in favour of another one.

    That is a deadlock with a worker, or somebody who came in between. What still fails then is raised.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return work()
        except (DatabaseError, psycopg.Error) as error:
            if attempt == ATTEMPTS or not _was_in_the_way(error):
                raise
    raise AssertionError("unreachable")


def _was_in_the_way(error: Exception) -> bool:
    if isinstance(error, IntegrityError | psycopg.IntegrityError):
        return True
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return isinstance(cause, psycopg.Error) and cause.sqlstate == _DEADLOCK
