"""Whom the rules of the mechanisms concern, in a shop of any size: who lapses, and who meets a rule about purchases.

A small shop is counted while somebody waits; a large one by a job, and shown as of its moment (``kept.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from jouren.core import clock
from jouren.mechanisms.models import MechanismRules
from jouren.mechanisms.queries import Lapsing, count_good, count_waiting, lapsing, stored_rules
from jouren.pyramid.models import PyramidRule
from jouren.reports.kept import FRESH, Kept, answer_of, is_large_shop, register_shop_question

SAMPLE = 20


@dataclass(frozen=True)
class Lapses:
    """How many have lapsed and are not marked yet; who of them lapsed last."""

    count: int
    latest: list[Lapsing]


@dataclass(frozen=True)
class LapsesQuestion:
    """Who lapses by these figures of the rule."""

    days: int
    times: int
    by_product: bool
    fresh = FRESH

    @property
    def text(self) -> str:
        """The same text for the same figures."""
        return json.dumps(["lapses", self.days, self.times, self.by_product])

    @classmethod
    def read(cls, text: str) -> LapsesQuestion:
        """The question of a text."""
        return cls(*json.loads(text)[1:])

    @classmethod
    def of(cls, rules: MechanismRules) -> LapsesQuestion:
        """By these rules."""
        return cls(rules.lapse_days, rules.lapse_times, rules.lapse_by_product)

    @property
    def is_large(self) -> bool:
        """Whether it is too much to count while somebody waits."""
        return is_large_shop()

    def count(self) -> Lapses:
        """The answer, counted now."""
        rules = MechanismRules(lapse_days=self.days, lapse_times=self.times, lapse_by_product=self.by_product)
        found = lapsing(rules, clock.now())
        return Lapses(len(found), sorted(found, key=lambda each: each.since, reverse=True)[:SAMPLE])


@dataclass(frozen=True)
class Meeting:
    """How many meet a rule already and rise with their next purchase: the one about good customers, and the promotion
    rules about purchases, by id.
    """

    good: int
    waiting: Mapping[int, int]


@dataclass(frozen=True)
class MeetingQuestion:
    """Who meets the rules that are in force. ``rules``: a digest of them, so that others are another question."""

    rules: str
    fresh = FRESH

    @property
    def text(self) -> str:
        """The same text for the same rules."""
        return json.dumps(["meeting", self.rules])

    @classmethod
    def read(cls, text: str) -> MeetingQuestion:
        """The question of a text."""
        return cls(json.loads(text)[1])

    @classmethod
    def of_now(cls) -> MeetingQuestion:
        """By the rules as they are."""
        rules = PyramidRule.objects.order_by("pk").values_list("pk", "event_type", "match", "at_least", "stage")
        said = json.dumps([stored_rules().good_amount, *map(list, rules)], sort_keys=True)
        return cls(sha256(said.encode()).hexdigest()[:16])

    @property
    def is_large(self) -> bool:
        """Whether it is too much to count while somebody waits."""
        return is_large_shop()

    def count(self) -> Meeting:
        """The answer, counted now."""
        counted = {rule.pk: count_waiting(rule) for rule in PyramidRule.objects.all()}
        known = {pk: count for pk, count in counted.items() if count is not None}
        return Meeting(count_good(stored_rules(), clock.now()), known)


def lapses_of(rules: MechanismRules) -> Kept[Lapses]:
    """Who would be marked as lapsed by these rules."""
    if not rules.lapse_is_enabled:
        return Kept(Lapses(0, []))
    return answer_of(LapsesQuestion.of(rules), Lapses)


def meeting_now() -> Kept[Meeting]:
    """Who meets the rules in force."""
    return answer_of(MeetingQuestion.of_now(), Meeting)


def register_questions() -> None:
    """Called when the room starts."""
    register_shop_question("lapses", LapsesQuestion.read, lambda: LapsesQuestion.of(stored_rules()))
    register_shop_question("meeting", MeetingQuestion.read, MeetingQuestion.of_now)
