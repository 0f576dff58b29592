"""Looks again at people outside the course of events: because time has come, because they are new, because something
happened to them while a segment was being filled or another process held them.

A loop. Each tick is one transaction: of those who are due, those whose shards are free are asked again.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from jouren.contacts.segments.definitions import Listed, Plan, listed_segments, plan_of
from jouren.contacts.segments.keeping import SHARDS, by_contact, hold_shards, refresh
from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("contacts")

CHANNEL = "jouren_segments"
BATCH = 1_000
ALL = 0


@transaction.atomic
def tick() -> int:
    """Look again at the next people who are due. Returns at how many."""
    listed = listed_segments()
    kept = _kept(listed)
    if not kept:
        _sql.run("segment_waiting_for_none")
        return 0
    now = clock.now()
    due = _sql.all("segment_due", {"now": now, "segment_ids": sorted(kept), "limit": BATCH})
    waiting = _sql.all("segment_waiting", {"segment_ids": [ALL, *sorted(kept)], "limit": BATCH})
    if not due and not waiting:
        return 0
    mine = hold_shards([row[0] for row in due] + [row[1] for row in waiting])
    waiting = [row for row in waiting if row[1] % SHARDS in mine]
    pairs = [(contact_id, segment_id) for contact_id, segment_id in due if contact_id % SHARDS in mine]
    # Read again now that shards are held: a segment that changed before is seen, one that changes later waits for us.
    listed = listed_segments()
    plan = plan_of(listed)
    for _id, contact_id, segment_id, _historical in waiting:
        pairs += [(contact_id, each) for each in (plan.ids if segment_id == ALL else (segment_id,))]
    wanted = by_contact(pairs)
    if wanted:
        # The rows are taken away before anybody is asked, and only those that were read: what comes meanwhile stays.
        _sql.run("segment_waited", {"ids": [row[0] for row in waiting]})
        refresh(wanted, listed, now, silent={row[1] for row in waiting if row[3]})
    return len(wanted)


def _kept(listed: list[Listed]) -> set[int]:
    plan: Plan = plan_of(listed)
    return {segment.id for segment in listed if segment.is_filled and segment.id in plan.ids}


def next_due() -> datetime | None:
    """When next time alone may change where somebody stands; None when it may not."""
    row = _sql.one("segment_next_due", {"now": clock.now()})
    return row[0] if row else None


def is_busy() -> bool:
    """Whether somebody is due, or waits, or a segment is being filled."""
    listed = listed_segments()
    plan = plan_of(listed)
    if any(not segment.is_filled for segment in listed if segment.id in plan.ids):
        return True
    row = _sql.one("segment_is_busy", {"now": clock.now(), "segment_ids": sorted(_kept(listed))})
    return bool(row and row[0])
