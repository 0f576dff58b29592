"""What the gate asks of a second sending: whoever has answered the first one meanwhile does not get it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jouren.core.sql import load_sql
from jouren.messaging.gate import GateFacts, GateRule, register_gate_rule

_sql = load_sql("broadcasts")
ANSWERED = "answered"
_REMEMBERED = 10_000
_again: dict[int, bool] = {}


def refuse_those_who_answered(batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
    """Refuse the second letter to those who opened or clicked in the first."""
    second = _second_letters({facts.question.version_id for facts in batch})
    asked = [
        (facts.run_id, facts.contact_id)
        for facts in batch
        if facts.contact_id is not None and facts.question.version_id in second
    ]
    if not asked:
        return [None] * len(batch)
    run_ids, contact_ids = map(list, zip(*asked, strict=True))
    rows = _sql.all("answered", {"run_ids": run_ids, "contact_ids": contact_ids})
    answered = set(rows)
    return [
        ANSWERED if facts.question.version_id in second and (facts.run_id, facts.contact_id) in answered else None
        for facts in batch
    ]


def _second_letters(version_ids: set[int]) -> set[int]:
    """Which of these versions are second letters. That never changes, so each is asked once a process."""
    unknown = [version_id for version_id in version_ids if version_id not in _again]
    if unknown:
        if len(_again) > _REMEMBERED:
            _again.clear()
            unknown = list(version_ids)
        found = {row[0] for row in _sql.all("second_letters", {"version_ids": unknown})}
        _again.update((version_id, version_id in found) for version_id in unknown)
    return {version_id for version_id in version_ids if _again[version_id]}


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule("broadcasts.answered", refuse_those_who_answered, order=210))
