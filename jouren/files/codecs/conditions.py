"""Conditions: trees of questions, with things of the shop by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from jouren.conditions.authoring import read_tree
from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import Argument, FactType, fact
from jouren.conditions.tree import validate_tree
from jouren.files.codecs.base import Codec, Reading, Schema, Writing, is_empty, is_list, is_mapping
from jouren.files.documents import Node

_LEAF = ("fact", "args", "op", "value")
_INNER = ("all", "any", "not")
_PART = re.compile(r"(\w+)|\[(\d+)\]")
CONDITION: Schema = {
    "oneOf": [
        {"type": "null"},
        *(
            {
                "type": "object",
                "properties": {key: {"type": "array", "items": {"$ref": "#/$defs/condition"}}},
                "required": [key],
                "additionalProperties": False,
            }
            for key in ("all", "any")
        ),
        {
            "type": "object",
            "properties": {"not": {"$ref": "#/$defs/condition"}},
            "required": ["not"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "fact": {"type": "string"},
                "args": {"type": "object"},
                "op": {"type": "string"},
                "value": {},
            },
            "required": ["fact", "op"],
            "additionalProperties": False,
        },
    ]
}


class ConditionCodec(Codec):
    """``{all: […]}``, ``{any: […]}``, ``{not: …}`` or ``{fact: …, args: {…}, op: …, value: …}``."""

    def write(self, raw: Any, to: Writing) -> Any:
        tree = read_tree(raw)
        return None if tree is None else _written(tree, to)

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or node.value == {}:
            return None
        before = len(by.problems)
        tree = _Reader(by).read(node)
        if len(by.problems) > before:
            return None
        try:
            validate_tree(tree)
        except ConditionError as error:
            place = _place(node, error.path)
            is_unfinished = "fact" in (place.value or ()) and any(
                is_empty(_plain(place, key)) for key in ("fact", "value")
            )
            (by.miss if is_unfinished else by.refuse)(place.line, error.message)
        return tree

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/condition"}


def _written(tree: Any, to: Writing) -> Any:
    if not isinstance(tree, Mapping):
        return tree
    if "fact" not in tree:
        return {
            key: [_written(part, to) for part in parts] if isinstance(parts, list) else _written(parts, to)
            for key, parts in sorted(tree.items())
        }
    rows = dict(_rows(tree.get("fact")))
    plain = {key: tree[key] for key in _LEAF if key in tree and not (key == "args" and not tree[key])}
    if isinstance(plain.get("args"), Mapping):
        plain["args"] = {
            name: to.names.name_in_list(rows[name].choices, value) if name in rows and value is not None else value
            for name, value in sorted(plain["args"].items())
        }
    return plain


def _rows(name: Any) -> Iterator[tuple[str, Argument]]:
    """The arguments that are ids of rows: a number that is chosen from a list."""
    try:
        known = fact(name)
    except ConditionError:
        return
    for argument in known.arguments:
        if argument.choices and argument.type == FactType.NUMBER:
            yield argument.name, argument


class _Reader:
    def __init__(self, by: Reading) -> None:
        self._by = by

    def read(self, node: Node) -> Any:
        if not is_mapping(node, self._by):
            return None
        is_leaf = "fact" in node.value or not any(key in node.value for key in _INNER)
        known = _LEAF if is_leaf else _INNER
        for key in node.value:
            if key not in known:
                self._by.unknown(node.lines[key], key, known, _("A condition has no key “%(word)s”."))
        if is_leaf:
            return self._leaf(node)
        if len(node.value) != 1:
            self._by.refuse(node.line, _("A condition has one of the keys all, any, not. Put the others inside."))
            return None
        ((key, inner),) = node.value.items()
        if key == "not":
            return {key: self.read(inner)}
        return {key: [self.read(part) for part in inner.value]} if is_list(inner, self._by) else None

    def _leaf(self, node: Node) -> Any:
        leaf = {key: part.plain for key, part in node.value.items() if key in _LEAF}
        arguments = node.value.get("args")
        if arguments is None:
            return leaf
        if not is_mapping(arguments, self._by):
            return None
        rows = dict(_rows(leaf.get("fact")))
        leaf["args"] = {
            name: self._by.find(part, rows[name].choices, str(part.value))
            if name in rows and part.value
            else part.plain
            for name, part in arguments.value.items()
        }
        return leaf


def _place(node: Node, path: str) -> Node:
    """The part of a condition to which a path such as ``all[1].not`` leads."""
    for key, index in _PART.findall(path):
        inner = node.value.get(key) if key and isinstance(node.value, dict) else None
        if index and isinstance(node.value, list):
            inner = node.value[int(index)]
        if inner is None:
            break
        node = inner
    return node


def _plain(node: Node, key: str) -> Any:
    return node.value[key].plain if isinstance(node.value, dict) and key in node.value else None
