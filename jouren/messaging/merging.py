"""What merging two people does to what was planned for them."""

from __future__ import annotations

from jouren.contacts.actions import register_merger
from jouren.core.sql import load_sql
from jouren.messaging.best_hour import merge_click_hours

_sql = load_sql("messaging")


def withhold_doubles(kept_id: int, gone_id: int) -> None:
    """Of a message that both were to get, or one has got, the kept one's goes and the other's does not."""
    _sql.run("withhold_doubles", {"kept_id": kept_id, "gone_id": gone_id})


def register() -> None:
    """Called when the room starts."""
    register_merger("messaging", withhold_doubles)
    register_merger("messaging.best_hour", merge_click_hours)
