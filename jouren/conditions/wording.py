"""Conditions in words. Whatever a draft holds is told, complete or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from jouren.conditions.choices import choice_label
from jouren.conditions.errors import ConditionError
from jouren.conditions.operators import OPERATORS, questions_of
from jouren.conditions.payload import FIELD_LABELS
from jouren.conditions.registry import Argument, Fact, FactType, Question, fact
from jouren.core.wording import listed


def describe(tree: object) -> str:
    """A condition in one sentence; empty for none."""
    return _node(tree, is_inner=False)


def describe_parts(tree: object) -> tuple[str, list[str]]:
    """A condition as a list: what joins its parts, and each in a sentence. A condition of one part has no joint."""
    joints = (("all", _("All of these hold:")), ("any", _("At least one of these holds:")))
    for key, joint in joints:
        parts = tree.get(key) if isinstance(tree, Mapping) else None
        if isinstance(parts, list) and len(parts) > 1:
            return joint, [_node(part, is_inner=False) for part in parts]
    return "", [text] if (text := describe(tree)) else []


def _node(tree: object, *, is_inner: bool = True) -> str:
    if not isinstance(tree, Mapping):
        return ""
    if "fact" in tree:
        return _leaf(tree)
    if "not" in tree:
        inner = tree["not"]
        parts = inner["any"] if isinstance(inner, Mapping) and isinstance(inner.get("any"), list) else [inner]
        joined = pgettext("between conditions, none of which holds", "; ").join(map(_node, parts))
        return _("none of (%(parts)s)") % {"parts": joined}
    for key, joint in (("all", _(" and ")), ("any", _(" or "))):
        if isinstance(tree.get(key), list):
            text = joint.join(map(_node, tree[key]))
            return _("(%(parts)s)") % {"parts": text} if is_inner and len(tree[key]) > 1 else text
    return ""


def _leaf(leaf: Mapping[str, Any]) -> str:
    arguments = leaf.get("args") or {}
    try:
        known = fact(leaf["fact"])
        type = known.use(arguments).type
    except ConditionError:
        return _("an unfinished condition")
    question = _question(known, type, leaf)
    if question is None:
        return _("an unfinished condition")
    name = _name(known, arguments)
    if question.value is not None:
        return _("%(fact)s: %(answer)s") % {"fact": name, "answer": question.label}
    value = value_text(known, leaf.get("value"))
    return _("%(fact)s %(question)s %(value)s") % {"fact": name, "question": question.label, "value": value}


def _name(known: Fact, arguments: Mapping[str, Any]) -> str:
    """What is asked: the fact's phrase or label, and the arguments that it does not tell."""
    phrase = str(known.phrase)
    told = {each.name: _argument(each, arguments.get(each.name)) for each in known.arguments}
    name = phrase % told if phrase else str(known.label)
    rest = [
        told[each.name]
        for each in known.arguments
        if arguments.get(each.name) is not None and f"%({each.name})s" not in phrase
    ]
    return _("%(fact)s (%(details)s)") % {"fact": name, "details": listed(rest)} if rest else name


def _argument(argument: Argument, value: object) -> str:
    if value is None or value == "":
        return str(argument.empty)
    if isinstance(value, list):
        return listed(map(_detail, value))
    text = choice_label(argument.choices, value) if argument.choices else str(value)
    return str(argument.phrase) % {"value": text} if argument.phrase else text


def _detail(test: object) -> str:
    """A question to an event's payload."""
    if not isinstance(test, Mapping):
        return _("an unfinished condition")
    field = FIELD_LABELS.get(str(test.get("field")), test.get("field"))
    kinds = [type for type in FactType if test.get("op") in OPERATORS[type]]
    asked = [question for type in kinds[:1] for question in OPERATORS[type][test["op"]].questions(test["op"])]
    exact = [question for question in asked if question.value is not None and question.value == test.get("value")]
    if exact:
        return _("%(fact)s: %(answer)s") % {"fact": field, "answer": exact[0].label}
    if not asked or test.get("value") is None:
        return _("an unfinished condition")
    value = test["value"] if not isinstance(test["value"], list) else listed(test["value"])
    return _("%(fact)s %(question)s %(value)s") % {
        "fact": field,
        "question": asked[0].label,
        "value": value,
    }


def _listed(texts: Sequence[str]) -> str:
    """Texts in a row; in quotes, where one of them has a comma of its own."""
    comma = listed(["", ""]).strip()
    return listed(_("“%(text)s”") % {"text": text} for text in texts) if comma in "".join(texts) else listed(texts)


def _question(known: Fact, type: FactType, leaf: Mapping[str, Any]) -> Question | None:
    asked = [question for question in questions_of(known, type) if question.op == leaf.get("op")]
    exact = [question for question in asked if question.value is not None and question.value == leaf.get("value")]
    free = [question for question in asked if question.value is None]
    operator = OPERATORS[type].get(str(leaf.get("op")))
    return next(iter(exact + free), operator.questions(str(leaf["op"]))[0] if operator else None)


def value_text(known: Fact, value: object) -> str:
    """What a fact is compared with, in words."""
    if value is None or value == "":
        return "…"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _listed([value_text(known, each) for each in value])
    return choice_label(known.choices, value) if known.choices else str(value)
