"""The sending rules as a rule of the gate: the last one, so that what they let pass goes.

At planning a message is judged for the moment at which it is due, by what has gone until now: more may go before then,
so caps may hold it back later, never the other way round. When it is about to be sent, the people whom a cap is about
are locked first, in the transaction that marks it as being sent: of two senders the second counts what the first sends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Protocol

from jouren.contacts.policies import zone_of
from jouren.messaging.gate import GateFacts, GateRule, Verdict, register_gate_rule
from jouren.messaging.sending_rules.caps import Gone, counted_from
from jouren.messaging.sending_rules.holds import first_held
from jouren.messaging.sending_rules.policies import Candidate, Rulebook, within_delay
from jouren.messaging.sending_rules.queries import closures, help_reached, lock_people, rules_of_edition, went_to
from jouren.messaging.sending_rules.terms import Rules
from jouren.messaging.vocabulary import Kind

ORDER = 900
NAME = "messaging.sending_rules"


class Past(Protocol):
    """What the rules count: what went to people before. The database's (:class:`StoredPast`), or a dry run's."""

    def went_to(self, contact_ids: Collection[int], since: datetime, *, is_sending: bool) -> Mapping[int, list[Gone]]:
        """What went to these people since then; everyone asked for is in the answer. Whoever sends adds to it."""

    def help_reached(self, contact_ids: Collection[int], needed: int) -> Mapping[int, int]:
        """How many messages that help reached these people, counted up to ``needed``; none: left out."""

    def first_held(self, delivery_ids: Sequence[int]) -> Mapping[int, datetime]:
        """Since when deliveries have been waiting for a rule; those that never were are left out."""


class StoredPast:
    """What is written down."""

    def went_to(self, contact_ids: Collection[int], since: datetime, *, is_sending: bool) -> Mapping[int, list[Gone]]:
        """See :class:`Past`. Whoever sends locks the people first, until the transaction ends."""
        if is_sending:
            lock_people(contact_ids)
        gone = went_to(contact_ids, since)
        return {contact_id: gone[contact_id] for contact_id in contact_ids}

    def help_reached(self, contact_ids: Collection[int], needed: int) -> Mapping[int, int]:
        """See :class:`Past`."""
        return help_reached(contact_ids, needed)

    def first_held(self, delivery_ids: Sequence[int]) -> Mapping[int, datetime]:
        """See :class:`Past`."""
        return first_held(delivery_ids)


def judge(batch: Sequence[GateFacts], now: datetime) -> Sequence[Verdict | None]:
    """What the shop's rules say to a batch. A shop without rules, and a message that none is about, cost no query."""
    edition = batch[0].rules_edition
    if not edition:
        return [None] * len(batch)
    return judge_by(Rulebook(rules_of_edition(edition), closures()), StoredPast(), batch, now)


def judge_by(book: Rulebook, past: Past, batch: Sequence[GateFacts], now: datetime) -> Sequence[Verdict | None]:
    """What these rules say to a batch, after that past."""
    verdicts: list[Verdict | None] = [None] * len(batch)
    rules = book.rules
    if rules.is_empty:
        return verdicts
    bind = cache(rules.bind)  # a batch has few different messages
    bound = [place for place, facts in enumerate(batch) if bind(facts.question.channel, facts.kind, facts.topic)]
    if not bound:
        return verdicts
    facts = [batch[place] for place in bound]
    for place, verdict in zip(bound, _judge_bound(book, past, facts, now), strict=True):
        verdicts[place] = verdict
    return verdicts


def _judge_bound(book: Rulebook, past: Past, batch: Sequence[GateFacts], now: datetime) -> list[Verdict | None]:
    rules = book.rules
    messages = [_candidate(rules, facts, now) for facts in batch]
    gone = _gone(rules, past, batch, messages, now)
    reached = _reached(rules, past, batch)
    verdicts = []
    for facts, message in zip(batch, messages, strict=True):
        contact_id, delivery_id = facts.contact_id or 0, facts.question.delivery_id
        verdict = book.judge(message, gone.get(contact_id, ()), reached.get(contact_id, 0), now)
        if verdict is None and delivery_id is not None and contact_id in gone:
            # Of several for one person in this batch the next one counts it.
            gone[contact_id].append(Gone(delivery_id, now, *message[:3]))
        verdicts.append(verdict)
    return _within_delay(rules, past, batch, messages, verdicts)


def _candidate(rules: Rules, facts: GateFacts, now: datetime) -> Candidate:
    due_at = facts.question.due_at
    zone = zone_of(facts.zone) if facts.zone else rules.zone
    return Candidate(facts.question.channel, facts.kind, facts.topic, zone, max(due_at, now) if due_at else now)


def _gone(
    rules: Rules, past: Past, batch: Sequence[GateFacts], messages: Sequence[Candidate], now: datetime
) -> Mapping[int, list[Gone]]:
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
    since = min(counted_from(cap, now, rules.zone) for cap in about)
    return past.went_to(capped, since, is_sending=batch[0].question.delivery_id is not None)


def _reached(rules: Rules, past: Past, batch: Sequence[GateFacts]) -> Mapping[int, int]:
    if rules.readiness is None:
        return {}
    asked = {facts.contact_id for facts in batch if facts.kind == Kind.ASK and facts.contact_id is not None}
    return past.help_reached(asked, rules.readiness.needed) if asked else {}


def _within_delay(
    rules: Rules,
    past: Past,
    batch: Sequence[GateFacts],
    messages: Sequence[Candidate],
    verdicts: Sequence[Verdict | None],
) -> list[Verdict | None]:
    """Deferrals as they are, or refusals where a message would wait too long, from when it first had to wait."""
    waiting = [facts.question.delivery_id for facts, verdict in zip(batch, verdicts, strict=True) if verdict]
    since = past.first_held([delivery_id for delivery_id in waiting if delivery_id is not None])
    return [
        verdict
        and within_delay(verdict, since.get(facts.question.delivery_id or 0, message.moment), rules.longest_delay)
        for facts, message, verdict in zip(batch, messages, verdicts, strict=True)
    ]


def register() -> None:
    """Called when the room starts."""
    register_gate_rule(GateRule(NAME, judge, ORDER))
