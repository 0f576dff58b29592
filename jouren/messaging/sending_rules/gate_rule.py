"""The sending rules as a rule of the gate: the last one, so that what they let pass goes.

At planning a message is judged for the moment at which it is due, by what has gone until now: more may go before then,
so caps may hold it back later, never the other way round. When it is about to be sent, the people whom a cap is about
are locked first, in the transaction that marks it as being sent: of two senders the second counts what the first sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from jouren.contacts.policies import zone_of
from jouren.messaging.gate import GateFacts, GateRule, Verdict, register_gate_rule
from jouren.messaging.sending_rules.caps import Gone, counted_from
from jouren.messaging.sending_rules.holds import first_held
from jouren.messaging.sending_rules.policies import Candidate, Rulebook, within_delay
from jouren.messaging.sending_rules.queries import closures, help_reached, lock_people, rules_of_edition, went_to
from jouren.messaging.sending_rules.terms import Rules
from jouren.messaging.vocabulary import Kind

ORDER = 900


def judge(batch: Sequence[GateFacts], now: datetime) -> Sequence[Verdict | None]:
    """What the shop's rules say to a batch. A shop without rules, and a message that none is about, cost no query."""
    verdicts: list[Verdict | None] = [None] * len(batch)
    if not batch[0].rules_edition:
        return verdicts
    rules = rules_of_edition(batch[0].rules_edition)
    bound = [place for place, facts in enumerate(batch) if rules.bind(facts.question.channel, facts.kind, facts.topic)]
    if not bound:
        return verdicts
    facts = [batch[place] for place in bound]
    for place, verdict in zip(bound, _judge_bound(rules, facts, now), strict=True):
        verdicts[place] = verdict
    return verdicts


def _judge_bound(rules: Rules, batch: Sequence[GateFacts], now: datetime) -> list[Verdict | None]:
    messages = [_candidate(rules, facts, now) for facts in batch]
    gone = _gone(rules, batch, messages, now)
    reached = _reached(rules, batch)
    book = Rulebook(rules, closures())
    verdicts = []
    for facts, message in zip(batch, messages, strict=True):
        contact_id, delivery_id = facts.contact_id or 0, facts.question.delivery_id
        verdict = book.judge(message, gone.get(contact_id, ()), reached.get(contact_id, 0), now)
        if verdict is None and delivery_id is not None and contact_id in gone:
            # Of several for one person in this batch the next one counts it.
            gone[contact_id].append(Gone(delivery_id, now, *message[:3]))
        verdicts.append(verdict)
    return _within_delay(rules, batch, messages, verdicts)


def _candidate(rules: Rules, facts: GateFacts, now: datetime) -> Candidate:
    due_at = facts.question.due_at
    zone = zone_of(facts.zone) if facts.zone else rules.zone
    return Candidate(facts.question.channel, facts.kind, facts.topic, zone, max(due_at, now) if due_at else now)


def _gone(
    rules: Rules, batch: Sequence[GateFacts], messages: Sequence[Candidate], now: datetime
) -> dict[int, list[Gone]]:
    """What went to those whom a cap is about, as far back as any cap counts."""
    capped: dict[int, None] = {}
    about = set()
    for facts, message in zip(batch, messages, strict=True):
        caps = list(rules.caps_on(*message[:3]))
        if caps and facts.contact_id is not None:
            capped[facts.contact_id] = None
            about.update(caps)
    if not capped:
        return {}
    if batch[0].question.delivery_id is not None:
        lock_people(capped)
    since = min(counted_from(cap, now, rules.zone) for cap in about)
    gone = went_to(capped, since)
    return {contact_id: gone[contact_id] for contact_id in capped}


def _reached(rules: Rules, batch: Sequence[GateFacts]) -> dict[int, int]:
    if rules.readiness is None:
        return {}
    asked = {facts.contact_id for facts in batch if facts.kind == Kind.ASK and facts.contact_id is not None}
    return help_reached(asked, rules.readiness.needed) if asked else {}


def _within_delay(
    rules: Rules, batch: Sequence[GateFacts], messages: Sequence[Candidate], verdicts: Sequence[Verdict | None]
) -> list[Verdict | None]:
    """Deferrals as they are, or refusals where a message would wait too long, from when it first had to wait."""
    waiting = [facts.question.delivery_id for facts, verdict in zip(batch, verdicts, strict=True) if verdict]
    since = first_held([delivery_id for delivery_id in waiting if delivery_id is not None])
    return [
        verdict
        and within_delay(verdict, since.get(facts.question.delivery_id or 0, message.moment), rules.longest_delay)
        for facts, message, verdict in zip(batch, messages, verdicts, strict=True)
    ]


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule("messaging.sending_rules", judge, ORDER))
