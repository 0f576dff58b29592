"""The gate: may this message go to this person now? Asked at planning and again at sending.

Rules are registered, here and by higher rooms, and run over whole batches; the first that refuses gives the reason
that the person's timeline shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from jouren.core.sql import load_sql
from jouren.messaging.vocabulary import Kind

_sql = load_sql("messaging")


class Question(NamedTuple):
    """Whom and what the gate is asked about."""

    contact_id: int
    version_id: int
    run_id: int
    channel: str


class GateFacts(NamedTuple):
    """What is known of one question. ``contact_id`` is the living person that a merged one became, None when gone."""

    contact_id: int | None
    address: str | None
    family_name: str | None
    given_name: str | None
    language: str | None
    is_erased: bool
    suppressions: list[str] | None
    has_consent: bool
    is_cancelled: bool
    kind: str
    topic: str
    run_id: int

    @property
    def is_transactional(self) -> bool:
        """Transactional messages need no consent: the person asked for them by what they did."""
        return self.kind == Kind.TRANSACTIONAL


Refuse = Callable[[Sequence[GateFacts], datetime], Sequence[str | None]]


@dataclass(frozen=True)
class GateRule:
    """``refuse`` gets a batch of facts and gives, for each, a reason to refuse or None. Lower ``order`` is asked first.

    A reason is a short word, with ``:`` before a detail: ``suppressed:hard_bounce``. ``at_sending_only``: whoever plans
    has asked it already.
    """

    name: str
    refuse: Refuse
    order: int = 100
    at_sending_only: bool = False


_rules: dict[str, GateRule] = {}


def register_gate_rule(rule: GateRule) -> GateRule:
    """Make a rule count from now on; one of the same name is replaced."""
    _rules[rule.name] = rule
    return rule


def load_gate_facts(questions: Sequence[Question]) -> list[GateFacts]:
    """Facts of a batch by one query, in its order."""
    if not questions:
        return []
    contact_ids, version_ids, run_ids, channels = map(list, zip(*questions, strict=True))
    rows = _sql.all(
        "gate_facts",
        {"contact_ids": contact_ids, "version_ids": version_ids, "run_ids": run_ids, "channels": channels},
    )
    if len(rows) != len(questions):
        raise LookupError("A message version or a run of this batch does not exist.")
    return [GateFacts(*row) for row in rows]


def ask(facts: Sequence[GateFacts], now: datetime, *, is_sending: bool = False) -> list[str | None]:
    """The reason to refuse each of a batch, or None where it may go."""
    answers: list[str | None] = [None] * len(facts)
    open_places = list(range(len(facts)))
    for rule in sorted(_rules.values(), key=lambda rule: (rule.order, rule.name)):
        if not open_places:
            break
        if rule.at_sending_only and not is_sending:
            continue
        reasons = rule.refuse([facts[place] for place in open_places], now)
        for place, reason in zip(open_places, reasons, strict=True):
            answers[place] = reason
        open_places = [place for place in open_places if answers[place] is None]
    return answers
