"""The control group as a rule of the gate: after those about the person, before those about the moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jouren.messaging.control_group.queries import is_drawn_for
from jouren.messaging.gate import GateFacts, GateRule, register_gate_rule

ORDER = 100
IN_CONTROL_GROUP = "control_group"


def refuse_control_group(batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
    """Refuse marketing to the control group. Transactional mail is not marketing."""
    return [IN_CONTROL_GROUP if _is_refused(facts) else None for facts in batch]


def _is_refused(facts: GateFacts) -> bool:
    if not facts.control_share or facts.is_transactional or facts.contact_id is None:
        return False
    return is_drawn_for(facts.contact_id, facts.control_share)


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule("messaging.control_group", refuse_control_group, ORDER, is_timeless=True))
