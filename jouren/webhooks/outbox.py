"""What puts calls into the outbox. They are made by ``caller.py``, after the transaction that planned them.

A call's content:

    {"type": "journey.step", "fields": ["email", "attribute:size"],
     "data": {"journey": {"id": 3, "name": "…"}, "step": {"id": "…", "name": "…"}, "walk": 1}}

``fields`` names what of the person is told, see ``telling.py``; the rest is sent as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from jouren.core.sql import load_sql
from jouren.core.wake import wake
from jouren.webhooks.policies import GIVE_UP_AFTER

_sql = load_sql("webhooks")
CHANNEL = "jouren_webhooks"


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that is to be made. It is made once for each walk, step and occurrence; tests have no walk."""

    endpoint_id: int
    contact_id: int | None
    content: dict[str, Any]
    walk_id: int | None = None
    step: str | None = None
    occurrence: int = 1


def plan_calls(planned: Sequence[PlannedCall], now: datetime) -> None:
    """Put calls into the outbox, in the caller's transaction; those that stand there already stay as they are."""
    _sql.run(
        "plan",
        {
            "endpoint_ids": [call.endpoint_id for call in planned],
            "message_ids": [uuid.uuid4() for _call in planned],
            "contact_ids": [call.contact_id for call in planned],
            "walk_ids": [call.walk_id for call in planned],
            "steps": [call.step for call in planned],
            "occurrences": [call.occurrence for call in planned],
            "contents": [Jsonb(call.content) for call in planned],
            "now": now,
            "give_up_at": now + GIVE_UP_AFTER,
        },
    )
    wake(CHANNEL)
