"""One condition, compiled twice: to parametrised SQL for sets, to Python for one person's tuple of values.

A property test proves the two equal, missing values, time zones and nested negations included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from jouren.conditions.operators import placeholder_cast
from jouren.conditions.registry import FactUse
from jouren.conditions.tree import All, Leaf, Node, Not, parse_tree

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")

Values = tuple[Any, ...]
Matches = Callable[[Values, datetime, tzinfo], bool]


@dataclass(frozen=True)
class CompiledSql:
    """``SELECT … FROM contacts_contact c {joins} WHERE {where}`` with ``params`` (named)."""

    where: str
    joins: str
    params: dict[str, Any]


@dataclass(frozen=True)
class CompiledPython:
    """``matches(values, now, zone)``, where ``values[i]`` is the value of ``facts[i]``."""

    facts: tuple[FactUse, ...]
    matches: Matches


def compile_sql(raw: object, now: datetime, zone: tzinfo) -> CompiledSql:
    """Compile a condition for ``now`` (aware) and the zone its days belong to. Raises ConditionError."""
    writer = SqlWriter(now, zone)
    where = writer.node(parse_tree(raw))
    return CompiledSql(where, writer.joins_sql, writer.params)


@dataclass
class SqlWriter:
    """Writes expressions and collects the joins and parameters they need."""

    now: datetime
    zone: tzinfo
    params: dict[str, Any] = field(default_factory=dict)
    _joins: dict[str, None] = field(default_factory=dict)
    _known: dict[FactUse, str] = field(default_factory=dict)

    @property
    def joins_sql(self) -> str:
        """All joins, each once, in the order of first use."""
        return "\n".join(self._joins)

    def node(self, node: Node) -> str:
        """A boolean expression; NULL in it means no."""
        if isinstance(node, Leaf):
            return self._leaf(node)
        if isinstance(node, Not):
            inner = self.node(node.part)
            return f"NOT ({inner})" if self.is_certain(node.part) else f"({inner}) IS NOT TRUE"
        if not node.parts:
            return "true"
        return "(" + (" AND " if isinstance(node, All) else " OR ").join(map(self.node, node.parts)) + ")"

    def value(self, use: FactUse) -> str:
        """The fact's value for a batch of people."""
        if use.fact.batch_sql:
            return f"({self._bound(use.fact.batch_sql, dict(use.arguments))})"
        return self._or_default(use, self._expression(use))

    def _expression(self, use: FactUse) -> str:
        """The fact's value, NULL where it is missing; remembers its join and binds its arguments."""
        if use not in self._known:
            fact = use.fact
            if fact.join:
                self._joins[fact.join] = None
            self._known[use] = f"({self._bound(fact.expression(use.type), dict(use.arguments))})"
        return self._known[use]

    def _or_default(self, use: FactUse, expression: str) -> str:
        default = use.fact.default
        return expression if default is None else f"coalesce({expression}, {default:d})"

    def _leaf(self, leaf: Leaf) -> str:
        if leaf.use.fact.member_sql and leaf.op in {"contains", "contains_any"}:
            members = leaf.value if isinstance(leaf.value, list) else [leaf.value]
            return self._bound(leaf.use.fact.member_sql, {"members": members})
        bound = leaf.operator.bind(leaf.value, self.now, self.zone)
        sql_values = [value for value in bound if not isinstance(value, bool)]
        places = [self._place(value) + placeholder_cast(value) for value in sql_values]
        expression = self._expression(leaf.use)
        if self._default_matters(leaf):
            expression = self._or_default(leaf.use, expression)
        return leaf.operator.sql(expression, places, leaf.value)

    def _default_matters(self, leaf: Leaf) -> bool:
        """Whether the default says yes. Where it says no, so does NULL, and the join can become an inner one."""
        default = leaf.use.fact.default
        return default is not None and (
            leaf.operator.accepts_missing
            or leaf.operator.python(default, *leaf.operator.bind(leaf.value, self.now, self.zone))
        )

    def is_certain(self, node: Node) -> bool:
        """Whether the SQL of a node is never NULL: then plain NOT will do, and PostgreSQL can plan an anti-join."""
        if isinstance(node, Leaf):
            return node.use.fact.is_certain or node.operator.accepts_missing or self._default_matters(node)
        if isinstance(node, Not):
            return True
        return all(map(self.is_certain, node.parts))

    def _bound(self, sql: str, arguments: dict[str, Any]) -> str:
        def place(found: re.Match[str]) -> str:
            name = found[1]
            return self._moment() if name == "now" else self._place(arguments[name])

        return _PLACEHOLDER.sub(place, sql)

    def _moment(self) -> str:
        """The moment of asking."""
        self.params["now"] = self.now
        return "%(now)s"

    def _place(self, value: object) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"


class PastWriter(SqlWriter):
    """Writes what facts were at a moment of each row's own, ``asked.at``."""

    def value(self, use: FactUse) -> str:
        past = use.fact.past_sql
        if not past:
            return super().value(use)
        return self._or_default(use, f"({self._bound(past, dict(use.arguments))})")

    def _moment(self) -> str:
        return "asked.at"


def compile_python(raw: object, facts: Iterable[FactUse] = ()) -> CompiledPython:
    """Compile a condition to a function of a plain tuple. Raises ConditionError.

    ``facts`` are the first places of the tuple, so that several conditions can share one: compile each with the
    facts of the one before.
    """
    places = {use: index for index, use in enumerate(facts)}
    matches = _python(parse_tree(raw), places)
    return CompiledPython(tuple(places), matches)


def _python(node: Node, places: dict[FactUse, int]) -> Matches:
    if isinstance(node, Leaf):
        return _python_leaf(node, places.setdefault(node.use, len(places)))
    if isinstance(node, Not):
        part = _python(node.part, places)
        return lambda values, now, zone: not part(values, now, zone)
    parts = [_python(part, places) for part in node.parts]
    if len(parts) == 1:
        return parts[0]
    if isinstance(node, All):
        return lambda values, now, zone: all(part(values, now, zone) for part in parts)
    return lambda values, now, zone: any(part(values, now, zone) for part in parts)


def _python_leaf(leaf: Leaf, place: int) -> Matches:
    operator, wanted = leaf.operator, leaf.value
    test, bind, accepts_missing = operator.python, operator.bind, operator.accepts_missing

    def matches(values: Values, now: datetime, zone: tzinfo) -> bool:
        value = values[place]
        return (value is not None or accepts_missing) and test(value, *bind(wanted, now, zone))

    return matches


def select_facts(facts: Sequence[FactUse], now: datetime, zone: tzinfo) -> CompiledSql:
    """The facts' expressions, comma-separated, in place of a WHERE; for a batch loader."""
    return _selected(SqlWriter(now, zone), facts)


def select_past_facts(facts: Sequence[FactUse], now: datetime, zone: tzinfo) -> CompiledSql:
    """The same for what facts were at ``asked.at``, a column of the caller's; unknown pasts are told as of ``now``."""
    return _selected(PastWriter(now, zone), facts)


def _selected(writer: SqlWriter, facts: Sequence[FactUse]) -> CompiledSql:
    columns = ", ".join(writer.value(use) for use in facts)
    return CompiledSql(columns, writer.joins_sql, writer.params)
