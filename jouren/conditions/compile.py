"""One condition, compiled twice: to parametrised SQL for sets, to Python for one person's tuple of values.

A property test proves the two equal, missing values, time zones and nested negations included. ``standing.py`` adds the
moment when time alone may change the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from jouren.conditions.operators import placeholder_cast
from jouren.conditions.payload import PayloadTests
from jouren.conditions.registry import FactType, FactUse, Rows
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
    """Writes expressions and collects the joins and parameters they need.

    ``is_filter``: a node is written to stand in a WHERE by itself or among ANDs, where PostgreSQL makes joins of what
    is asked of other tables; elsewhere (in an OR, in a SELECT) the same is written so that it is hashed once.
    """

    now: datetime
    zone: tzinfo
    params: dict[str, Any] = field(default_factory=dict)
    _joins: dict[str, None] = field(default_factory=dict)
    _known: dict[FactUse, str] = field(default_factory=dict)

    @property
    def joins_sql(self) -> str:
        """All joins, each once, in the order of first use."""
        return "\n".join(self._joins)

    def node(self, node: Node, *, negated: bool = False, is_filter: bool = True) -> str:
        """A boolean expression; NULL in it means no. Negations are written at the leaves."""
        if isinstance(node, Leaf):
            return self.leaf(node, negated=negated, is_filter=is_filter)
        if isinstance(node, Not):
            return self.node(node.part, negated=not negated, is_filter=is_filter)
        if not node.parts:
            return "false" if negated else "true"
        is_and = isinstance(node, All) is not negated
        parts = [self.node(part, negated=negated, is_filter=is_filter and is_and) for part in node.parts]
        return "(" + (" AND " if is_and else " OR ").join(parts) + ")"

    def value(self, use: FactUse) -> str:
        """The fact's value for a batch of people."""
        if use.batch_sql:
            return f"({self.bound(use.batch_sql, use.given)})"
        if use.rows is not None:
            return self.bound(_value_of_rows(use.rows, use.type), use.given)
        return self._or_default(use, self.expression(use))

    def expression(self, use: FactUse) -> str:
        """The fact's value for everybody, NULL where it is missing; remembers its join and binds its arguments."""
        if use not in self._known:
            alias, arguments = f"j{len(self._known)}", use.given
            if use.join:
                self._joins[self.bound(use.join.replace("{j}", alias), arguments)] = None
            self._known[use] = f"({self.bound(use.fact.expression(use.type).replace('{j}', alias), arguments)})"
        return self._known[use]

    def place(self, value: object) -> str:
        """A placeholder for a value."""
        name = f"p{len(self.params)}"
        self.params[name] = list(value) if isinstance(value, tuple) else value
        return f"%({name})s"

    def bound(self, sql: str, arguments: dict[str, Any]) -> str:
        """A registered text with its arguments bound."""

        def place(found: re.Match[str]) -> str:
            name = found[1]
            if name == "now":
                return self.moment()
            value = arguments[name]
            return value.sql(self.place) if isinstance(value, PayloadTests) else self.place(value)

        return _PLACEHOLDER.sub(place, sql)

    def moment(self) -> str:
        """The moment of asking."""
        self.params["now"] = self.now
        return "%(now)s"

    def leaf(self, leaf: Leaf, *, negated: bool, is_filter: bool) -> str:
        """A boolean expression of one question."""
        if leaf.use.rows is not None:
            return self._leaf_of_rows(leaf, leaf.use.rows, negated=negated, is_filter=is_filter)
        if leaf.use.fact.member_sql and leaf.op in {"contains", "contains_any"}:
            members = leaf.value if isinstance(leaf.value, list) else [leaf.value]
            expression = self.bound(leaf.use.fact.member_sql, {"members": members})
        else:
            expression = self.expression(leaf.use)
            if self._default_matters(leaf):
                expression = self._or_default(leaf.use, expression)
            expression = self.question(leaf, expression)
        if not negated:
            return expression
        return f"NOT ({expression})" if self._is_certain(leaf) else f"({expression}) IS NOT TRUE"

    def question(self, leaf: Leaf, expression: str) -> str:
        """The leaf's operator, asked of an expression."""
        bound = leaf.operator.bind(leaf.value, self.now, self.zone)
        sql_values = [value for value in bound if not isinstance(value, bool)]
        places = [self.place(value) + placeholder_cast(value) for value in sql_values]
        return leaf.operator.sql(expression, places, leaf.value)

    def _or_default(self, use: FactUse, expression: str) -> str:
        default = use.fact.default
        return expression if default is None else f"coalesce({expression}, {default:d})"

    def _default_matters(self, leaf: Leaf) -> bool:
        """Whether the default says yes. Where it says no, so does NULL, and the join can become an inner one."""
        default = leaf.use.fact.default
        return default is not None and (leaf.operator.accepts_missing or self._says_yes(leaf, default))

    def _says_yes(self, leaf: Leaf, value: object) -> bool:
        return leaf.operator.python(value, *leaf.operator.bind(leaf.value, self.now, self.zone))

    def _is_certain(self, leaf: Leaf) -> bool:
        """Whether its SQL is never NULL: then plain NOT will do, and PostgreSQL can plan an anti-join."""
        return leaf.use.fact.is_certain or leaf.operator.accepts_missing or self._default_matters(leaf)

    # ---- What is asked of rows: who is among those with such rows, or not.

    def _leaf_of_rows(self, leaf: Leaf, rows: Rows, *, negated: bool, is_filter: bool) -> str:
        if leaf.use.type == FactType.NUMBER:
            return self._leaf_of_total(leaf, rows, negated=negated, is_filter=is_filter)
        if leaf.use.type == FactType.SET and leaf.op.startswith("contains"):
            wanted = [leaf.value] if isinstance(leaf.value, str) else leaf.value
            groups = [[each] for each in dict.fromkeys(wanted)] if leaf.op == "contains_all" else [wanted]
            is_filter = is_filter and (len(groups) == 1 or not negated)
            parts = [
                _among(
                    self.bound(
                        f"SELECT {rows.person} {rows.everybody} AND {rows.has_member}",
                        leaf.use.given | {"members": group},
                    ),
                    negated=negated,
                    is_filter=is_filter,
                )
                for group in groups
            ]
            return "(" + (" OR " if negated else " AND ").join(parts) + ")"
        if leaf.op == "is_set" and leaf.use.type == FactType.BOOLEAN:
            return "true" if leaf.value is not negated else "false"
        wants_rows = leaf.value is not (leaf.op == "empty")
        people = self.bound(f"SELECT {rows.person} {rows.everybody}", leaf.use.given)
        return _among(people, negated=wants_rows is negated, is_filter=is_filter)

    def _leaf_of_total(self, leaf: Leaf, rows: Rows, *, negated: bool, is_filter: bool) -> str:
        if leaf.op == "is_set":
            return "true" if leaf.value is not negated else "false"
        # Those without rows are in no group. Where they answer yes, those are looked for who answer no.
        inverted = self._says_yes(leaf, 0)
        people = self.bound(f"SELECT {rows.person} {rows.everybody}", leaf.use.given)
        if rows.total != "count(*)" or not self._asks_for_any(leaf, inverted):
            test = self.question(leaf, f"({rows.total})")
            people += f" GROUP BY 1 HAVING {f'NOT ({test})' if inverted else test}"
        return _among(people, negated=inverted is not negated, is_filter=is_filter)

    def _asks_for_any(self, leaf: Leaf, inverted: bool) -> bool:
        """Whether every count from one upwards answers alike."""
        probes = [1, 2, 3, 10**12]
        if isinstance(leaf.value, list):
            return False
        probes += [int(leaf.value) - 1, int(leaf.value), int(leaf.value) + 1]
        return all(self._says_yes(leaf, probe) is not inverted for probe in probes if probe >= 1)


