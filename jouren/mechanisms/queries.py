"""Whom the mechanisms concern now, and what they have done."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jouren.catalog.eligibility import BUYS_AT_REGULAR_PRICE, is_more_than_few
from jouren.contacts.models import LEFT_IN_PEACE, Contact
from jouren.core.money import DEFAULT_CURRENCY
from jouren.core.sql import load_sql
from jouren.mechanisms.models import MOST_DAYS, Mark, MechanismRules, Task
from jouren.mechanisms.policies import LikelyRule, Standing, why_unlikely
from jouren.mechanisms.vocabulary import MarkKind, TaskState
from jouren.pyramid.models import PyramidPosition, PyramidRule
from jouren.pyramid.reactions import PURCHASE

_sql = load_sql("mechanisms")
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Likely:
    """Somebody who is likely to become a regular, and why."""

    contact: Contact
    standing: Standing


@dataclass(frozen=True, slots=True)
class LikelyForecast:
    """Who they are by a rule, of ``customers`` at the regular price. ``is_many``: no longer very few (ごくわずか)."""

    count: int
    customers: int
    people: list[Likely]

    @property
    def is_many(self) -> bool:
        """Whether they are more than the finest is for."""
        return is_more_than_few(self.count, self.customers)

    @property
    def share(self) -> float | None:
        """Their share of the customers (0 to 1)."""
        return self.count / self.customers if self.customers else None


@dataclass(frozen=True, slots=True)
class Lapsing:
    """Who lapses: when that came about, after which purchase, by how many days, and whether by the product's."""

    contact_id: int
    since: datetime
    last_at: datetime
    days: int
    is_by_product: bool


def stored_rules() -> MechanismRules:
    """The rules as they are."""
    return MechanismRules.objects.order_by("pk").first() or MechanismRules()


def likely_rule(rules: MechanismRules) -> LikelyRule:
    """The figures of the rule about likely regulars."""
    return LikelyRule(rules.likely_purchases, rules.likely_days, rules.likely_bar, rules.likely_is_enabled)


def standings(contact_ids: Collection[int] | None = None) -> dict[int, Standing]:
    """What that rule looks at, of these people or of all (None), in one query. Who is left out has nothing for it."""
    rows = _sql.all("standings", {"contact_ids": None if contact_ids is None else list(contact_ids)})
    return {row[0]: Standing(*row[1:]) for row in rows}


def forecast_likely(rules: MechanismRules, now: datetime, sample: int) -> LikelyForecast:
    """Who would be likely regulars by these rules now; of some of them who they are, the latest buyers first."""
    rule = likely_rule(rules)
    found = {contact_id: each for contact_id, each in standings().items() if why_unlikely(rule, each, now) is None}
    latest = sorted(found, key=lambda contact_id: (found[contact_id].last_at or now, contact_id), reverse=True)[:sample]
    people = Contact.objects.in_bulk(latest)
    listed = [Likely(people[contact_id], found[contact_id]) for contact_id in latest if contact_id in people]
    return LikelyForecast(len(found), count_customers(), listed)


def count_customers() -> int:
    """How many people buy at the regular price."""
    return PyramidPosition.objects.filter(stage__gte=BUYS_AT_REGULAR_PRICE).count()


def likely_regulars(contact_ids: Collection[int], now: datetime) -> Mapping[int, bool]:
    """Of these people, whether they were likely to become regulars then: what offers ask."""
    asked = {"kind": MarkKind.LIKELY_REGULAR.value, "contact_ids": list(contact_ids), "now": now}
    likely = {row[0] for row in _sql.all("open_at", asked)}
    return {contact_id: contact_id in likely for contact_id in contact_ids}


def lapsing(rules: MechanismRules, now: datetime) -> list[Lapsing]:
    """Who has lapsed by these rules and is not marked yet."""
    if not rules.lapse_is_enabled:
        return []
    rows = _sql.all(
        "lapsing",
        {
            "days": rules.lapse_days,
            "times": rules.lapse_times,
            "by_product": rules.lapse_by_product,
            "most": MOST_DAYS * 10,
            "now": now,
        },
    )
    return [Lapsing(*row) for row in rows]


def over_winback(rules: MechanismRules, now: datetime) -> list[tuple[int, datetime]]:
    """Who lapsed and was invited often enough since: ids, and when the last counted invitation went."""
    if not rules.winback_is_enabled:
        return []
    before = now - timedelta(days=rules.winback_days)
    terms = {"messages": rules.winback_messages, "before": before, "reasons": sorted(LEFT_IN_PEACE)}
    return _sql.all("winback_over", terms)


def count_good(rules: MechanismRules, now: datetime) -> int:
    """How many bought for so much within the year before, and are no regulars yet."""
    asked = {"currency": DEFAULT_CURRENCY, "since": now - YEAR, "now": now, "amount": rules.good_amount}
    row = _sql.one("count_good", asked)
    return int(row[0]) if row else 0


def count_waiting(rule: PyramidRule) -> int | None:
    """How many fulfil a promotion rule about purchases already and stand lower: they rise with their next one.

    None: the rule asks something else, which nobody counts.
    """
    if rule.event_type != PURCHASE or rule.match.keys() - {"kind"} or rule.match.get("kind") == "free":
        return None
    asked = {"kind": rule.match.get("kind", ""), "at_least": rule.at_least, "stage": rule.stage}
    row = _sql.one("count_risen", asked)
    return int(row[0]) if row else 0


def count_marked(kind: str) -> int:
    """Of how many people it holds now."""
    return Mark.objects.filter(kind=kind, until=None).count()


def lately_marked(kind: str, limit: int) -> list[Mark]:
    """Of whom it has held since lately, and still does."""
    return list(Mark.objects.filter(kind=kind, until=None).select_related("contact").order_by("-since", "-pk")[:limit])


def marks_of(contact_id: int) -> dict[str, Mark]:
    """What holds of a person, by kind."""
    return {mark.kind: mark for mark in Mark.objects.filter(contact_id=contact_id, until=None)}


def tasks_of(contact_id: int, limit: int) -> list[Task]:
    """A person's tasks, those to do first."""
    tasks = Task.objects.filter(contact_id=contact_id).select_related("kind", "who")
    return sorted(tasks.order_by("-at", "-pk")[:limit], key=lambda task: task.state != TaskState.OPEN)


def open_tasks(limit: int) -> list[Task]:
    """What is to be done, the oldest first."""
    waiting = Task.objects.filter(state=TaskState.OPEN).select_related("kind", "contact", "who")
    return list(waiting.order_by("at", "pk")[:limit])


def finished_tasks(limit: int) -> list[Task]:
    """What was done lately, or was not needed."""
    done = Task.objects.exclude(state=TaskState.OPEN).select_related("kind", "contact", "who")
    return list(done.order_by("-done_at")[:limit])


def count_open_tasks() -> int:
    """How many are to be done."""
    return Task.objects.filter(state=TaskState.OPEN).count()


def marks_for_export(contact_id: int) -> list[dict[str, Any]]:
    """What held of a person and when, for whom asks for all that is kept about them."""
    marks = Mark.objects.filter(contact_id=contact_id).order_by("since", "pk")
    return [{"kind": mark.kind, "since": mark.since, "until": mark.until} for mark in marks]
