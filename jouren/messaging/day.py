"""What became of messages on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jouren.core.sql import load_sql

_sql = load_sql("messaging")


@dataclass(frozen=True)
class DayOfMessages:
    """How many messages were sent, could not be sent, are of unknown outcome; those withheld, by the gate's reason.

    ``retried``: of what waits now, how many a mail server has put off.
    """

    sent: int = 0
    failed: int = 0
    unknown: int = 0
    retried: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)

    @property
    def not_sent(self) -> int:
        """How many were withheld."""
        return sum(self.withheld.values())


def messages_since(since: datetime, now: datetime) -> DayOfMessages:
    """What became of messages from ``since`` on. The most frequent reason comes first."""
    period = {"since": since, "now": now}
    told = dict(_sql.all("told_since", period))
    retried = _sql.one("count_retried")
    return DayOfMessages(
        told.get("message.sent", 0),
        told.get("message.failed", 0),
        told.get("message.unknown", 0),
        int(retried[0]) if retried else 0,
        dict(_sql.all("withheld_since", period)),
    )
