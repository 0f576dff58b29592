"""What can be asked of a value, by its type: one entry an operator, with its SQL and its Python side by side.

A missing value answers no to every question but ``is_set: false`` and ``empty: true``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from jouren.conditions import flips
from jouren.conditions.flips import Flip
from jouren.conditions.moments import (
    anniversary_from,
    day_of,
    days_ago,
    end_of_day,
    start_of_day,
)
from jouren.conditions.registry import Fact, FactType, Question, Text
from jouren.conditions.values import boolean, day, days, moment, month, number, number_range, text, texts

Parser = Callable[[object], Any]
Bind = Callable[[Any, datetime, tzinfo], tuple[Any, ...]]
"""Turns an operator's value, now and the zone into what SQL and Python compare with."""


@dataclass(frozen=True)
class Operator:
    """``sql`` has ``{x}`` for the value and ``{0}``, ``{1}`` for what ``bind`` gives; ``python`` gets the same.

    ``denial`` is what a yes-or-no operator is called when its value is no. ``flip``: when time alone
    changes the answer.
    """

    label: Text
    parse: Parser
    sql: Callable[[str, list[str], Any], str]
    python: Callable[..., bool]
    bind: Bind = lambda value, now, zone: (value,)
    accepts_missing: bool = False
    denial: Text = ""
    flip: Flip | None = None

    def questions(self, op: str) -> list[Question]:
        """The ways in which an editor asks it."""
        if self.parse is boolean:
            return [Question(op, self.label, True), Question(op, self.denial, False)]
        return [Question(op, self.label)]


def _sql(template: str) -> Callable[[str, list[str], Any], str]:
    return lambda x, places, value: template.format(*places, x=x)


def _either(when_true: str, when_false: str) -> Callable[[str, list[str], Any], str]:
    return lambda x, places, value: (when_true if value else when_false).format(x=x)


def _before(value: date | datetime, now: datetime, zone: tzinfo) -> tuple[datetime]:
    return (_moment(value, zone) if isinstance(value, datetime) else start_of_day(value, zone),)


def _after(value: date | datetime, now: datetime, zone: tzinfo) -> tuple[datetime, bool]:
    is_day = not isinstance(value, datetime)
    return (end_of_day(value, zone) if is_day else _moment(value, zone), is_day)


def _moment(value: Any, zone: tzinfo) -> datetime:
    aware: datetime = value if value.tzinfo else value.replace(tzinfo=zone)
    return aware.astimezone(UTC)


_SET_STATE = Operator(
    _("is known"),
    boolean,
    _either("{x} IS NOT NULL", "{x} IS NULL"),
    lambda x, wanted: (x is not None) is wanted,
    accepts_missing=True,
    denial=_("is not known"),
)

_TEXT = {
    "eq": Operator(_("is"), text, _sql("{x} = {0}::text"), lambda x, v: x == v),
    "ne": Operator(_("is not"), text, _sql("{x} <> {0}::text"), lambda x, v: x != v),
    "in": Operator(_("is one of"), texts, _sql("{x} = ANY({0}::text[])"), lambda x, v: x in v),
    "starts_with": Operator(_("starts with"), text, _sql("starts_with({x}, {0}::text)"), lambda x, v: x.startswith(v)),
    "contains": Operator(_("contains"), text, _sql("strpos({x}, {0}::text) > 0"), lambda x, v: v in x),
    "is_set": _SET_STATE,
}

_NUMBER = {
    "eq": Operator(_("is"), number, _sql("{x} = {0}"), lambda x, v: x == v),
    "ne": Operator(_("is not"), number, _sql("{x} <> {0}"), lambda x, v: x != v),
    "gt": Operator(_("is more than"), number, _sql("{x} > {0}"), lambda x, v: x > v),
    "gte": Operator(_("is at least"), number, _sql("{x} >= {0}"), lambda x, v: x >= v),
    "lt": Operator(_("is less than"), number, _sql("{x} < {0}"), lambda x, v: x < v),
    "lte": Operator(_("is at most"), number, _sql("{x} <= {0}"), lambda x, v: x <= v),
    "between": Operator(
        _("is between"),
        number_range,
        _sql("{x} BETWEEN {0} AND {1}"),
        lambda x, low, high: low <= x <= high,
        lambda value, now, zone: tuple(value),
    ),
    "is_set": _SET_STATE,
}

_BOOLEAN = {
    "is": Operator(_("yes"), boolean, _either("{x}", "NOT {x}"), lambda x, v: x is v, denial=_("no")),
    "is_set": _SET_STATE,
}

