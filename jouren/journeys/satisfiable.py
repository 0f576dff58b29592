"""Whether a condition can hold for anybody at all. Pure, and careful: what it does not know may be so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import Any

from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import FactType, FactUse
from jouren.conditions.tree import All, AnyOf, Leaf, Node, Not, parse_tree
from jouren.pyramid.stages import Stage

MAX_TRIES = 20_000
_STAGE = "pyramid.stage"
# Whole numbers that a fact can have; None is without an end.
_BOUNDS: Mapping[str, tuple[int, int | None]] = {
    _STAGE: (Stage.AWARE, Stage.REGULAR),
    "orders.count": (0, None),
    "orders.total": (0, None),
}
_KNOWN_TEXT = frozenset({"eq", "ne", "in"})
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

Values = Mapping[FactUse, Any]


def may_hold(tree: Any) -> bool:
    """False when no person can meet the condition; True when one may."""
    node = _parsed(tree)
    if node is None:
        return True
    chosen = {use: values for use, values in _candidates(node).items() if values}
    tries = 1
    for values in chosen.values():
        tries *= len(values)
    if tries > MAX_TRIES:
        return True
    return any(
        _holds(node, dict(zip(chosen, values, strict=True))) is not False for values in product(*chosen.values())
    )


def stages_that_fit(tree: Any) -> frozenset[Stage]:
    """The stages on which somebody may be who meets the condition; all of them for none."""
    node = _parsed(tree)
    if node is None:
        return frozenset(Stage)
    uses = [leaf.use for leaf in _leaves(node) if leaf.use.name == _STAGE]
    return frozenset(stage for stage in Stage if _holds(node, dict.fromkeys(uses, int(stage))) is not False)


def _parsed(tree: Any) -> Node | None:
    if not tree:
        return None
    try:
        return parse_tree(tree)
    except ConditionError:
        return None


def _leaves(node: Node) -> Iterator[Leaf]:
    match node:
        case Leaf():
            yield node
        case Not():
            yield from _leaves(node.part)
        case All() | AnyOf():
            for part in node.parts:
                yield from _leaves(part)


def _candidates(node: Node) -> dict[FactUse, list[Any]]:
    """Values that are as good as any other, for each fact: those named, and those around and between them."""
    named: dict[FactUse, set[Any]] = {}
    for leaf in _leaves(node):
        if _is_known(leaf):
            values = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
            named.setdefault(leaf.use, set()).update(values)
    return {use: [None, *_around(use, values)] for use, values in named.items()}


def _around(use: FactUse, values: Iterable[Any]) -> list[Any]:
    if use.type == FactType.BOOLEAN:
        return [False, True]
    if use.type == FactType.TEXT:
        texts = [value for value in values if isinstance(value, str)]
        return [*texts, "\x00none of them"]
    numbers = sorted(value for value in values if not isinstance(value, bool))
    around = {value + step for value in numbers for step in (-1, 0, 1)} or {0}
    if use.name not in _BOUNDS:
        return sorted(around | {(low + high) / 2 for low, high in pairwise(numbers)})
    lowest, highest = _BOUNDS[use.name]
    ends = {lowest} if highest is None else {lowest, highest}
    return sorted(value for value in around | ends if value >= lowest and (highest is None or value <= highest))


def _is_known(leaf: Leaf) -> bool:
    """Whether the answer can be told from a value."""
    if leaf.use.type == FactType.TEXT:
        return leaf.op in _KNOWN_TEXT
    return leaf.use.type in {FactType.NUMBER, FactType.BOOLEAN}


def _holds(node: Node, values: Values) -> bool | None:
    """Whether a condition holds for somebody with these values; None when that depends on others."""
    match node:
        case Leaf():
            return _answer(node, values)
        case Not():
            inner = _holds(node.part, values)
            return None if inner is None else not inner
        case All():
            answers = [_holds(part, values) for part in node.parts]
            return False if False in answers else (None if None in answers else True)
        case AnyOf():
            answers = [_holds(part, values) for part in node.parts]
            return True if True in answers else (None if None in answers else False)
    return None


def _answer(leaf: Leaf, values: Values) -> bool | None:
    if leaf.use not in values or not _is_known(leaf):
        return None
    value = values[leaf.use]
    if value is None and leaf.use.fact.default is not None:
        value = leaf.use.fact.default
    if value is None and not leaf.operator.accepts_missing:
        return False
    return bool(leaf.operator.python(value, *leaf.operator.bind(leaf.value, _ANY_TIME, UTC)))
