"""Who buys comes back by their own act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from jouren.contacts.actions.peace import BOUGHT, bring_back
from jouren.contacts.models import LEFT_IN_PEACE
from jouren.core.sql import load_sql
from jouren.events.reactions import Reaction
from jouren.events.types import Event

_sql = load_sql("peace")
TOLD_LATE = timedelta(days=30)


def bring_back_buyers(events: Sequence[Event]) -> None:
    """Lift what the purchases of a batch have answered. The people are locked first: see ``actions.apply_rule``."""
    people = sorted({event.contact_id for event in events})
    _sql.all("lock", {"contact_ids": people})
    rows = _sql.all(
        "answered_by_order",
        {
            "contact_ids": [event.contact_id for event in events],
            "paid_at": [event.occurred_at for event in events],
            "reasons": sorted(LEFT_IN_PEACE),
            "told_late": TOLD_LATE,
        },
    )
    for reason in sorted({reason for _contact_id, reason in rows}):
        bring_back([contact_id for contact_id, of in rows if of == reason], via=BOUGHT, reasons={reason})


BRING_BACK_BUYERS = Reaction("peace.bring_back", bring_back_buyers, frozenset({"order.paid"}), order=30)
