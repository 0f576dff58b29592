"""A condition as a tree: read from JSON, checked.

    {"all": [...]}   {"any": [...]}   {"not": ...}
    {"fact": "consent", "args": {"channel": "email", "topic": "news"}, "op": "is", "value": true}

``{"all": []}`` is everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from jouren.conditions.errors import ConditionError
from jouren.conditions.operators import OPERATORS, Operator
from jouren.conditions.registry import FactUse, fact

MAX_DEPTH = 12
MAX_NODES = 300


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; none is needed."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question to one fact; ``value`` is what the operator's parser made of it."""

    use: FactUse
    op: str
    value: Any

    @property
    def operator(self) -> Operator:
        """The operator, by the fact's type."""
        return OPERATORS[self.use.type][self.op]


Node = All | AnyOf | Not | Leaf


def parse_tree(raw: object) -> Node:
    """Read and check a condition. Raises ConditionError, which says where and why."""
    return _Reader().read(raw, "", 1)


def validate_tree(raw: object) -> None:
    """Raise ConditionError unless ``raw`` is a condition that can be asked now."""
    parse_tree(raw)


class _Reader:
    def __init__(self) -> None:
        self._nodes = 0

    def read(self, raw: object, path: str, depth: int) -> Node:
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise ConditionError(_("the condition is nested too deeply (at most %d levels).") % MAX_DEPTH, path)
        if self._nodes > MAX_NODES:
            raise ConditionError(_("the condition is too long (at most %d parts).") % MAX_NODES, path)
        if not isinstance(raw, Mapping):
            raise ConditionError(_("a condition must be an object."), path)
        if "fact" in raw:
            return _leaf(raw, path)
        if len(raw) != 1 or (key := next(iter(raw))) not in {"all", "any", "not"}:
            raise ConditionError(_("a condition has one of the keys all, any, not, fact."), path)
        here = f"{path}.{key}" if path else key
        if key == "not":
            return Not(self.read(raw[key], here, depth + 1))
        children = raw[key]
        if not isinstance(children, list) or (key == "any" and not children):
            raise ConditionError(_("this needs a list of conditions."), here)
        parts = tuple(self.read(child, f"{here}[{i}]", depth + 1) for i, child in enumerate(children))
        return All(parts) if key == "all" else AnyOf(parts)


def _leaf(raw: Mapping[Any, Any], path: str) -> Leaf:
    if unknown := raw.keys() - {"fact", "args", "op", "value"}:
        raise ConditionError(_("unknown key %(key)s.") % {"key": sorted(map(str, unknown))[0][:50]}, path)
    arguments = raw.get("args") or {}
    if not isinstance(arguments, Mapping):
        raise ConditionError(_("args must be an object."), path)
    use = fact(raw["fact"], path).use(arguments, path)
    operators = OPERATORS[use.type]
    op = raw.get("op")
    if not isinstance(op, str) or op not in operators:
        message = _("“%(fact)s” cannot be asked “%(op)s”; it can be asked: %(known)s.")
        known = ", ".join(operators)
        raise ConditionError(message % {"fact": use.fact.label, "op": str(op)[:50], "known": known}, path)
    try:
        value = operators[op].parse(raw.get("value"))
    except ValueError as error:
        raise ConditionError(_("“%(fact)s”: %(error)s") % {"fact": use.fact.label, "error": error}, path) from None
    return Leaf(use, op, value)
