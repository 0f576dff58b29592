"""What becomes of deliveries when the hold on a restored installation ends, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from jouren.core import clock
from jouren.core.holding import RESTORED, Release, current_hold, doubtful_until, register_release
from jouren.core.sql import load_sql
from jouren.messaging.actions import record_withheld
from jouren.messaging.ledger import Ledger, recover
from jouren.messaging.slots import is_abandoned

_sql = load_sql("messaging")
_BATCH = 5_000
_CHANNEL = "email"


@dataclass(frozen=True)
class Held:
    """How many messages wait for the release: doubtful ones that market, doubtful ones that somebody asked for, and
    those that were due after the restore. ``total``: would go at once. ``attempting``: were being handed over when the
    backup was made.
    """

    marketing: int
    transactional: int
    later: int
    total: int
    attempting: int


def count_held() -> Held | None:
    """What waits for the release; None when nothing is held."""
    hold = current_hold()
    if hold is None:
        return None
    counts = _sql.all("count_held", {"until": doubtful_until(hold), "now": clock.now()})[0]
    return Held(counts[0], counts[1], counts[2], counts[3], _sql.all("count_attempting")[0][0])


def let_go(release: Release) -> None:
    """Settle what was under way when the backup was made, and withhold what is not to go."""
    _settle_attempting()
    if release.sends_doubtful:
        return
    asked = {
        "until": release.until,
        "spares": release.spares_confirmations,
        "reason": RESTORED,
        "limit": _BATCH,
    }
    while True:
        with transaction.atomic():
            rows = _sql.all("withhold_doubtful", asked)
            record_withheld([(*row, RESTORED) for row in rows])
        if len(rows) < _BATCH:
            return


def _settle_attempting() -> None:
    """Marketing stays of unknown outcome, transactional is planned again, as after the crash of a sender."""
    with transaction.atomic():
        slots = [slot for (slot,) in _sql.all("slots_in_flight")]
        ledger = Ledger(clock.now(), _CHANNEL)
        recover([slot for slot in slots if is_abandoned(slot)], ledger)
        ledger.write()


def register() -> None:
    """Called when the room starts."""
    register_release(let_go)
