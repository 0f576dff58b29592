"""A condition with its future: whether it holds of somebody, and when next time alone may change that.

    holds(all)  = every part holds            next(all that holds)   = the first part to change
                                              next(all that does not) = the last of the failing parts to change
    and the same with any, crosswise. None (in SQL infinity) is never.

An ``all`` that fails cannot hold before each failing part has changed, so whoever fails for a reason that time does not
mend needs no other look. A property test proves the Python and the SQL equal, and no change of an answer missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from jouren.conditions.compile import Matches, SqlWriter, Values, compile_python, python_leaf
from jouren.conditions.flips import END_OF_TIME, NEVER
from jouren.conditions.operators import placeholder_cast
from jouren.conditions.registry import FactUse
from jouren.conditions.tree import All, AnyOf, Leaf, Node, Not, parse_tree

Answer = tuple[bool, datetime | None]
"""Whether it holds, and when next that may change by time alone."""
Evaluate = Callable[[Values, datetime, tzinfo], Answer]


@dataclass(frozen=True)
class CompiledStanding:
    """``evaluate(values, now, zone)``, where ``values[i]`` is the value of ``facts[i]``; it looks at ``places`` only.

    ``is_timed``: time alone can change the answer. ``changed_by``: the events that can.
    """

    facts: tuple[FactUse, ...]
    places: frozenset[int]
    evaluate: Evaluate
    is_timed: bool
    changed_by: frozenset[str]


def compile_standing(raw: object, facts: Iterable[FactUse] = ()) -> CompiledStanding:
    """Compile a condition to a function of a plain tuple (see ``compile_python``). Raises ConditionError."""
    root = parse_tree(raw)
    leaves = list(leaves_of(root))
    changed_by = frozenset().union(*(leaf.use.changed_by for leaf in leaves))
    is_timed = any(map(_is_timed, leaves))
    if is_timed:
        indices = {use: index for index, use in enumerate(facts)}
        evaluate, known = _python(root, indices), tuple(indices)
    else:
        plain = compile_python(raw, facts)
        evaluate, known = _for_ever(plain.matches), plain.facts
    needed = {leaf.use for leaf in leaves} | set(filter(None, map(_companion, leaves)))
    places = frozenset(index for index, use in enumerate(known) if use in needed)
    return CompiledStanding(known, places, evaluate, is_timed, changed_by)


def _for_ever(matches: Matches) -> Evaluate:
    return lambda values, now, zone: (matches(values, now, zone), None)


def leaves_of(node: Node) -> Iterator[Leaf]:
    """All questions of a condition."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves_of(node.part)
    else:
        for part in node.parts:
            yield from leaves_of(part)


def _is_timed(leaf: Leaf) -> bool:
    return leaf.operator.flip is not None or _companion(leaf) is not None


def _companion(leaf: Leaf) -> FactUse | None:
    """What says when the fact itself changes by time."""
    next_change = leaf.use.fact.next_change
    return next_change(leaf.use, leaf.op, leaf.value) if next_change else None


# ---- In Python.


def _python(node: Node, places: dict[FactUse, int]) -> Evaluate:
    if isinstance(node, Leaf):
        return _python_leaf(node, places)
    if isinstance(node, Not):
        part = _python(node.part, places)

        def negated(values: Values, now: datetime, zone: tzinfo) -> Answer:
            holds, change = part(values, now, zone)
            return not holds, change

        return negated
    parts = [_python(part, places) for part in node.parts]
    decisive = isinstance(node, AnyOf)

    def joined(values: Values, now: datetime, zone: tzinfo) -> Answer:
        answers = [part(values, now, zone) for part in parts]
        deciding = [change for holds, change in answers if holds is decisive]
        if deciding:  # an any that holds, an all that fails: only when all these have changed
            return decisive, None if None in deciding else max(filter(None, deciding))
        return not decisive, min((change for _holds, change in answers if change), default=None)

    return joined


def _python_leaf(leaf: Leaf, places: dict[FactUse, int]) -> Evaluate:
    place = places.setdefault(leaf.use, len(places))
    matches, flip, wanted = python_leaf(leaf, place), leaf.operator.flip, leaf.value
    companion = _companion(leaf)
    beside = places.setdefault(companion, len(places)) if companion else None

    def evaluate(values: Values, now: datetime, zone: tzinfo) -> Answer:
        change: datetime | None = None
        if flip is not None and (x := values[place]) is not None:
            change = _flip(flip.python, x, wanted, now, zone)
        if beside is not None:
            moment = values[beside]
            change = moment if moment is not None and now < moment < END_OF_TIME else None
        return matches(values, now, zone), change

    return evaluate