def _among(people: str, *, negated: bool, is_filter: bool) -> str:
    if not negated:
        return f"c.id IN ({people})"
    if is_filter:
        return f"NOT EXISTS (SELECT FROM ({people}) AS those (id) WHERE those.id = c.id)"
    return f"c.id NOT IN ({people})"


def _value_of_rows(rows: Rows, type: FactType) -> str:
    if type == FactType.BOOLEAN:
        return f"EXISTS (SELECT {rows.one})"
    if type == FactType.SET:
        return f"(SELECT coalesce(array_agg(DISTINCT {rows.column}), '{{}}') {rows.one})"
    return f"(SELECT {rows.total} {rows.one})"


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
        return python_leaf(node, places.setdefault(node.use, len(places)))
    if isinstance(node, Not):
        part = _python(node.part, places)
        return lambda values, now, zone: not part(values, now, zone)
    parts = [_python(part, places) for part in node.parts]
    if len(parts) == 1:
        return parts[0]
    if isinstance(node, All):
        return lambda values, now, zone: all(part(values, now, zone) for part in parts)
    return lambda values, now, zone: any(part(values, now, zone) for part in parts)


def python_leaf(leaf: Leaf, place: int) -> Matches:
    """One question to the value at ``place``."""
    operator, wanted = leaf.operator, leaf.value
    test, bind, accepts_missing = operator.python, operator.bind, operator.accepts_missing

    def matches(values: Values, now: datetime, zone: tzinfo) -> bool:
        value = values[place]
        return (value is not None or accepts_missing) and test(value, *bind(wanted, now, zone))

    return matches


class PastWriter(SqlWriter):
    """Writes what facts were at a moment of each row's own, ``asked.at``."""

    def value(self, use: FactUse) -> str:
        fact = use.fact
        if fact.past_rows is not None:
            return self.bound(_value_of_rows(fact.past_rows(use.given), use.type), use.given)
        if not fact.past_sql:
            return super().value(use)
        return self._or_default(use, f"({self.bound(fact.past_sql, use.given)})")

    def moment(self) -> str:
        return "asked.at"


def select_facts(facts: Sequence[FactUse], now: datetime, zone: tzinfo) -> CompiledSql:
    """The facts' expressions, comma-separated, in place of a WHERE; for a batch loader."""
    return _selected(SqlWriter(now, zone), facts)


def select_past_facts(facts: Sequence[FactUse], now: datetime, zone: tzinfo) -> CompiledSql:
    """The same for what facts were at ``asked.at``, a column of the caller's; unknown pasts are told as of ``now``."""
    return _selected(PastWriter(now, zone), facts)


def _selected(writer: SqlWriter, facts: Sequence[FactUse]) -> CompiledSql:
    columns = ", ".join(writer.value(use) for use in facts)
    return CompiledSql(columns, writer.joins_sql, writer.params)