_DATETIME = {
    "before": Operator(_("is before"), moment, _sql("{x} < {0}"), lambda x, v: x < v, _before),
    "after": Operator(
        _("is after"),
        moment,
        lambda x, places, value: f"{x} {'>' if isinstance(value, datetime) else '>='} {places[0]}",
        lambda x, v, is_day: x >= v if is_day else x > v,
        _after,
    ),
    "within_last_days": Operator(
        _("is within the last (days)"),
        days,
        _sql("({x} > {0} AND {x} <= {1})"),
        lambda x, since, now: since < x <= now,
        lambda value, now, zone: (days_ago(now, value), now),
        flip=flips.MOMENT_LEAVES,
    ),
    "older_than_days": Operator(
        _("is longer ago than (days)"),
        days,
        _sql("{x} <= {0}"),
        lambda x, v: x <= v,
        lambda value, now, zone: (days_ago(now, value),),
        flip=flips.MOMENT_AGES,
    ),
    "on_local_date": Operator(
        _("is on the day"),
        day,
        _sql("({x} >= {0} AND {x} < {1})"),
        lambda x, start, end: start <= x < end,
        lambda value, now, zone: (start_of_day(value, zone), end_of_day(value, zone)),
    ),
    "is_set": _SET_STATE,
}

_DATE = {
    "eq": Operator(_("is"), day, _sql("{x} = {0}::date"), lambda x, v: x == v),
    "before": Operator(_("is before"), day, _sql("{x} < {0}::date"), lambda x, v: x < v),
    "after": Operator(_("is after"), day, _sql("{x} > {0}::date"), lambda x, v: x > v),
    "in_month": Operator(_("is in the month"), month, _sql("extract(month FROM {x}) = {0}"), lambda x, v: x.month == v),
    "within_last_days": Operator(
        _("is within the last (days)"),
        days,
        _sql("({x} > {0}::date AND {x} <= {1}::date)"),
        lambda x, since, today: since < x <= today,
        lambda value, now, zone: (day_of(days_ago(now, value), zone), day_of(now, zone)),
        flip=flips.DAY_LEAVES,
    ),
    "older_than_days": Operator(
        _("is longer ago than (days)"),
        days,
        _sql("{x} <= {0}::date"),
        lambda x, v: x <= v,
        lambda value, now, zone: (day_of(days_ago(now, value), zone),),
        flip=flips.DAY_AGES,
    ),
    "anniversary_within_days": Operator(
        _("comes round within (days)"),
        days,
        _sql(f"({flips.next_anniversary_sql('{x}', '{0}::date')} <= {{0}}::date + {{1}}::integer)"),
        lambda x, today, ahead: anniversary_from(x, today) <= today + timedelta(days=ahead),
        lambda value, now, zone: (day_of(now, zone), value),
        flip=flips.ANNIVERSARY_NEARS,
    ),
    "anniversary_this_month": Operator(
        _("comes round this month"),
        boolean,
        lambda x, places, value: (
            f"extract(month FROM {x}) {'=' if value else '<>'} extract(month FROM {places[0]}::date)"
        ),
        lambda x, today, wanted: (x.month == today.month) is wanted,
        lambda value, now, zone: (day_of(now, zone), value),
        denial=_("does not come round this month"),
        flip=flips.MONTH_COMES,
    ),
    "is_set": _SET_STATE,
}

_SET = {
    "contains": Operator(_("contains"), text, _sql("{x} @> ARRAY[{0}::text]"), lambda x, v: v in x),
    "contains_any": Operator(
        _("contains one of"), texts, _sql("{x} && {0}::text[]"), lambda x, v: not set(v).isdisjoint(x)
    ),
    "contains_all": Operator(_("contains all of"), texts, _sql("{x} @> {0}::text[]"), lambda x, v: set(v) <= set(x)),
    "empty": Operator(
        _("is empty"),
        boolean,
        _either("coalesce(cardinality({x}), 0) = 0", "cardinality({x}) > 0"),
        lambda x, wanted: (not x) is wanted,
        accepts_missing=True,
        denial=_("is not empty"),
    ),
    "is_set": Operator(
        _("is known"),
        boolean,
        _either("cardinality({x}) > 0", "coalesce(cardinality({x}), 0) = 0"),
        lambda x, wanted: bool(x) is wanted,
        accepts_missing=True,
        denial=_("is not known"),
    ),
}

OPERATORS: Mapping[FactType, Mapping[str, Operator]] = {
    FactType.TEXT: _TEXT,
    FactType.NUMBER: _NUMBER,
    FactType.BOOLEAN: _BOOLEAN,
    FactType.DATETIME: _DATETIME,
    FactType.DATE: _DATE,
    FactType.SET: _SET,
}


def questions_of(fact: Fact, type: FactType) -> list[Question]:
    """How an editor asks a fact whose value has that type."""
    if fact.questions:
        return list(fact.questions)
    can_be_missing = not fact.is_certain and fact.default is None
    return [
        question
        for op, operator in OPERATORS[type].items()
        if op != "is_set" or can_be_missing
        for question in operator.questions(op)
    ]


def placeholder_cast(value: object) -> str:
    """The SQL type that a bound value is sent as, so that no comparison depends on guessing."""
    if isinstance(value, bool | str | list) or (isinstance(value, date) and not isinstance(value, datetime)):
        return ""
    if isinstance(value, datetime):
        return "::timestamptz"
    return "::numeric" if isinstance(value, Decimal) else "::bigint"
