"""The gate: may this message go to this person now? Asked at planning and again at sending.

Rules are registered, here and by higher rooms, and run over whole batches. A rule lets a message pass, refuses it for
good, or defers it to a moment at which the gate is asked again. The reason is what the person's page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from jouren.core.arrays import fold
from jouren.core.sql import load_sql
from jouren.messaging.vocabulary import Kind

_sql = load_sql("messaging")


class Question(NamedTuple):
    """Whom and what the gate is asked about.

    ``run_id`` 0: nothing is planned, somebody only wants to know. ``due_at`` (aware) is when the message is meant to
    go, None: now. ``delivery_id`` is given when it is about to be
    sent, by whoever holds that delivery's row locked.
    """

    contact_id: int
    version_id: int
    run_id: int
    channel: str
    due_at: datetime | None = None
    delivery_id: int | None = None


class GateFacts(NamedTuple):
    """What is known of one question. ``contact_id`` is the living person that a merged one became, None when gone.

    ``has_consent`` is None for whoever never agreed, False for whoever took it back.
    ``zone`` names the time zone the person lives in. ``rules_edition`` is that of the shop's sending rules, 0: none.
    ``control_share``: of a hundred people so many get no marketing, to compare. ``needed_offers``: without one of these
    the message does not go.
    """

    question: Question
    contact_id: int | None
    address: str | None
    family_name: str | None
    given_name: str | None
    language: str | None
    is_erased: bool
    suppressions: list[str] | None
    has_consent: bool | None
    zone: str | None
    is_cancelled: bool
    kind: str
    topic: str
    run_id: int
    rules_edition: int
    control_share: int = 0
    needed_offers: Sequence[int] = ()

    @property
    def is_transactional(self) -> bool:
        """Transactional messages need no consent: the person asked for them by what they did."""
        return self.kind == Kind.TRANSACTIONAL


class Verdict(NamedTuple):
    """Why a message does not go now. ``until`` (aware): the gate is asked again then; None: it never goes.

    ``reason`` is a short word, with ``:`` before details: ``suppressed:hard_bounce``. ``rule`` is the sending rule that
    keeps an account of it (empty: none does), ``counted`` the ids of the deliveries that it counted.
    """

    reason: str
    until: datetime | None = None
    rule: str = ""
    counted: Sequence[int] = ()


Judge = Callable[[Sequence[GateFacts], datetime], Sequence[str | Verdict | None]]


@dataclass(frozen=True)
class GateRule:
    """``judge`` gets a batch of facts and gives, for each, None to let it pass, a reason to refuse it, or a verdict.

    Lower ``order`` is asked first. ``at_sending_only``: whoever plans has asked it already. ``is_timeless``: it goes by
    the person and the message alone, whatever the moment, the run and the delivery, and never defers.
    """

    name: str
    judge: Judge
    order: int = 100
    at_sending_only: bool = False
    is_timeless: bool = False


_rules: dict[str, GateRule] = {}


def register_gate_rule(rule: GateRule) -> GateRule:
    """Make a rule count from now on; one of the same name is replaced."""
    _rules[rule.name] = rule
    return rule


def load_gate_facts(questions: Sequence[Question]) -> list[GateFacts]:
    """Facts of a batch, in its order, by two queries: what is asked about, which is mostly the same, and the people."""
    if not questions:
        return []
    what, (version_ids, run_ids, channels) = fold([(q.version_id, q.run_id, q.channel) for q in questions], 3)
    terms = [tuple(row) for row in _sql.all("gate_terms", {"version_ids": version_ids, "run_ids": run_ids})]
    if len(terms) != len(version_ids):
        raise LookupError("A message version or a run of this batch does not exist.")
    people = _sql.all(
        "gate_people",
        {
            "contact_ids": [question.contact_id for question in questions],
            "what": what,
            "channels": channels,
            "topics": [topic for _cancelled, _kind, topic, *_rest in terms],
        },
    )
    return [
        GateFacts(question, *person, *terms[number - 1])
        for question, person, number in zip(questions, people, what, strict=True)
    ]


def gate_rules(instead: Mapping[str, Judge] | None = None) -> list[GateRule]:
    """All rules in the order in which they are asked. ``instead``: judges that take the place of named rules' own."""
    rules = sorted(_rules.values(), key=lambda rule: (rule.order, rule.name))
    return [replace(rule, judge=instead[rule.name]) if instead and rule.name in instead else rule for rule in rules]


def ask(
    facts: Sequence[GateFacts], now: datetime, *, is_sending: bool = False, rules: Sequence[GateRule] | None = None
) -> list[Verdict | None]:
    """What the rules say to each of a batch: None where it may go.

    The first refusal counts. It beats every deferral, and of several deferrals the one that lasts longest counts.
    ``rules``: others than :func:`gate_rules`, such as those of a dry run.
    """
    verdicts: list[Verdict | None] = [None] * len(facts)
    open_places: Sequence[int] = range(len(facts))
    batch = facts
    for rule in gate_rules() if rules is None else rules:
        if not open_places:
            break
        if rule.at_sending_only and not is_sending:
            continue
        answers = rule.judge(batch, now)
        if not any(answers):
            continue
        for place, answer in zip(open_places, answers, strict=True):
            if answer:
                verdicts[place] = _heavier(verdicts[place], answer)
        open_places = [place for place in open_places if not _is_refusal(verdicts[place])]
        batch = [facts[place] for place in open_places]
    return verdicts


def _heavier(before: Verdict | None, answer: str | Verdict) -> Verdict:
    verdict = Verdict(answer) if isinstance(answer, str) else answer
    if before is None or before.until is None or verdict.until is None:
        return verdict
    return before if before.until > verdict.until else verdict


def _is_refusal(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.until is None
