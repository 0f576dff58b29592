"""What became of messages on a day: how many of each outcome, and each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from jouren.core.sql import load_sql
from jouren.events.types import Event

_sql = load_sql("messaging")
# As withheld_since has it: what follows says which offer, journey or limit.
_STANDING_FOR_SEVERAL = frozenset({"offer", "ready", "journey", "cap", "late:ready", "late:journey", "late:cap"})
_LAST_ID = 2**63 - 1


class Result(TextChoices):
    """What became of a message. ``FAILED``: also of those of unknown outcome, for which somebody has to look."""

    SENT = "sent", _("Sent")
    NOT_SENT = "not-sent", _("Not sent, for a reason")
    FAILED = "failed", _("Failed")


_TYPES = {
    Result.SENT: ("message.sent",),
    Result.NOT_SENT: ("message.withheld",),
    Result.FAILED: ("message.failed", "message.unknown"),
}


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


def messages_told(
    since: datetime,
    until: datetime,
    result: Result | None = None,
    *,
    reason: str | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int,
) -> list[Event]:
    """What the log tells of messages from ``since`` to ``until``, the latest first: as many as the counts say.

    ``reason``: one of ``DayOfMessages.withheld``. ``before``: older than the event of this (occurred_at, id).
    """
    types = [name for each in ([result] if result else Result) for name in _TYPES[each]]
    before_at, before_id = before if before is not None and before[0] <= until else (until, _LAST_ID)
    rows = _sql.all(
        "told_page",
        {
            "types": types,
            "since": since,
            "before_at": before_at,
            "before_id": before_id,
            "reason": reason,
            "prefix": f"{reason}:" if reason in _STANDING_FOR_SEVERAL else None,
            "limit": limit,
        },
    )
    return [Event(*row) for row in rows]
