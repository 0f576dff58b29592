"""Blocks that hold others: structs, lists and streams."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from jouren.files.codecs.base import Codec, Reading, Schema, Writing, is_empty, is_list, is_mapping
from jouren.files.documents import Node

Make = Callable[[Any], Codec]
_ID: Schema = {"type": "string", "format": "uuid"}


class NothingCodec(Codec):
    """A block without fields."""

    def write(self, raw: Any, to: Writing) -> Any:
        return {}

    def read(self, node: Node, by: Reading, path: str) -> Any:
        for key in node.value if isinstance(node.value, dict) else ():
            by.refuse(node.lines[key], _("“%(key)s” is not known here. Remove it.") % {"key": key[:60]})
        if node.value and not isinstance(node.value, dict):
            by.refuse(node.line, _("This has no values. Write {} here."))
        return None

    def schema(self) -> Schema:
        return {"type": ["object", "null"], "additionalProperties": False}


class StructCodec(Codec):
    """Named fields. What is empty, and is so from the start, is not written."""

    def __init__(self, block: Any, make: Make) -> None:
        self._blocks: Mapping[str, Any] = block.child_blocks
        self._make = make

    @cached_property
    def fields(self) -> dict[str, Codec]:
        """The codecs of the fields, in the order of the editor."""
        return {name: self._make(block) for name, block in self._blocks.items()}

    def default(self, name: str) -> Any:
        """What a field holds that is not written."""
        block = self._blocks[name]
        return block.get_prep_value(block.get_default())

    def write(self, raw: Any, to: Writing) -> Any:
        raw = raw or {}
        plain = {
            name: codec.write(raw[name] if name in raw else self.default(name), to)
            for name, codec in self.fields.items()
        }
        return {
            name: value
            for name, value in plain.items()
            if not (is_empty(value) and is_empty(self.fields[name].write(self.default(name), to)))
        }

    def read(self, node: Node, by: Reading, path: str) -> Any:
        return self.read_fields(node, by, path) if is_mapping(node, by) else {}

    def read_fields(self, node: Node, by: Reading, path: str, own: tuple[str, ...] = ()) -> dict[str, Any]:
        """The fields of a mapping that may have keys of its holder, too."""
        for key in node.value:
            if key not in self.fields and key not in own:
                by.unknown(node.lines[key], key, [*own, *self.fields], _("“%(word)s” is not known here."))
        raw = {}
        for name, codec in self.fields.items():
            part = node.value.get(name)
            raw[name] = self.default(name) if part is None else codec.read(part, by, f"{path}.{name}")
            if self._blocks[name].required and is_empty(part.plain if part else raw[name]):
                label = self._blocks[name].label or name
                by.miss(
                    part.line if part else node.line,
                    _("“%(key)s” (%(label)s) is missing.") % {"key": name, "label": label},
                )
        return raw

    def schema(self) -> Schema:
        return {
            "type": "object",
            "properties": {name: self._described(name, codec) for name, codec in self.fields.items()},
            "additionalProperties": False,
        }

    def _described(self, name: str, codec: Codec) -> Schema:
        block = self._blocks[name]
        told = " ".join(
            filter(
                None,
                (
                    str(block.label or ""),
                    str(
                        getattr(block, "help_text", "") or block.meta.help_text
                        if hasattr(block.meta, "help_text")
                        else ""
                    ),
                ),
            )
        )
        return codec.schema() | ({"description": told} if told else {})


class ListCodec(Codec):
    """A list of equal parts."""

    def __init__(self, inner: Codec) -> None:
        self._inner = inner

    def write(self, raw: Any, to: Writing) -> Any:
        return [self._inner.write(_item(each), to) for each in raw or ()]

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or not is_list(node, by):
            return []
        return [
            {
                "type": "item",
                "value": self._inner.read(part, by, f"{path}[{number}]"),
                "id": by.id_at(f"{path}[{number}]"),
            }
            for number, part in enumerate(node.value)
        ]

    def schema(self) -> Schema:
        return {"type": ["array", "null"], "items": self._inner.schema()}


def _item(each: Any) -> Any:
    """A list's part, with or without the wrapping that gives it an identity."""
    return each["value"] if isinstance(each, Mapping) and each.get("type") == "item" and "value" in each else each


