"""What an editor of conditions has to know, as JSON: the facts by group, how each is asked, and what it is told.

    {"groups": [{"label", "facts": [{"name", "label", "choices", "arguments": [...], "questions": [...]}]}],
     "types": {"text": [question, ...], ...}, "details": {"order.paid": [["amount", "amount", "number"], ...]},
     "choices": {"stages": {"open": false, "values": [[1, "Aware"], ...]}}}

A question is ``{"op", "label", "widget"}``, or ``{"op", "label", "value"}`` where its words say the value. A fact whose
type depends on its argument has ``"typed_by": argument`` and ``"types": {choice: type}`` in place of questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jouren.conditions.choices import choices
from jouren.conditions.errors import ConditionError
from jouren.conditions.operators import OPERATORS, Parser, questions_of
from jouren.conditions.payload import FIELD_LABELS, KINDS
from jouren.conditions.registry import GROUP_LABELS, Argument, Fact, FactType, Question, facts
from jouren.conditions.values import day, days, moment, month, number, number_range, text, texts
from jouren.events.types import event_types

_WIDGETS: Mapping[Parser, str] = {
    text: "text",
    texts: "texts",
    number: "number",
    number_range: "range",
    day: "day",
    days: "days",
    moment: "day",
    month: "month",
}


def catalogue() -> dict[str, Any]:
    """All that is offered, in the language of whoever asks."""
    offered = [fact for fact in facts() if fact.group is not None]
    lists = {fact.choices for fact in offered} | {argument.choices for fact in offered for argument in fact.arguments}
    return {
        "groups": [
            {"label": str(label), "facts": [_fact(fact) for fact in offered if fact.group == group]}
            for group, label in GROUP_LABELS.items()
            if any(fact.group == group for fact in offered)
        ],
        "types": {type.value: _questions(type, _untyped(type)) for type in FactType},
        "details": _details(),
        "choices": {name: _list(name) for name in sorted(lists - {""})},
    }


def _details() -> dict[str, Any]:
    """What each type of event tells of itself: [name, label, type] of everything that can be asked."""
    return {
        kind.name: [
            [name, str(FIELD_LABELS.get(name, name)), KINDS[type].value]
            for name, type in kind.fields.items()
            if type in KINDS
        ]
        for kind in event_types()
    }


def _list(name: str) -> dict[str, Any]:
    known = choices(name)
    return {"open": known.is_open, "values": known.listed()}


def _untyped(type: FactType) -> list[Question]:
    return [question for op, operator in OPERATORS[type].items() for question in operator.questions(op)]


def _fact(fact: Fact) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": fact.name,
        "label": str(fact.label),
        "choices": fact.choices,
        "arguments": [_argument(argument) for argument in fact.arguments],
    }
    if not callable(fact.type):
        return told | {"questions": _questions(fact.type, questions_of(fact, fact.type))}
    deciding = fact.arguments[0]
    return told | {"typed_by": deciding.name, "types": _types(fact, deciding)}


def _types(fact: Fact, argument: Argument) -> dict[str, str]:
    types = {}
    for value, _label in choices(argument.choices).listed():
        try:
            types[str(value)] = fact.use({argument.name: value}).type.value
        except ConditionError:  # gone since the list was read
            continue
    return types


def _argument(argument: Argument) -> dict[str, Any]:
    widget = "details" if argument.read else "days" if argument.type == FactType.NUMBER else "text"
    return {
        "name": argument.name,
        "label": str(argument.label),
        "widget": "choice" if argument.choices else widget,
        "choices": argument.choices,
        "required": argument.is_required,
        "empty": str(argument.empty),
    }


def _questions(type: FactType, questions: Sequence[Question]) -> list[dict[str, Any]]:
    told = []
    for question in questions:
        row: dict[str, Any] = {"op": question.op, "label": str(question.label)}
        if question.value is None:
            row["widget"] = _WIDGETS[OPERATORS[type][question.op].parse]
        else:
            row["value"] = question.value
        told.append(row)
    return told
