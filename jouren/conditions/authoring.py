"""From what people type in an editor to a condition."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from jouren.conditions.errors import ConditionError
from jouren.conditions.operators import OPERATORS
from jouren.conditions.registry import Argument, Fact, FactType, fact

_LISTS = frozenset({"in", "contains_any", "contains_all"})
_FLAGS = frozenset({"is", "is_set", "empty"})
_COUNTS = frozenset({"within_last_days", "older_than_days", "in_month"})
_YES = frozenset({"", "1", "true", "yes", "はい", "on"})
_NO = frozenset({"0", "false", "no", "いいえ", "off"})


def tree_of_test(*, fact: str, argument: str = "", op: str = "eq", value: str = "") -> dict[str, Any]:
    """The leaf that a row of an editor stands for. Lists and several arguments are separated by commas.

    ``is`` may be written ``eq`` for yes-or-no facts; an empty value means yes. Raises ConditionError where a number or
    yes/no cannot be read; the rest is for :func:`jouren.conditions.tree.validate_tree`.
    """
    known = _fact(fact)
    arguments = _arguments(known, argument)
    type = known.use(arguments).type
    if type == FactType.BOOLEAN and op in {"eq", "ne"}:
        wanted = _flag(value)
        return _leaf(known, arguments, "is", wanted if op == "eq" else not wanted)
    if type == FactType.SET and op in {"eq", "in"}:
        op = "contains" if op == "eq" else "contains_any"
    return _leaf(known, arguments, op, _value(type, op, value.strip()))


def operators_of(fact_name: str, argument: str = "") -> list[tuple[str, Any]]:
    """The operators that a fact can be asked, with their labels. Raises ConditionError."""
    known = _fact(fact_name)
    type = known.use(_arguments(known, argument)).type
    return [(op, operator.label) for op, operator in OPERATORS[type].items()]


def _fact(name: str) -> Fact:
    return fact(name)


def _leaf(known: Fact, arguments: dict[str, Any], op: str, value: object) -> dict[str, Any]:
    leaf = {"fact": known.name, "op": op, "value": value}
    return leaf | {"args": arguments} if arguments else leaf


def _arguments(known: Fact, text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.replace("、", ",").split(",")] if text.strip() else []
    if len(parts) > len(known.arguments):
        message = _("%(fact)s takes at most %(count)s arguments, separated by commas.")
        raise ConditionError(message % {"fact": known.name, "count": len(known.arguments)})
    pairs = zip(known.arguments, parts, strict=False)
    return {argument.name: _argument(argument, part) for argument, part in pairs if part}


def _argument(argument: Argument, text: str) -> object:
    return _number(text) if argument.type == FactType.NUMBER else text


def _value(type: FactType, op: str, text: str) -> object:
    if op in _FLAGS:
        return _flag(text)
    if op in _LISTS:
        return [part.strip() for part in text.replace("、", ",").split(",") if part.strip()]
    if op == "between":
        return [_number(part) for part in text.replace("、", ",").split(",")]
    if type == FactType.NUMBER or op in _COUNTS:
        return _number(text)
    return text


def _flag(text: str) -> bool:
    folded = text.strip().lower()
    if folded in _YES | _NO:
        return folded in _YES
    raise ConditionError(_("“%(text)s” is neither yes nor no.") % {"text": text[:50]})


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise ConditionError(_("“%(text)s” is not a number.") % {"text": text[:50]}) from None
