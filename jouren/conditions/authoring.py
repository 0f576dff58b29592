"""Reads what drafts hold: a condition's tree, or the rows of text that editors stored before there were trees.

Drafts are kept whatever they hold, so nothing is refused here: what cannot be asked is for
:func:`jouren.conditions.tree.validate_tree` to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import Argument, Fact, FactType, fact

Tree = dict[str, Any]

_LISTS = frozenset({"in", "contains_any", "contains_all"})
_FLAGS = frozenset({"is", "is_set", "empty"})
_COUNTS = frozenset({"within_last_days", "older_than_days", "in_month"})
_YES = frozenset({"", "1", "true", "yes", "はい", "on"})
_NO = frozenset({"0", "false", "no", "いいえ", "off"})


def read_tree(stored: object) -> Tree | None:
    """The tree that a draft holds, as JSON or read from it; None for no condition."""
    if isinstance(stored, str):
        try:
            stored = json.loads(stored) if stored.strip() else None
        except ValueError:
            return None
    if isinstance(stored, Mapping):
        return dict(stored) or None
    if isinstance(stored, Sequence) and not isinstance(stored, str | bytes):
        return tree_of_rows(stored)
    return None


def tree_of_rows(rows: Iterable[object]) -> Tree | None:
    """The tree of an older editor's rows: ``{"type": "test" | "any_of" | "none_of", "value": …}``; None for no rows."""
    parts = [part for row in rows if isinstance(row, Mapping) and (part := _part(row)) is not None]
    return {"all": parts} if parts else None


def _part(row: Mapping[str, Any]) -> Tree | None:
    value = row.get("value")
    if row.get("type") == "test":
        return _leaf(value)
    leaves = [_leaf(_inner(each)) for each in value] if isinstance(value, Sequence) else []
    if not leaves:
        return None
    return {"any": leaves} if row.get("type") == "any_of" else {"not": {"any": leaves}}


def _inner(item: object) -> object:
    """A list block's item, with or without the wrapping that gives it an identity."""
    return item.get("value") if isinstance(item, Mapping) and item.get("type") == "item" else item


def _leaf(value: object) -> Tree:
    texts = {key: str(text or "") for key, text in value.items()} if isinstance(value, Mapping) else {}
    name, argument = texts.get("fact", ""), texts.get("argument", "")
    op, text = texts.get("op", "eq"), texts.get("value", "").strip()
    try:
        known = fact(name)
        arguments = _arguments(known, argument)
        type = known.use(arguments).type
    except ConditionError:
        return {"fact": name, "op": op, "value": text} | ({"args": {"": argument}} if argument else {})
    if type == FactType.BOOLEAN and op in {"eq", "ne"}:
        flag = _flag(text)
        return _told("is", not flag if op == "ne" and isinstance(flag, bool) else flag, name, arguments)
    if type == FactType.SET and op in {"eq", "in"}:
        op = "contains" if op == "eq" else "contains_any"
    return _told(op, _value(type, op, text), name, arguments)


def _told(op: str, value: object, name: str, arguments: dict[str, Any]) -> Tree:
    return {"fact": name, "op": op, "value": value} | ({"args": arguments} if arguments else {})


def _arguments(known: Fact, text: str) -> dict[str, Any]:
    parts, told = _split(text), [argument for argument in known.arguments if argument.read is None]
    pairs = zip(told, parts, strict=False)
    arguments = {argument.name: _argument(argument, part) for argument, part in pairs if part}
    # What is too much is kept, to be refused by its name.
    return arguments | {part: part for part in parts[len(told) :]}


def _argument(argument: Argument, text: str) -> object:
    return _number(text) if argument.type == FactType.NUMBER else text


def _value(type: FactType, op: str, text: str) -> object:
    if op in _FLAGS:
        return _flag(text)
    if op in _LISTS:
        return [part for part in _split(text) if part]
    if op == "between":
        return [_number(part) for part in _split(text)]
    if type == FactType.NUMBER or op in _COUNTS:
        return _number(text)
    return text


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.replace("、", ",").split(",")] if text.strip() else []


def _flag(text: str) -> bool | str:
    folded = text.strip().lower()
    return folded in _YES if folded in _YES | _NO else text


def _number(text: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
