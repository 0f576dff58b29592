"""What erasing and merging people does to their walks."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.core import clock
from jouren.core.sql import load_sql

_sql = load_sql("journeys")


def forget_people(contact_ids: Sequence[int]) -> None:
    """End all walks of erased people. Runs in the transaction of the erasure."""
    _sql.one("hold_walks_of", {"contact_ids": list(contact_ids)})
    _sql.run("forget_dry_runs", {"contact_ids": list(contact_ids)})
    _sql.run("forget_turned_away", {"contact_ids": list(contact_ids)})
    _sql.run("leave", {"contact_ids": list(contact_ids), "now": clock.now(), "reason": "erased"})
    _sql.run("forget_walks", {"contact_ids": list(contact_ids)})


def merge_people(kept_id: int, gone_id: int) -> None:
    """Let the kept person go on with the other's walks; where both walk the same journey, the kept one's goes on."""
    _sql.one("hold_walks_of", {"contact_ids": [kept_id, gone_id]})
    _sql.run("forget_dry_runs", {"contact_ids": [gone_id]})
    parameters = {"kept_id": kept_id, "gone_id": gone_id, "now": clock.now()}
    _sql.run("end_doubled_walks", parameters)
    _sql.run("hand_over_walks", parameters)
