"""What editors store, what older ones stored, what they offer, and how a condition is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.utils import translation

from jouren.conditions.authoring import read_tree
from jouren.conditions.blocks import ConditionBlock
from jouren.conditions.catalogue import catalogue
from jouren.conditions.choices import register_choices
from jouren.conditions.errors import ConditionError
from jouren.conditions.fields import ConditionField
from jouren.conditions.operators import OPERATORS, questions_of
from jouren.conditions.registry import facts
from jouren.conditions.tree import parse_tree
from jouren.conditions.widgets import ConditionWidget
from jouren.conditions.wording import describe, describe_parts

STAGE = {"fact": "pyramid.stage", "op": "gte", "value": 3}
CONSENT = {"fact": "consent", "args": {"channel": "email", "topic": "news"}, "op": "is", "value": True}


@pytest.fixture(autouse=True)
def fixed_lists() -> Any:
    """Lists that are read from the database elsewhere."""
    from jouren.contacts import facts as contact_facts
    from jouren.orders import facts as order_facts

    for name in ("attributes", "problems", "products"):
        register_choices(name, lambda: [("apple", "Apple")], is_open=True)
    register_choices("topics", lambda: [("news", "The news")])
    yield
    contact_facts.register()
    order_facts.register()


def row(fact: str, argument: str, op: str, value: str) -> dict[str, Any]:
    return {"type": "test", "value": {"fact": fact, "argument": argument, "op": op, "value": value}, "id": "1"}


@pytest.mark.parametrize(
    ("old", "leaf"),
    [
        (("pyramid.stage", "", "gte", " 3 "), STAGE),
        (("consent", "email, news", "eq", "はい"), CONSENT),
        (("consent", "email、news", "ne", "no"), CONSENT),
        (("contact.problems", "", "eq", "肩こり"), {"fact": "contact.problems", "op": "contains", "value": "肩こり"}),
        (
            ("contact.language", "", "in", "ja, en"),
            {"fact": "contact.language", "op": "in", "value": ["ja", "en"]},
        ),
        (
            ("contact.created_at", "", "within_last_days", "7"),
            {"fact": "contact.created_at", "op": "within_last_days", "value": 7},
        ),
        (("contact.language", "", "is_set", ""), {"fact": "contact.language", "op": "is_set", "value": True}),
        (
            ("events.count", "order.paid,30", "between", "1,2.5"),
            {
                "fact": "events.count",
                "args": {"type": "order.paid", "within_days": 30},
                "op": "between",
                "value": [1, 2.5],
            },
        ),
    ],
)
def test_a_row_of_the_older_editor_is_the_same_leaf(old: tuple[str, str, str, str], leaf: dict[str, Any]) -> None:
    assert read_tree([row(*old)]) == {"all": [leaf]}
    parse_tree(leaf)


@pytest.mark.parametrize(
    "old",
    [
        ("pyramid.stage", "", "gte", "many"),
        ("pyramid.stage", "x", "gte", "3"),
        ("contact.confirmed", "", "eq", "perhaps"),
        ("events.count", "order.paid,soon", "gte", "1"),
        ("no.such", "", "eq", "1"),
        ("", "", "eq", ""),
    ],
)
def test_a_row_that_meant_nothing_is_kept_and_refused_only_when_it_is_to_run(old: tuple[str, str, str, str]) -> None:
    tree = read_tree(json.dumps([row(*old)]))
    assert tree is not None
    assert tree["all"][0]["fact"] == old[0]
    with pytest.raises(ConditionError) as refused:
        parse_tree(tree)
    assert refused.value.path.startswith("all[0]")
    assert refused.value.in_words.startswith("Condition 1: ")


def test_older_groups_become_groups() -> None:
    item = row("pyramid.stage", "", "gte", "3")["value"]
    rows = [
        {"type": "any_of", "value": [item, {"type": "item", "value": item, "id": "2"}]},
        {"type": "none_of", "value": [item]},
        {"type": "any_of", "value": []},
    ]
    assert read_tree(rows) == {"all": [{"any": [STAGE, STAGE]}, {"not": {"any": [STAGE]}}]}
    block = ConditionBlock()
    assert block.to_python(rows) == block.bulk_to_python([rows])[0] == read_tree(rows)
    assert ConditionField().to_python(rows) == read_tree(rows)


@pytest.mark.parametrize("nothing", [None, "", "  ", [], {}, "null", "[]", "{", 3])
def test_nothing_is_no_condition(nothing: Any) -> None:
    assert read_tree(nothing) is None
    assert ConditionWidget().format_value(nothing) == ""


def test_the_widget_escapes_what_it_holds() -> None:
    shown = str(ConditionWidget().render("goal", {"fact": '</textarea><script>"'}, {"id": "x"}))
    assert "<script>" not in shown
    assert "&lt;/textarea&gt;" in shown


def test_every_fact_is_offered_once_with_operators_that_fit(db: None) -> None:
    offered = {fact["name"]: fact for group in catalogue()["groups"] for fact in group["facts"]}
    assert set(offered) == {fact.name for fact in facts() if fact.group is not None}
    for fact in facts():
        if callable(fact.type) or fact.group is None:
            continue
        questions = questions_of(fact, fact.type)
        assert questions
        assert {question.op for question in questions} <= OPERATORS[fact.type].keys()
        for question in questions:
            if question.value is not None:
                OPERATORS[fact.type][question.op].parse(question.value)
    assert [each["label"] for each in offered["contact.confirmed"]["questions"]] == ["yes", "no"]
    json.dumps(catalogue())


def test_an_attribute_is_asked_by_its_own_type(db: None) -> None:
    from jouren.contacts.actions import define_attribute

    define_attribute("apple", "date", "Apple")
    (attribute,) = [
        fact for group in catalogue()["groups"] for fact in group["facts"] if fact["name"] == "contact.attribute"
    ]
    assert (attribute["typed_by"], attribute["types"]) == ("key", {"apple": "date"})


@pytest.mark.parametrize(
    ("tree", "english", "japanese"),
    [
        (None, "", ""),
        ({"all": [STAGE]}, "Stage is at least Trial", "段階：トライアル客以上"),
        (
            {"all": [STAGE, {"any": [CONSENT, {"fact": "contact.language", "op": "in", "value": ["ja", "en"]}]}]},
            "Stage is at least Trial and (Allows The news by mail: yes or Language is one of Japanese, English)",
            "段階：トライアル客以上、かつ（「The news」をメールで受け取る許可：はい、または"
            "言語：日本語、英語のどれか）",
        ),
        ({"not": {"any": [STAGE, STAGE]}}, "none of (Stage is at least Trial; Stage is at least Trial)", None),
        ({"not": STAGE}, "none of (Stage is at least Trial)", None),
        (
            {"fact": "events.count", "args": {"type": "order.paid", "within_days": 30}, "op": "eq", "value": 0},
            "Purchase (in the last 30 days): did not happen",
            None,
        ),
        ({"all": [{"fact": "", "op": "", "value": None}]}, "an unfinished condition", None),
        ({"all": [STAGE | {"value": None}]}, "Stage is at least …", None),
        ({"all": [STAGE | {"op": "between", "value": [2, 3]}]}, "Stage is between Prospect, Trial", None),
        ({"some": 3}, "", None),
    ],
)
def test_a_condition_is_told_in_words(tree: Any, english: str, japanese: str | None) -> None:
    assert describe(tree) == english
    if japanese is not None:
        with translation.override("ja"):
            assert describe(tree) == japanese


def test_a_condition_of_several_parts_is_told_as_a_list() -> None:
    sleepless = {"fact": "contact.problems", "op": "contains_any", "value": ["眠れない", "朝、疲れている"]}
    with translation.override("ja"):
        assert describe_parts({"all": [sleepless, {"not": STAGE}]}) == (
            "次のすべてに当てはまる方",
            ["未解決の悩み：「眠れない」、「朝、疲れている」のどれかを含む", describe({"not": STAGE})],
        )
        assert describe_parts({"any": [STAGE, CONSENT]})[0] == "次のどれかに当てはまる方"
    assert describe_parts({"all": [STAGE]}) == ("", [describe(STAGE)])
    assert describe_parts(STAGE) == ("", [describe(STAGE)])
    assert describe_parts(None) == ("", [])
