"""What becomes of calls when the hold on a restored installation ends."""

from __future__ import annotations

from django.db import transaction

from jouren.core import clock
from jouren.core.holding import RESTORED, Release, current_hold, doubtful_until
from jouren.core.sql import load_sql
from jouren.events.actions import NewEvent, record_events

_sql = load_sql("webhooks")
_BATCH = 5_000


def let_go(release: Release) -> None:
    """Give up calls that may have been made already. They stand on the list of what was not told, to be made again."""
    while not release.sends_doubtful:
        now = clock.now()
        with transaction.atomic():
            given_up = {"until": release.until, "reason": RESTORED, "now": now, "limit": _BATCH}
            rows = _sql.all("give_up_doubtful", given_up)
            record_events(
                [
                    NewEvent(
                        "webhook.failed",
                        contact_id,
                        {"webhook": endpoint_id, "name": name, "call": call_id, "reason": RESTORED},
                        occurred_at=now,
                    )
                    for call_id, endpoint_id, name, contact_id in rows
                    if contact_id is not None
                ]
            )
        if len(rows) < _BATCH:
            return


def count_held_calls() -> int:
    """How many calls wait for the release that may have been made already; 0 when nothing is held."""
    hold = current_hold()
    return _sql.all("count_doubtful", {"until": doubtful_until(hold)})[0][0] if hold else 0
