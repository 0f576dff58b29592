"""Looks through all people once a night, by the shop's clock; a sandbox's clock stops there too."""

from __future__ import annotations

from datetime import datetime

from jouren.core import clock
from jouren.mechanisms.actions import claim_night, end_winbacks, judge_everybody, mark_lapsed
from jouren.mechanisms.queries import stored_rules
from jouren.peace.nightly import next_night

CHANNEL = "jouren_mechanisms"


def tick() -> bool:
    """Carry the rules out when the night's hour has come. Returns whether anything changed."""
    now = clock.now()
    at = stored_rules().next_at
    if (at is not None and at > now) or not claim_night(now, next_night(now)):
        return False
    # The first night of a shop, or after an update that brings the rules, is the next one.
    return at is not None and look_through(now)


def look_through(now: datetime) -> bool:
    """Mark who lapsed, leave those in peace whom nothing wins back, and see who is a likely regular no longer."""
    changed = [mark_lapsed(now), end_winbacks(now), judge_everybody(now)]
    return any(changed)


def next_due() -> datetime | None:
    """When people are looked through next."""
    return stored_rules().next_at


def is_busy() -> bool:
    """Whether the night's look is due and was not begun."""
    at = next_due()
    return at is not None and at <= clock.now()
