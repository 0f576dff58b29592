"""Fills a segment that is new or whose condition changed: asked of everybody at once, written in parts.

Who is brought in or taken out here did not enter or leave: nothing is recorded, and ``since`` stays unknown.

From the moment a version is saved, whatever happens to people waits for it (``keeping.py``). It is filled when every
transaction that may not have known of it is over, so nothing is missed; then those who waited are looked at. A loop,
and bulk work: with a million people a fill takes seconds. Each part is a transaction of its own; where a filler dies
between two, the next one begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from jouren.conditions.compile import compile_sql
from jouren.conditions.standing import compile_standing, select_standing
from jouren.contacts.segments.definitions import Listed, condition_of, listed_segments, plan_of
from jouren.contacts.segments.listening import listen
from jouren.core import clock
from jouren.core.sql import hot_cursor, load_sql
from jouren.core.wake import wake
from jouren.core.zone import shop_zone

_sql = load_sql("contacts")

CHANNEL = "jouren_segments"
WRITTEN_AT_ONCE = 20_000
_MEMORY = "SET LOCAL work_mem = '128MB'"
_LAST = 2**62

# The answer is kept by the database until the cursor is closed, or whoever holds it is gone.
_ASK = "DECLARE jouren_segment_fill NO SCROLL CURSOR WITH HOLD FOR {select} ORDER BY 1"
_NEXT = f"FETCH FORWARD {WRITTEN_AT_ONCE} FROM jouren_segment_fill"
_FORGET = "CLOSE jouren_segment_fill"


def tick() -> bool:
    """Fill the next segment that can be filled, or clear up after a deleted one. Returns whether there was one."""
    for segment_id, version, is_deleted in _sql.all("segment_to_fill"):
        if not _is_settled(segment_id):
            continue
        if _clear(segment_id) if is_deleted else _fill(segment_id, version):
            return True
    return False


def _is_settled(segment_id: int) -> bool:
    _sql.run("segment_seen", {"id": segment_id})
    row = _sql.one("segment_is_settled", {"id": segment_id})
    return bool(row and row[0])


def _fill(segment_id: int, version: int) -> bool:
    listed = listed_segments()
    condition = condition_of(segment_id, version)
    if condition is None or not _is_next(segment_id, listed):
        return False
    with _alone(segment_id) as is_mine:
        if not is_mine:
            return False
        listen()
        now = clock.now()
        with _everybody_asked(condition, now):
            after: int | None = 0
            while after is not None:
                after = _write_part(segment_id, version, after, now)
    wake(CHANNEL)
    return True


@contextmanager
def _everybody_asked(condition: object, now: datetime) -> Iterator[None]:
    """Everybody's answer stands ready to be fetched, in the order of their ids."""
    select, params = _everybody(condition, now)
    with transaction.atomic():
        cursor = hot_cursor()
        cursor.execute(_MEMORY)
        cursor.execute(_ASK.format(select=select), params, prepare=False)
    try:
        yield
    finally:
        if _is_usable():
            hot_cursor().execute(_FORGET)


@transaction.atomic
def _write_part(segment_id: int, version: int, after: int, now: datetime) -> int | None:
    """Write where the next people stand, with ids above ``after``. Returns up to which; None at the end.

    The end is also when the version is wanted no more.
    """
    if condition_of(segment_id, version) is None:
        return None
    rows = hot_cursor().execute(_NEXT).fetchall()
    upto = rows[-1][0] if len(rows) == WRITTEN_AT_ONCE else _LAST
    ids, members, rechecks = map(list, zip(*rows, strict=True)) if rows else ([], [], [])
    part = {"id": segment_id, "after": after, "upto": upto}
    _sql.run("segment_fill", {**part, "contact_ids": ids, "members": members, "rechecks": rechecks})
    if upto < _LAST:
        return int(upto)
    _sql.run("segment_tally_drop", {"id": segment_id})
    _sql.run("segment_tally", {"id": segment_id, "now": now})
    _sql.run("segment_filled", {"id": segment_id, "version": version, "now": now})
    return None


@contextmanager
def _alone(segment_id: int) -> Iterator[bool]:
    """Whether this process is the only one to fill or clear up the segment, until the end."""
    row = _sql.one("segment_lock", {"id": segment_id})
    is_mine = bool(row and row[0])
    try:
        yield is_mine
    finally:
        if is_mine and _is_usable():
            _sql.all("segment_unlock", {"id": segment_id})


def _is_usable() -> bool:
    """Whether there is a connection that takes statements: without one, nothing is left to hand back."""
    live = connection.connection
    return live is not None and live.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS)


def _is_next(segment_id: int, listed: Sequence[Listed]) -> bool:
    """Whether it can be asked, and all that it asks for are filled."""
    unfilled = {segment.id for segment in listed if not segment.is_filled}
    for level in plan_of(listed).levels:
        for definition in level:
            if definition.id == segment_id:
                return not definition.asks & unfilled
    return False


def _everybody(condition: object, now: datetime) -> tuple[str, dict[str, Any]]:
    if compile_standing(condition).is_timed:
        return select_standing(condition, now, shop_zone())
    compiled = compile_sql(condition, now, shop_zone())
    select = (
        "SELECT c.id, true AS holds, NULL::timestamptz AS next_change FROM contacts_contact c\n"  # noqa: S608
        f"{compiled.joins}\nWHERE c.erased_at IS NULL AND c.merged_at IS NULL AND {compiled.where}"
    )
    return select, compiled.params


def _clear(segment_id: int) -> bool:
    """Take a deleted segment's rows away, so many at a time, and itself at the end."""
    with _alone(segment_id) as is_mine:
        if is_mine and _sql.run("segment_clear", {"id": segment_id, "limit": WRITTEN_AT_ONCE}) < WRITTEN_AT_ONCE:
            _sql.run("segment_forget", {"id": segment_id})
        return is_mine
