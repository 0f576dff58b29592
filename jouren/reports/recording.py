"""What is counted as it happens: people who go on from step to step, and who unsubscribes by which message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from jouren.core import clock
from jouren.core.schedule import DEFAULT_ZONE
from jouren.core.sql import load_sql
from jouren.events.reactions import Reaction
from jouren.events.types import Event
from jouren.journeys.engine import Move
from jouren.reports.durations import bucket_of

_sql = load_sql("reports")
_DAYS_AT_ONCE = 100


def count_passages(moves: Sequence[Move], now: datetime) -> None:
    """Count a batch of moves, in the engine's transaction: a few rows for hundreds of people."""
    days: dict[int, date] = {}
    walks: Counter[tuple[int, int, tuple[tuple[str, str | None], ...]]] = Counter()
    for move in moves:
        if not move.trail:
            continue
        version = move.version.id
        if version not in days:
            days[version] = now.astimezone(move.version.program.zone).date()
        bucket = bucket_of((now - move.walker.arrived_at).total_seconds())
        walks[version, bucket, tuple(move.trail)] += 1
    counts: Counter[tuple[int, str, str | None, int]] = Counter()
    for (version, bucket, trail), people in walks.items():
        # Whatever comes after the first step was reached, and left, in this very moment.
        for place, (step, following) in enumerate(trail):
            counts[version, step, following, 0 if place else bucket] += people
    if counts:
        _sql.run(
            "add_passages",
            {
                "versions": [version for version, _step, _next, _bucket in counts],
                "steps": [UUID(step) for _version, step, _next, _bucket in counts],
                "nexts": [UUID(following) if following else None for _version, _step, following, _bucket in counts],
                "days": [days[version] for version, _step, _next, _bucket in counts],
                "buckets": [bucket for _version, _step, _next, bucket in counts],
                "people": list(counts.values()),
            },
        )


def put_together() -> None:
    """Make one row of equal ones, of all days that are over everywhere."""
    from datetime import timedelta
    from zoneinfo import ZoneInfo

    today = clock.now().astimezone(ZoneInfo(DEFAULT_ZONE)).date() - timedelta(days=1)
    while _sql.run("put_together", {"today": today, "limit": _DAYS_AT_ONCE}):
        pass


def _note(events: Sequence[Event]) -> None:
    told = [(event.payload["delivery"], event.occurred_at) for event in events if event.payload.get("delivery")]
    if told:
        ids, moments = zip(*told, strict=True)
        _sql.run("note_unsubscriptions", {"ids": list(ids), "at": list(moments)})


NOTE_UNSUBSCRIPTIONS = Reaction("reports.unsubscriptions", _note, frozenset({"consent.withdrawn"}))
