"""Pure rules: who is likely to become a regular, and when somebody has lapsed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from jouren.inbox.vocabulary import Satisfaction
from jouren.mechanisms.vocabulary import Bar, Unlikely

_GOOD_ENOUGH = {
    Bar.AS_EXPECTED.value: {Satisfaction.AS_EXPECTED.value, Satisfaction.ABOVE.value},
    Bar.ABOVE.value: {Satisfaction.ABOVE.value},
}


class LikelyRule(NamedTuple):
    """So many purchases at the regular price, the last of them within so many days, and such an answer at last."""

    purchases: int
    days: int
    bar: str
    is_enabled: bool = True


class Standing(NamedTuple):
    """What is looked at in a person. ``last_at``: their last purchase at the regular price."""

    purchases: int = 0
    last_at: datetime | None = None
    satisfaction: str = ""


def why_unlikely(rule: LikelyRule, person: Standing, now: datetime) -> Unlikely | None:
    """Why somebody is not likely to become a regular; None: they are. Whoever was never asked is not known to be."""
    refusals = (
        (not rule.is_enabled, Unlikely.RULE),
        (person.purchases < rule.purchases, Unlikely.PURCHASES),
        (person.last_at is None or person.last_at <= now - timedelta(days=rule.days), Unlikely.LONG_AGO),
        (person.satisfaction not in _GOOD_ENOUGH.get(rule.bar, set()), Unlikely.SATISFACTION),
    )
    return next((reason for applies, reason in refusals if applies), None)


def is_news(since: datetime, looked_at: datetime | None) -> bool:
    """Whether a lapse came about since people were looked through: what lies before is history, and starts nothing."""
    return looked_at is not None and since > looked_at
