"""The account of what the sending rules held up: which rule, since when, until when, and what it had counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from jouren.core.sql import load_sql
from jouren.messaging.gate import Verdict

_sql = load_sql("messaging")
MAX_REASON = 100


class Held(NamedTuple):
    """That a rule made a delivery that was to go ``at`` wait ``until`` then, or (None) stopped it.

    ``counted``: the ids of the deliveries that led to it.
    """

    delivery_id: int
    rule: str
    reason: str
    at: datetime
    until: datetime | None
    counted: list[int]


class HeldLately(NamedTuple):
    """How many messages a rule made wait, and how many it stopped."""

    delayed: int = 0
    stopped: int = 0


def record_holds(held: Iterable[tuple[int, datetime, Verdict]]) -> None:
    """Note verdicts on deliveries that were to go then. Those of other rules than the shop's are left out."""
    kept = [each for each in held if each[2].rule]
    if kept:
        _sql.run(
            "record_holds",
            {
                "delivery_ids": [delivery_id for delivery_id, _at, _verdict in kept],
                "at": [at for _id, at, _verdict in kept],
                "rules": [verdict.rule for _id, _at, verdict in kept],
                "reasons": [verdict.reason[:MAX_REASON] for _id, _at, verdict in kept],
                "until": [verdict.until for _id, _at, verdict in kept],
                "counted": [",".join(map(str, verdict.counted)) for _id, _at, verdict in kept],
            },
        )


def first_held(delivery_ids: Sequence[int]) -> dict[int, datetime]:
    """Since when deliveries have been waiting for a rule; those that never were are left out."""
    return dict(_sql.all("first_held", {"delivery_ids": list(delivery_ids)})) if delivery_ids else {}


def holds_of(delivery_ids: Iterable[int]) -> dict[int, list[Held]]:
    """All that held these deliveries up, the earliest first."""
    found: dict[int, list[Held]] = {}
    for row in _sql.all("holds_of", {"delivery_ids": list(delivery_ids)}):
        found.setdefault(row[0], []).append(Held(*row))
    return found


def held_lately(since: datetime, newest: int) -> dict[str, HeldLately]:
    """By rule, what was held up since then, among the ``newest`` records of all."""
    rows = _sql.all("held_lately", {"since": since, "newest": newest})
    return {rule: HeldLately(delayed, stopped) for rule, delayed, stopped in rows}
