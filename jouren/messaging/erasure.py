"""What this room forgets of an erased person: what their deliveries brought along and what servers said of them."""

from __future__ import annotations

from collections.abc import Sequence

from jouren.contacts.actions.erasure import register_eraser
from jouren.core.sql import load_sql
from jouren.messaging.best_hour import forget_click_hours

_sql = load_sql("messaging")


def erase(contact_ids: Sequence[int]) -> None:
    """Empty the personal columns. The rows stay, so that figures stay true, and nothing is sent twice."""
    _sql.run("erase", {"contact_ids": list(contact_ids)})
    forget_click_hours(contact_ids)


def register() -> None:
    """Called when the room starts."""
    register_eraser("messaging", erase)
