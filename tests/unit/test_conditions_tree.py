"""What a condition may look like, and what is said of one that may not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jouren.conditions.compile import compile_python, compile_sql
from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import Fact, FactType, register_fact
from jouren.conditions.tree import MAX_DEPTH, MAX_NODES, parse_tree

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 4, 1, tzinfo=UTC)
STAGE = {"fact": "pyramid.stage", "op": "gte", "value": 3}
CONSENT = {"fact": "consent", "args": {"channel": "email", "topic": "news"}, "op": "is", "value": True}


def nested(depth: int) -> Any:
    return STAGE if depth == 1 else {"not": nested(depth - 1)}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (None, ""),
        ([], ""),
        ({}, ""),
        ({"all": [], "any": []}, ""),
        ({"some": []}, ""),
        ({"all": STAGE}, "all"),
        ({"any": []}, "any"),
        ({"all": [STAGE, {"not": 3}]}, "all[1].not"),
        ({"any": [{"fact": "no.such", "op": "eq", "value": 1}]}, "any[0]"),
        ({"fact": ["pyramid.stage"], "op": "gte", "value": 3}, ""),
        ({"not": STAGE | {"op": "contains"}}, "not"),
        ({"not": STAGE | {"op": ["gte"]}}, "not"),
        ({"not": STAGE | {"extra": 1}}, "not"),
        ({"not": STAGE | {"args": {"x": 1}}}, "not"),
        ({"not": STAGE | {"args": "x"}}, "not"),
        ({"not": CONSENT | {"args": {"channel": "email"}}}, "not"),
        ({"not": CONSENT | {"args": {"channel": "email", "topic": 3}}}, "not"),
        ({"not": CONSENT | {"args": {"channel": "e\x00", "topic": "news"}}}, "not"),
        ({"not": nested(MAX_DEPTH)}, ".".join(["not"] * MAX_DEPTH)),
        ({"all": [STAGE] * MAX_NODES}, f"all[{MAX_NODES - 1}]"),
    ],
)
def test_a_bad_node_is_named(raw: Any, path: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse_tree(raw)
    assert refused.value.path == path
    assert str(refused.value).startswith(path)


@pytest.mark.parametrize(
    ("fact", "op", "value"),
    [
        ("pyramid.stage", "gte", "3"),
        ("pyramid.stage", "gte", True),
        ("pyramid.stage", "gte", None),
        ("pyramid.stage", "gte", float("nan")),
        ("pyramid.stage", "gte", float("inf")),
        ("pyramid.stage", "gte", 10**15),
        ("pyramid.stage", "between", [3, 1]),
        ("pyramid.stage", "between", [1]),
        ("contact.language", "eq", ""),
        ("contact.language", "eq", 3),
        ("contact.language", "eq", "a\x00"),
        ("contact.language", "eq", "\ud800"),
        ("contact.language", "eq", "x" * 501),
        ("contact.language", "in", []),
        ("contact.language", "in", "ja"),
        ("contact.language", "in", ["x"] * 1001),
        ("contact.confirmed", "is", 1),
        ("contact.created_at", "within_last_days", -1),
        ("contact.created_at", "within_last_days", 1.5),
        ("contact.created_at", "within_last_days", 10**9),
        ("contact.created_at", "before", "yesterday"),
        ("contact.created_at", "before", "0001-01-01"),
        ("contact.created_at", "on_local_date", "2026-02-30"),
        ("contact.created_at", "on_local_date", "2026-04-01T00:00"),
    ],
)
def test_a_value_of_another_kind_is_refused(fact: str, op: str, value: Any) -> None:
    with pytest.raises(ConditionError):
        parse_tree({"fact": fact, "op": op, "value": value})


def test_values_are_bound_and_never_written_into_sql() -> None:
    evil = "'; DROP TABLE contacts_contact; --"
    compiled = compile_sql({"fact": "contact.language", "op": "eq", "value": evil}, NOW, TOKYO)
    assert evil not in compiled.where
    assert evil in compiled.params.values()
    arguments = {"channel": evil, "topic": "%(now)s"}
    compiled = compile_sql(CONSENT | {"args": arguments}, NOW, TOKYO)
    assert evil not in compiled.where
    assert set(compiled.params.values()) == {evil, "%(now)s"}


def test_a_join_is_made_once_and_a_certain_yes_or_no_is_plainly_negated() -> None:
    since = {"fact": "pyramid.stage_since", "op": "older_than_days", "value": 3}
    compiled = compile_sql({"all": [STAGE, since, {"not": CONSENT}]}, NOW, TOKYO)
    assert compiled.joins.count("JOIN") == 1
    assert "IS NOT TRUE" not in compiled.where
    assert "(pyramid.stage) >=" in compiled.where
    base = compile_sql(STAGE | {"op": "lt", "value": 2}, NOW, TOKYO)
    assert "coalesce((pyramid.stage), 1) <" in base.where
    uncertain = {"not": {"fact": "contact.language", "op": "eq", "value": "ja"}}
    assert compile_sql(uncertain, NOW, TOKYO).where.endswith("IS NOT TRUE")


def test_several_conditions_can_share_one_tuple_of_facts() -> None:
    first = compile_python({"all": [STAGE, CONSENT]})
    second = compile_python({"not": CONSENT}, first.facts)
    assert second.facts == first.facts
    assert first.matches((3, True), NOW, TOKYO)
    assert not second.matches((3, True), NOW, TOKYO)
    assert second.matches((3, False), NOW, TOKYO)


def test_a_missing_value_answers_no_and_its_negation_yes() -> None:
    compiled = compile_python({"fact": "contact.language", "op": "ne", "value": "ja"})
    negated = compile_python({"not": {"fact": "contact.language", "op": "ne", "value": "ja"}})
    assert not compiled.matches((None,), NOW, TOKYO)
    assert negated.matches((None,), NOW, TOKYO)


def test_days_belong_to_the_zone_that_asks() -> None:
    compiled = compile_python({"fact": "contact.created_at", "op": "on_local_date", "value": "2026-04-01"})
    evening = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
    assert compiled.matches((evening,), NOW, TOKYO)
    assert not compiled.matches((evening,), NOW, ZoneInfo("UTC"))


def test_everybody_and_exact_decimals() -> None:
    assert compile_python({"all": []}).matches((), NOW, TOKYO)
    assert compile_python(STAGE | {"value": 0.1, "op": "eq"}).matches((Decimal("0.1"),), NOW, TOKYO)


def test_two_facts_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_fact(Fact("contact.language", FactType.TEXT, "another", "c.zone"))
