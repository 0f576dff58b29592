"""What erasing and merging people does to calls about them."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.webhooks.models import Call

_sql = load_sql("webhooks")


def forget_people(contact_ids: Sequence[int]) -> None:
    """Tell nothing more of erased people. Runs in the transaction of the erasure."""
    _sql.run("forget", {"contact_ids": list(contact_ids), "now": clock.now()})


def merge_people(kept_id: int, gone_id: int) -> None:
    """Let the calls about one person be about the other."""
    Call.objects.filter(contact_id=gone_id).update(contact_id=kept_id)
