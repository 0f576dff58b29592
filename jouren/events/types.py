"""What can happen: event types, registered by the rooms that own them, and the events themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.functional import Promise

from jouren.events.errors import InvalidEvent

Text = str | Promise
MAX_PAYLOAD_BYTES = 16_384
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Records:
    """A list of flat objects, such as the lines of an order; its values are texts, whole numbers or null."""


@dataclass(frozen=True)
class EventType:
    """A kind of event.

    ``fields`` names each payload field with the Python type of its JSON value (``str``, ``int``, ``float``, ``bool``,
    ``list`` of strings, ``dict`` of strings, :class:`Records`); those in ``optional`` may be missing or null; those in
    ``personal`` are removed when the person is erased. ``sentence`` is how a timeline tells it, with ``%(field)s`` for
    payload fields.
    ``reacts=False`` keeps a type out of the inbox: it is told, but nothing may wait for it. ``is_urgent=False``: nobody
    is kept waiting when its reactions come with the next poll. ``rule``, where given, refuses what the fields' types
    cannot: it gets a payload whose types are right and raises a UserError. ``identity`` names the fields that say which
    thing in the world an event is about: each source tells of one thing once, under whatever keys it does.
    """

    name: str
    label: Text
    fields: Mapping[str, type] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    personal: frozenset[str] = frozenset()
    sentence: Text = ""
    version: int = 1
    reacts: bool = True
    is_urgent: bool = True
    rule: Callable[[Mapping[str, Any]], None] | None = None
    identity: tuple[str, ...] = ()

    def check(self, payload: Mapping[str, Any]) -> None:
        """Raise InvalidEvent, or what the type's rule raises, when ``payload`` does not fit this type."""
        if not payload.keys() <= self.fields.keys():
            unknown = sorted(payload.keys() - self.fields.keys())[0]
            raise InvalidEvent(f"{self.name}: unknown field {unknown!r}; known are {sorted(self.fields)}.")
        for name in self._needed:
            if payload.get(name) is None:
                raise InvalidEvent(f"{self.name}: the field {name!r} is missing.")
        for name, value in payload.items():
            if value is not None and not _fits(value, self.fields[name]):
                raise InvalidEvent(f"{self.name}: the field {name!r} must be {KIND_NAMES[self.fields[name]]}.")
        # Python's own form is quick to make, and no character of it becomes more than four bytes of JSON.
        if len(repr(payload)) * 4 > MAX_PAYLOAD_BYTES < len(_encode(payload).encode(errors="replace")):
            raise InvalidEvent(f"{self.name}: the payload is larger than {MAX_PAYLOAD_BYTES} bytes.")
        if self.rule is not None:
            self.rule(payload)

    @cached_property
    def _needed(self) -> tuple[str, ...]:
        return tuple(name for name in self.fields if name not in self.optional)


KIND_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list of texts",
    dict: "an object of texts",
    Records: "a list of objects of texts and whole numbers",
}
"""What a field's value is, in words, by its Python type."""


def can_be_kept(text: str) -> bool:
    """Whether PostgreSQL can keep a text: it takes neither NUL nor half of a surrogate pair, which JSON can hold."""
    return (text.isascii() and "\x00" not in text) or not _UNKEPT.search(text)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and can_be_kept(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) < value < 2**63


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(k) and _is_text(v) for k, v in value.items())


def _are_records(value: object) -> bool:
    if not isinstance(value, list):
        return False
    for entry in value:
        if not isinstance(entry, dict):
            return False
        for name, each in entry.items():
            if not _is_text(name) or not (each is None or _is_text(each) or _is_whole(each)):
                return False
    return True


_FITS: Mapping[type, Callable[[object], bool]] = {
    str: _is_text,
    int: _is_whole,
    float: _is_number,
    list: _is_list,
    dict: _is_object,
    Records: _are_records,
}


def _fits(value: object, kind: type) -> bool:
    test = _FITS.get(kind)
    return isinstance(value, kind) if test is None else test(value)


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the log. ``contact_id`` is the person as of now: a merged contact's events carry the id they became."""

    id: int
    contact_id: int
    type: str
    version: int
    occurred_at: datetime
    recorded_at: datetime
    source: str
    payload: dict[str, Any]
    historical: bool


_types: dict[str, EventType] = {}


def register_event_type(event_type: EventType) -> EventType:
    """Make a type known. Raises ValueError when another type has its name."""
    if _types.get(event_type.name, event_type) != event_type:
        raise ValueError(f"The event type {event_type.name!r} is registered twice.")
    _types[event_type.name] = event_type
    return event_type


def event_type(name: str) -> EventType:
    """The registered type of that name. Raises InvalidEvent for an unknown one."""
    try:
        return _types[name]
    except KeyError:
        raise InvalidEvent(f"Unknown event type {name!r}; known are {sorted(_types)}.") from None


def event_types() -> Iterable[EventType]:
    """All registered types, by name."""
    return [_types[name] for name in sorted(_types)]