def _flip(python: Callable[..., datetime | None], *arguments: Any) -> datetime | None:
    try:
        return python(*arguments)
    except OverflowError:
        return None


# ---- In SQL, for everybody at once.


def select_standing(raw: object, now: datetime, zone: tzinfo) -> tuple[str, dict[str, Any]]:
    """A SELECT of ``id, holds, next_change`` of everybody present for whom it holds or may come to by time alone.

    Returns the text and its parameters (named). ``next_change`` is null for never. Raises ConditionError.
    """
    root = parse_tree(raw)
    writer = SqlWriter(now, zone)
    leaves = list(dict.fromkeys(map(_Key, leaves_of(root))))
    numbers = {key: number for number, key in enumerate(leaves)}
    columns = [_columns(key.leaf, number, writer) for key, number in numbers.items()]
    inner = (
        f"SELECT c.id, {', '.join([*columns, 'NULL'])} FROM contacts_contact c\n{writer.joins_sql}\n"  # noqa: S608
        # The fence keeps what is asked once from being asked wherever it is used.
        "WHERE c.erased_at IS NULL AND c.merged_at IS NULL OFFSET 0"
    )
    holds, change = _sql(root, numbers)
    answered = f"SELECT id, {holds} AS holds, {change} AS change FROM ({inner}) AS asked OFFSET 0"  # noqa: S608
    select = (
        f"SELECT id, holds, nullif(change, {NEVER}) AS next_change\n"
        f"FROM ({answered}) AS answered WHERE holds OR change < {NEVER}"
    )
    return select, writer.params


class _Key:
    """A question by what it asks: a list in it keeps a leaf from being hashed."""

    def __init__(self, leaf: Leaf) -> None:
        self.leaf = leaf
        self._key = (leaf.use, leaf.op, repr(leaf.value))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._key == other._key


def _columns(leaf: Leaf, number: int, writer: SqlWriter) -> str:
    """``h<number>``, whether it holds, and ``n<number>``, when next that may change."""
    holds = writer.leaf(leaf, negated=False, is_filter=False)
    return f"coalesce({holds}, false) AS h{number}, {_change(leaf, writer)} AS n{number}"


def _change(leaf: Leaf, writer: SqlWriter) -> str:
    if (companion := _companion(leaf)) is not None:
        moment = writer.expression(companion)
        return f"CASE WHEN {moment} > {_now(writer)} AND {moment} < '9000-01-01Z' THEN {moment} ELSE {NEVER} END"
    if (flip := leaf.operator.flip) is not None:
        value = "NULL" if isinstance(leaf.value, bool) else writer.place(leaf.value) + placeholder_cast(leaf.value)
        zone = f"{writer.place(getattr(writer.zone, 'key', 'UTC'))}::text"
        return flip.sql.format(x=writer.expression(leaf.use), v=value, now=_now(writer), zone=zone)
    return NEVER


def _now(writer: SqlWriter) -> str:
    return f"{writer.place(writer.now)}::timestamptz"


def _sql(node: Node, numbers: dict[_Key, int]) -> tuple[str, str]:
    """Whether a node holds and when that may change, in terms of the leaves' columns."""
    if isinstance(node, Leaf):
        number = numbers[_Key(node)]
        return f"h{number}", f"n{number}"
    if isinstance(node, Not):
        holds, change = _sql(node.part, numbers)
        return f"(NOT {holds})", change
    is_all = isinstance(node, All)
    if not node.parts:
        return ("true" if is_all else "false"), NEVER
    parts = [_sql(part, numbers) for part in node.parts]
    holds = "(" + (" AND " if is_all else " OR ").join(held for held, _change in parts) + ")"
    first = ", ".join(change for _held, change in parts)
    last = ", ".join(
        f"CASE WHEN {held} = {'false' if is_all else 'true'} THEN {change} ELSE '-infinity' END"
        for held, change in parts
    )
    decided = f"NOT {holds}" if is_all else holds
    return holds, f"(CASE WHEN {decided} THEN greatest({last}) ELSE least({first}) END)"
