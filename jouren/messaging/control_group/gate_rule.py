"""The control group as a rule of the gate: after those about the person, before those about the moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jouren.messaging.gate import GateFacts, GateRule, register_gate_rule

ORDER = 100
IN_CONTROL_GROUP = "control_group"


def refuse_control_group(batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
    """Refuse marketing to the control group. Transactional mail is not marketing."""
    return [IN_CONTROL_GROUP if facts.in_control_group and not facts.is_transactional else None for facts in batch]


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule("messaging.control_group", refuse_control_group, ORDER))
