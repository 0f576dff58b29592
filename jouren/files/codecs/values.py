"""Single values: texts, numbers, times, choices, and names of other things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime, parse_time
from django.utils.translation import gettext as _

from jouren.files.codecs.base import Codec, Reading, Schema, Writing, check, is_list
from jouren.files.documents import Node

Validators = Callable[[Any], Any]
Choices = Callable[[], Iterable[Any]]


class TextCodec(Codec):
    """A text. What looks like a number is taken as it was written."""

    def __init__(self, run_validators: Validators, max_length: int | None = None) -> None:
        self._run_validators = run_validators
        self._max_length = max_length

    def write(self, raw: Any, to: Writing) -> Any:
        return "" if raw is None else str(raw)

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None:
            return ""
        if isinstance(node.value, dict | list):
            by.refuse(node.line, _("A text is wanted here. Put it between quotation marks."))
            return ""
        text = node.value if isinstance(node.value, str) else node.text
        return check(node, by, text, self._run_validators) or "" if text else ""

    def schema(self) -> Schema:
        return {"type": ["string", "number", "null"]} | ({"maxLength": self._max_length} if self._max_length else {})


class FlagCodec(Codec):
    """Yes or no: ``true`` or ``false``."""

    def write(self, raw: Any, to: Writing) -> Any:
        return bool(raw)

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is not None and not isinstance(node.value, bool):
            by.refuse(node.line, _("Write true or false here, not “%(text)s”.") % {"text": node.text[:60]})
        return node.value is True

    def schema(self) -> Schema:
        return {"type": ["boolean", "null"]}


class NumberCodec(Codec):
    """A number, a whole one unless ``is_whole`` is false."""

    def __init__(self, run_validators: Validators, bounds: tuple[Any, Any] = (None, None), *, is_whole: bool = True):
        self._run_validators = run_validators
        self._bounds = bounds
        self._is_whole = is_whole

    def write(self, raw: Any, to: Writing) -> Any:
        if raw is None or raw == "":
            return None
        return int(raw) if self._is_whole else float(raw)

    def read(self, node: Node, by: Reading, path: str) -> Any:
        value = node.value
        if value is None:
            return None
        wanted = int if self._is_whole else int | float
        if isinstance(value, bool) or not isinstance(value, wanted):
            text = _("A whole number is wanted here.") if self._is_whole else _("A number is wanted here.")
            by.refuse(node.line, text)
            return None
        return check(node, by, value, self._run_validators)

    def schema(self) -> Schema:
        least, most = self._bounds
        told: Schema = {"type": ["integer" if self._is_whole else "number", "null"]}
        return (
            told | ({"minimum": least} if least is not None else {}) | ({"maximum": most} if most is not None else {})
        )


class MomentCodec(Codec):
    """A time of day, a date, or both."""

    _EXAMPLES: Mapping[type, str] = {time: "08:30", date: "2026-11-22", datetime: "2026-11-22T08:30:00+09:00"}
    _PARSERS: Mapping[type, Callable[[str], Any]] = {time: parse_time, date: parse_date, datetime: parse_datetime}

    def __init__(self, kind: type) -> None:
        self._kind = kind

    def write(self, raw: Any, to: Writing) -> Any:
        if raw is None or raw == "":
            return None
        text = raw if isinstance(raw, str) else raw.isoformat()
        return re.sub(r"^(\d\d:\d\d):00$", r"\1", text) if self._kind is time else text

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None:
            return None
        try:
            value = self._PARSERS[self._kind](node.text)
        except ValueError:
            value = None
        if value is None:
            example = self._EXAMPLES[self._kind]
            text = _("“%(text)s” cannot be read. Write it like %(example)s.")
            by.refuse(node.line, text % {"text": node.text[:60], "example": example})
            return None
        return value.isoformat()

    def schema(self) -> Schema:
        return {"type": ["string", "null"], "examples": [self._EXAMPLES[self._kind]]}


class ChoiceCodec(Codec):
    """One of several values. ``words`` are those that a file has in their place."""

    def __init__(self, choices: Choices, words: Mapping[str, str] | None = None, *, is_fixed: bool = True) -> None:
        self._choices = choices
        self._words = words or {}
        self._is_fixed = is_fixed

    def _values(self) -> dict[str, Any]:
        """The values by the words of a file."""
        return {
            self._words.get(str(value), str(value)): value for value in flat(self._choices()) if value not in ("", None)
        }

    def write(self, raw: Any, to: Writing) -> Any:
        value = getattr(raw, "value", raw)  # a model's default is a member of an enumeration
        return None if value in (None, "") else self._words.get(str(value), value)

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or node.value == "":
            return None
        known = self._values()
        if node.text in known:
            return known[node.text]
        by.unknown(node.line, node.text, known, _("“%(word)s” cannot be chosen here."))
        return None

    def schema(self) -> Schema:
        if not self._is_fixed:  # the shop's own: no schema names them
            return {"type": ["string", "number", "null"]}
        values = self._values().values()
        return {"enum": [*(self._words.get(str(value), getattr(value, "value", value)) for value in values), None]}


class ManyCodec(Codec):
    """Any number of what another codec has one of."""

    def __init__(self, one: Codec) -> None:
        self._one = one

    def write(self, raw: Any, to: Writing) -> Any:
        return [written for each in raw or () if (written := self._one.write(each, to)) is not None]

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or not is_list(node, by):
            return []
        return [value for each in node.value if (value := self._one.read(each, by, path)) is not None]

    def schema(self) -> Schema:
        return {"type": ["array", "null"], "items": self._one.schema()}


class NameCodec(Codec):
    """Something of another room, or another file, by the name that files have for it. ``as_text``: its id is text."""

    def __init__(self, model: Callable[[], Any], *, as_text: bool = False) -> None:
        self._model = model
        self._as_text = as_text

    def write(self, raw: Any, to: Writing) -> Any:
        return None if raw in (None, "") else to.names.name_of(self._model(), raw)

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or node.value == "":
            return None
        if isinstance(node.value, dict | list):
            by.refuse(node.line, _("A name is wanted here."))
            return None
        found = by.find(node, self._model(), node.value if isinstance(node.value, str) else node.text)
        return str(found) if self._as_text and found is not None else found

    def schema(self) -> Schema:
        meta = getattr(self._model(), "_meta", None)
        return {"type": ["string", "number", "null"]} | ({"description": str(meta.verbose_name)} if meta else {})


def flat(choices: Iterable[Any]) -> list[Any]:
    """The values of choices, those in groups too."""
    values: list[Any] = []
    for value, label in choices:
        values += (
            [inner for inner, _label in label]
            if isinstance(label, Sequence) and not isinstance(label, str)
            else [value]
        )
    return values
