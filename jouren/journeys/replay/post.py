"""What becomes of one person's messages in a replay, from the step that plans one until it goes or is stopped.

The gate's own rules are asked; those that count ask this person's life and not the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from heapq import heapify, heappush
from typing import Any, Protocol

from jouren.journeys.gate_rules import LEFT, LEFT_RULE
from jouren.journeys.precedence import PRECEDENCE_RULE, day_of, put_off
from jouren.journeys.replay.life import Life, Remembered
from jouren.journeys.replay.terms import Letter, Sent, Setting, Values
from jouren.journeys.steps.sending import Send
from jouren.messaging.gate import GateFacts, GateRule, Judge, Question, Verdict, ask
from jouren.messaging.offers import NAME as OFFERS
from jouren.messaging.orders import NO_ORDER
from jouren.messaging.sending_rules.caps import Gone
from jouren.messaging.sending_rules.gate_rule import NAME as SENDING_RULES
from jouren.messaging.sending_rules.gate_rule import judge_by
from jouren.messaging.vocabulary import Kind

OF_BROADCASTS = "broadcasts.answered"
"""A rule that is about second letters of broadcasts only."""


class Tell(Protocol):
    """Notes that something happened, in the walk at ``place``."""

    def __call__(  # noqa: PLR0917
        self, at: datetime, what: str, place: int, step: str = "", detail: str = "", until: datetime | None = None
    ) -> None: ...


class Post:
    """One person's messages. ``letters`` (a heap) are those that are to go."""

    def __init__(self, setting: Setting, life: Life, tell: Tell) -> None:
        self.setting, self.life, self._tell = setting, life, tell
        self.letters: list[Letter] = []
        self._number = 0
        self._planned: list[Letter] = []
        self._past = Remembered(life)
        self._rules: dict[tuple[str, str, str, bool], list[GateRule]] = {}
        self._refused: dict[tuple[Any, ...], Verdict | None] = {}
        self._has_left = False
        self._values: Values = ()

    def plan(self, step: Send, place: int, key: str, now: datetime) -> None:
        """A step of the walk at ``place``, which is about ``key``, sends a message."""
        if step.names_order and not key:
            self._tell(now, "planned", place, step.id)
            self._tell(now, "stopped", place, step.id, detail=NO_ORDER)
            return
        self._number += 1
        self._planned.append(Letter(now, self._number, step.id, step.message_version, step.channel, place, now))
        self._tell(now, "planned", place, step.id)

    def admit(self, now: datetime, values: Values) -> None:
        """Ask the gate of what was planned, by what has gone until now. ``values``: of the program's facts then.

        It is asked again when each is handed over: where only one is to go now, that is the same question; but for
        offers, for whom the steps that follow may change the person.
        """
        if not self._planned:
            return
        planned, self._planned = self._planned, []
        self._values = values
        is_alone = len(planned) == 1 and not (self.letters and self.letters[0].try_at <= now)
        is_alone = is_alone and not self.needs_offers(planned[0])
        for letter in planned:
            verdict = None if is_alone else self._ask(letter, now, is_sending=False)
            self._follow(letter, verdict, now) if verdict else heappush(self.letters, letter)

    def withhold(self, place: int, now: datetime) -> None:
        """Let nothing go any more of the walk at ``place``."""
        for letter in [each for each in self.letters if each.walk == place]:
            self.letters.remove(letter)
            self._tell(now, "stopped", place, letter.step, detail=LEFT)
        heapify(self.letters)

    def needs_offers(self, letter: Letter) -> bool:
        """Whether it does not go to whom none of its offers is open to."""
        return bool(self.setting.messages[letter.version_id].needed_offers)

    def hand_over(self, letter: Letter, now: datetime, values: Values, *, has_left: bool) -> bool:
        """Send a letter whose moment has come, if the gate lets it go. Returns whether it went.

        ``values``: of the program's facts then, where it needs an offer. ``has_left``: the person has reached the goal
        or an exit since it was planned.
        """
        self._has_left, self._values = has_left, values
        verdict = self._ask(letter, now, is_sending=True)
        if verdict is None:
            self._send(letter, self.setting.messages[letter.version_id], now)
        else:
            self._follow(letter, verdict, now)
        return verdict is None

    def _ask(self, letter: Letter, now: datetime, *, is_sending: bool) -> Verdict | None:
        message = self.setting.messages[letter.version_id]
        reasons = self.life.reasons(letter.channel, now)
        has_consent = self.life.allows(letter.channel, message.topic, now)
        key = (letter.channel, letter.version_id, has_consent, *reasons)
        if key not in self._refused:
            facts = self._gate_facts(letter, message, reasons, has_consent, None)
            self._refused[key] = ask([facts], now, rules=self.setting.timeless)[0]
        if (refused := self._refused[key]) is not None:
            return refused
        rules = self._rules_for(letter, message)
        if not rules:
            return None
        self._past.now = now
        facts = self._gate_facts(letter, message, reasons, has_consent, letter.id if is_sending else None)
        return ask([facts], now, is_sending=is_sending, rules=rules)[0]

    def _follow(self, letter: Letter, verdict: Verdict, now: datetime) -> None:
        """Do what the gate says of a letter that does not go now."""
        if verdict.until is None:
            self._tell(now, "stopped", letter.walk, letter.step, detail=verdict.reason)
            return
        self._past.held.setdefault(letter.id, max(letter.due_at, now))
        heappush(self.letters, letter._replace(try_at=verdict.until))
        self._tell(now, "held", letter.walk, letter.step, detail=verdict.reason, until=verdict.until)

    def _gate_facts(
        self, letter: Letter, message: Sent, reasons: list[str], has_consent: bool | None, delivery_id: int | None
    ) -> GateFacts:
        life, run_id = self.life, self.setting.version.run_id
        return GateFacts(
            Question(life.contact_id, letter.version_id, run_id, letter.channel, letter.due_at, delivery_id),
            life.contact_id, life.addresses.get(letter.channel), "", "", life.language, life.is_erased,
            reasons, has_consent, life.zone,
            False, message.kind, message.topic, run_id, 1, self.setting.control_share, message.needed_offers,
        )  # fmt: skip

    def _rules_for(self, letter: Letter, message: Sent) -> list[GateRule]:
        """The gate's other rules, of which those that count ask this replay and not the database.

        Those of them that could never hold such a message back are left out: they would be asked of every message.
        """
        key = (letter.channel, message.kind, message.topic, bool(message.needed_offers))
        if key not in self._rules:
            program, setting = self.setting.version.program, self.setting
            own: dict[str, Judge | None] = {
                OF_BROADCASTS: None,
                OFFERS: self._refuse_without_offer if message.needed_offers else None,
                LEFT_RULE: self._refuse_leavers if program.goal is not None or program.exits else None,
                PRECEDENCE_RULE: self._give_way if setting.rank is not None else None,
                SENDING_RULES: self._judge if setting.book.rules.bind(*key[:3]) else None,
            }
            self._rules[key] = [
                replace(rule, judge=judge) if (judge := own.get(rule.name)) else rule
                for rule in setting.rules[len(setting.timeless) :]
                if own.get(rule.name, ...) is not None
            ]
        return self._rules[key]

    def _refuse_leavers(self, batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
        return [LEFT if self._has_left else None]

    def _refuse_without_offer(self, batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
        """As the rule of offers does, with what was so of the person then."""
        (facts,), offers = batch, self.setting.offers
        return [offers.refusal(facts.needed_offers, self.life.offers, self._values, now) if offers else None]

    def _judge(self, batch: Sequence[GateFacts], now: datetime) -> Sequence[Verdict | None]:
        return judge_by(self.setting.book, self._past, batch, now)

    def _give_way(self, batch: Sequence[GateFacts], now: datetime) -> list[Verdict | None]:
        """As the rule of journeys does; that the other journey writes is known by what it has written that day."""
        (facts,), rank = batch, self.setting.rank
        if rank is None or facts.is_transactional:
            return [None]
        moment = max(facts.question.due_at or now, now)
        start, end = day_of(moment, rank.zone)
        first = next((journey_id for at, journey_id in self.life.firsts if start <= at < end), None)
        if first is None:
            return [None]
        since = self._past.held.get(facts.question.delivery_id or 0, moment)
        return [put_off(first, moment, rank.zone, since, self.setting.book.rules.longest_delay)]

    def _send(self, letter: Letter, message: Sent, now: datetime) -> None:
        if message.kind != Kind.TRANSACTIONAL:
            self.life.gone.append(Gone(-letter.id, now, letter.channel, message.kind, message.topic))
        if message.kind == Kind.HELP:
            self.life.helped.append(now)
        self._tell(now, "sent", letter.walk, letter.step, detail=letter.channel)
