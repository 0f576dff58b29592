"""Fills a segment that is new or whose condition changed: by one statement over everybody, past the events.

Who is brought in or taken out here did not enter or leave: nothing is recorded, and ``since`` stays unknown.

From the moment a version is saved, whatever happens to people waits for it (``keeping.py``). It is filled when every
transaction that may not have known of it is over, so nothing is missed; then those who waited are looked at. A loop, and
bulk work: with a million people a fill takes seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from jouren.conditions.compile import compile_sql
from jouren.conditions.queries import shop_zone
from jouren.conditions.standing import compile_standing, select_standing
from jouren.contacts.segments.definitions import Listed, condition_of, listed_segments, plan_of
from jouren.contacts.segments.listening import listen
from jouren.core import clock
from jouren.core.sql import hot_cursor, load_sql
from jouren.core.wake import wake

_sql = load_sql("contacts")

CHANNEL = "jouren_segments"
CLEARED_AT_ONCE = 20_000
_MEMORY = "SET LOCAL work_mem = '128MB'"

_FILL = """
WITH fresh AS MATERIALIZED ({select}),
gone AS (
    DELETE FROM contacts_segment_standing AS known
    WHERE known.segment_id = %(segment_id)s
      AND NOT EXISTS (SELECT 1 FROM fresh WHERE fresh.id = known.contact_id)
)
INSERT INTO contacts_segment_standing AS known (contact_id, segment_id, is_member, recheck_at)
SELECT id, %(segment_id)s, holds, next_change FROM fresh
ON CONFLICT (contact_id, segment_id) DO UPDATE
SET is_member = excluded.is_member, recheck_at = excluded.recheck_at,
    since = CASE WHEN known.is_member AND excluded.is_member THEN known.since END
WHERE (known.is_member, known.recheck_at) IS DISTINCT FROM (excluded.is_member, excluded.recheck_at)
"""


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


@transaction.atomic
def _fill(segment_id: int, version: int) -> bool:
    listed = listed_segments()
    if not _is_next(segment_id, listed) or not _lock(segment_id):
        return False
    listen()
    condition = condition_of(segment_id, version)
    if condition is None:
        return False
    now = clock.now()
    select, params = _everybody(condition, now)
    cursor = hot_cursor()
    cursor.execute(_MEMORY)
    cursor.execute(_FILL.format(select=select), {**params, "segment_id": segment_id}, prepare=False)
    _sql.run("segment_tally_drop", {"id": segment_id})
    _sql.run("segment_tally", {"id": segment_id, "now": now})
    _sql.run("segment_filled", {"id": segment_id, "version": version, "now": now})
    wake(CHANNEL)
    return True


def _is_next(segment_id: int, listed: Sequence[Listed]) -> bool:
    """Whether it can be asked, and all that it asks for are filled."""
    unfilled = {segment.id for segment in listed if not segment.is_filled}
    for level in plan_of(listed).levels:
        for definition in level:
            if definition.id == segment_id:
                return not definition.asks & unfilled
    return False


def _lock(segment_id: int) -> bool:
    row = _sql.one("segment_lock", {"id": segment_id})
    return bool(row and row[0])


def _everybody(condition: object, now: datetime) -> tuple[str, dict[str, Any]]:
    if compile_standing(condition).is_timed:
        return select_standing(condition, now, shop_zone())
    compiled = compile_sql(condition, now, shop_zone())
    select = (
        "SELECT c.id, true AS holds, NULL::timestamptz AS next_change FROM contacts_contact c\n"  # noqa: S608
        f"{compiled.joins}\nWHERE c.erased_at IS NULL AND c.merged_at IS NULL AND {compiled.where}"
    )
    return select, compiled.params


@transaction.atomic
def _clear(segment_id: int) -> bool:
    """Take a deleted segment's rows away, so many at a time, and itself at the end."""
    if not _lock(segment_id):
        return False
    if _sql.run("segment_clear", {"id": segment_id, "limit": CLEARED_AT_ONCE}) < CLEARED_AT_ONCE:
        _sql.run("segment_forget", {"id": segment_id})
    return True
