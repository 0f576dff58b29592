"""Looks through all people once a night, by the shop's clock; a sandbox's clock stops there too."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from jouren.core import clock
from jouren.core.zone import shop_zone
from jouren.peace.actions import apply_rule, claim_night
from jouren.peace.queries import stored_rule

CHANNEL = "jouren_peace"
_AT = time(4, 20)


def tick() -> bool:
    """Carry the rule out when the night's hour has come. Returns whether somebody was left in peace."""
    now = clock.now()
    at = stored_rule().next_at
    if (at is not None and at > now) or not claim_night(now, next_night(now)):
        return False
    # What was never set belongs to a shop that begins tonight, not to a look that was missed.
    return at is not None and apply_rule(now) > 0


def next_night(now: datetime) -> datetime:
    """The next 4:20 in the morning after ``now``."""
    local = now.astimezone(shop_zone())
    tonight = local.replace(hour=_AT.hour, minute=_AT.minute, second=0, microsecond=0)
    return tonight if tonight > local else tonight + timedelta(days=1)


def next_due() -> datetime | None:
    """When people are looked through next."""
    rule = stored_rule()
    return rule.next_at if rule.is_enabled else None


def is_busy() -> bool:
    """Whether the night's look is due and was not begun."""
    rule = stored_rule()
    return rule.is_enabled and rule.next_at is not None and rule.next_at <= clock.now()