class StreamCodec(Codec):
    """A list of blocks of several types, each ``- type: {…}``. With ``has_ids``, each also has its ``id``.

    People stand at a step by its id: a step that keeps it stays the same one, whatever else changes.
    """

    def __init__(self, block: Any, make: Make, *, has_ids: bool, reference: str = "") -> None:
        self._blocks: Mapping[str, Any] = block.child_blocks
        self._make = make
        self._has_ids = has_ids
        self._reference = reference

    @cached_property
    def types(self) -> dict[str, Codec]:
        """The codecs of the block types."""
        return {name: self._make(block) for name, block in self._blocks.items()}

    def write(self, raw: Any, to: Writing) -> Any:
        return [{each["type"]: self._written(each, to)} for each in raw or () if each["type"] in self.types]

    def _written(self, each: Any, to: Writing) -> Any:
        plain = self.types[each["type"]].write(each["value"], to)
        if not self._has_ids:
            return plain
        fields = plain if isinstance(plain, dict) else {"value": plain}
        return {"id": str(each["id"]), **fields}

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or not is_list(node, by):
            return []
        read = (self._block(part, by, f"{path}[{number}]") for number, part in enumerate(node.value))
        return [block for block in read if block is not None]

    def _block(self, node: Node, by: Reading, path: str) -> Any:
        if not isinstance(node.value, dict) or len(node.value) != 1:
            by.refuse(node.line, _("One type is wanted here, as “- type:” with its values indented below it."))
            return None
        ((type, inner),) = node.value.items()
        if type not in self.types:
            by.unknown(node.line, type, self.types, _("There is no “%(word)s” here."))
            return None
        if inner.value is None:
            inner = Node({}, inner.line)
        codec = self.types[type]
        if not self._has_ids:
            return {"type": type, "value": codec.read(inner, by, path), "id": by.id_at(path)}
        if not is_mapping(inner, by):
            return None
        return {"type": type, "id": identity_of(type, inner, by), "value": self._value(codec, inner, by, path)}

    @staticmethod
    def _value(codec: Codec, node: Node, by: Reading, path: str) -> Any:
        if isinstance(codec, StructCodec):
            return codec.read_fields(node, by, path, own=("id",))
        rest = Node({key: part for key, part in node.value.items() if key != "id"}, node.line, lines=node.lines)
        return codec.read(
            rest if isinstance(codec, NothingCodec) else rest.value.get("value", Node(None, node.line)), by, path
        )

    def schema(self) -> Schema:
        if self._reference:
            return {"$ref": self._reference}
        return self.expanded()

    def expanded(self) -> Schema:
        """The schema, where it is not told by a reference to itself."""
        told = [
            {
                "type": "object",
                "properties": {name: self._typed(name, codec)},
                "required": [name],
                "additionalProperties": False,
            }
            for name, codec in self.types.items()
        ]
        return {"type": ["array", "null"], "items": {"oneOf": told}}

    def _typed(self, name: str, codec: Codec) -> Schema:
        label = str(self._blocks[name].label or name)
        if not self._has_ids:
            return {"description": label} | codec.schema()
        inner = codec.schema()
        if not isinstance(codec, StructCodec | NothingCodec):
            inner = {"type": "object", "properties": {"value": inner}, "additionalProperties": False}
        return {**inner, "description": label, "properties": {"id": _ID, **inner.get("properties", {})}}


def identity_of(type: str, node: Node, by: Reading) -> str:
    """The id of a step, or of a message of a series: the one that is written, or one made of what it says."""
    part = node.value.get("id")
    if part is None or part.value is None:
        return by.id_for(type, node.plain)
    try:
        written = str(uuid.UUID(part.text))
    except ValueError:
        by.refuse(
            part.line, _("“%(text)s” is no id. Remove the line: the step then gets one.") % {"text": part.text[:60]}
        )
        return by.id_for(type, node.plain)
    if written in by.ids:
        text = _("The step on line %(line)s has the same id. Remove this line: the step then gets one of its own.")
        by.refuse(part.line, text % {"line": by.ids[written]})
    by.ids.setdefault(written, part.line)
    return written
