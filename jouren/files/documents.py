"""YAML as files hold it: read into nodes that know their lines, written the same way every time.

What is read is data of strangers: no tags, no anchors and aliases, and limits on size, depth and number of parts. Plain
values are told as YAML 1.2 tells them, so that ``no`` is a text and ``8:00`` a time of day, not a number; what is
written is also safe for readers of YAML 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from jouren.conditions.registry import is_storable
from jouren.files.errors import BadFiles, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 60
MAX_NODES = 100_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_BREAK = re.compile("[\x85\u2028\u2029]")


@dataclass(slots=True)
class Node:
    """A part of a document. ``value``: a text, number, flag or None; a list of nodes; or nodes by key.

    ``text`` is how a plain value was written. ``lines`` are those of the keys.
    """

    value: Any
    line: int
    text: str = ""
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def plain(self) -> Any:
        """The same without lines."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value


def read_document(source: bytes, file: str) -> Node:
    """The one document of a file. Raises BadFiles."""
    if len(source) > MAX_BYTES:
        raise _bad(file, 0, _("The file is larger than %(most)s KB.") % {"most": MAX_BYTES // 1000})
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(file, 0, _("The file is not in UTF-8. Save it in UTF-8.")) from None
    try:
        return _Reader(file).read(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise _bad(file, line, _("This is no YAML: %(why)s") % {"why": error.problem or error.context}) from None
    except yaml.YAMLError as error:
        raise _bad(file, 0, _("This is no YAML: %(why)s") % {"why": str(error).splitlines()[0]}) from None


class _Reader:
    """Builds nodes of the parser's events, one after the other: nothing nests Python's stack."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._nodes = 0

    def read(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        stack: list[tuple[Node, str | None]] = []  # what is being filled, and the key that waits for its value
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise _bad(self._file, line, _("A file holds one document only. Remove what comes after “---”."))
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise _bad(self._file, line, _("Anchors (&) and aliases (*) are not allowed. Write it out."))
            if isinstance(event, yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent):
                root = self._take(event, line, root, stack)
            elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                stack.pop()
        if root is None:
            raise _bad(self._file, 0, _("The file is empty."))
        return root

    def _take(self, event: Any, line: int, root: Node | None, stack: list[tuple[Node, str | None]]) -> Node:
        parent, key = stack[-1] if stack else (None, None)
        if parent is not None and isinstance(parent.value, dict) and key is None:
            stack[-1] = parent, self._key(event, line, parent)
            return root or parent
        node = self._node(event, line)
        if parent is None:
            root = node
        elif isinstance(parent.value, list):
            parent.value.append(node)
        else:
            parent.value[key] = node
            stack[-1] = parent, None
        if not isinstance(event, yaml.ScalarEvent):
            stack.append((node, None))
            if len(stack) > MAX_DEPTH:
                raise _bad(self._file, line, _("This is nested too deeply."))
        assert root is not None
        return root

    def _key(self, event: Any, line: int, parent: Node) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise _bad(self._file, line, _("A key must be a word."))
        key = self._text(event, line)
        if key in parent.lines:
            text = _("The key “%(key)s” is written twice, first on line %(line)s. Remove one.")
            raise _bad(self._file, line, text % {"key": key[:60], "line": parent.lines[key]})
        parent.lines[key] = line
        return key

    def _node(self, event: Any, line: int) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _bad(self._file, line, _("The file has too many parts."))
        if event.tag is not None and event.tag != "!":
            raise _bad(self._file, line, _("Tags (!) are not allowed."))
        if isinstance(event, yaml.SequenceStartEvent):
            return Node([], line)
        if isinstance(event, yaml.MappingStartEvent):
            return Node({}, line)
        text = self._text(event, line)
        return Node(_plain(text) if event.implicit[0] else text, line, text)

    def _text(self, event: Any, line: int) -> str:
        text: str = event.value
        if not is_storable(text):
            raise _bad(self._file, line, _("The text has a character that cannot be stored."))
        return text


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _bad(file: str, line: int, text: str) -> BadFiles:
    return BadFiles([Problem(file, line, text)])


class _Writer(yaml.SafeDumper):
    """Texts of several lines as blocks; lists one step in; nothing as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Breaks that only YAML 1.1 knows would come back as plain ones from a block.
    style = '"' if _BREAK.search(text) else "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def write_document(data: Any) -> bytes:
    """The document as UTF-8. Equal data gives equal bytes."""
    text: str = yaml.dump(data, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=110)
    return text.encode()
