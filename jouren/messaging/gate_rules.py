"""The gate's own rules, in their order: gone, no address, stopped, not agreed, cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from jouren.contacts.models import LEFT_IN_PEACE, SuppressionReason
from jouren.messaging.gate import GateFacts, GateRule, register_gate_rule
from jouren.messaging.vocabulary import Kind

# What stops even a transactional message: there is nobody there to read it.
STOPS_EVERYTHING = frozenset({SuppressionReason.HARD_BOUNCE.value, SuppressionReason.ERASED.value})


def refuse_erased(facts: GateFacts) -> str | None:
    return "erased" if facts.is_erased else None


def refuse_without_address(facts: GateFacts) -> str | None:
    return None if facts.address else "no_address"


def refuse_suppressed(facts: GateFacts) -> str | None:
    for reason in facts.suppressions or ():
        if stops(reason, facts.kind):
            return f"suppressed:{reason}"
    return None


def stops(reason: str, kind: str) -> bool:
    """Whether a suppression stops a message of that kind: promotion is what asks."""
    if reason in LEFT_IN_PEACE:
        return kind == Kind.ASK
    return kind != Kind.TRANSACTIONAL or reason in STOPS_EVERYTHING


def refuse_without_consent(facts: GateFacts) -> str | None:
    if facts.has_consent or facts.is_transactional:
        return None
    return "no_consent" if facts.has_consent is None else "unsubscribed"


def refuse_cancelled(facts: GateFacts) -> str | None:
    return "cancelled" if facts.is_cancelled else None


def _for_each(
    rule: Callable[[GateFacts], str | None],
) -> Callable[[Sequence[GateFacts], datetime], Sequence[str | None]]:
    return lambda batch, now: [rule(facts) for facts in batch]


def register_gate_rules() -> None:
    """Called when the room starts."""
    own = (refuse_erased, refuse_without_address, refuse_suppressed, refuse_without_consent, refuse_cancelled)
    for order, rule in enumerate(own):
        register_gate_rule(GateRule(rule.__name__, _for_each(rule), order * 10, is_timeless=True))
