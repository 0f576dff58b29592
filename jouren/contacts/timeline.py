"""A person's timeline: the rows of the log, told in the reader's language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jouren.contacts.queries import alias_ids
from jouren.core.wording import listed
from jouren.events.errors import InvalidEvent
from jouren.events.queries import events_of
from jouren.events.types import Event, event_type

Cursor = tuple[datetime, int]
ValueLabel = Callable[[Any], str]
Names = Callable[[set[str]], Mapping[str, str]]
_labels: dict[tuple[str, str], ValueLabel] = {}
_names: dict[tuple[str, str], Names] = {}


def register_value_label(event_name: str, field: str, label: ValueLabel) -> None:
    """Have a payload field told by a name in the reader's language instead of its stored value."""
    _labels[event_name, field] = label


def register_names(event_name: str, field: str, names: Names) -> None:
    """Have what a payload's list holds told by names; what has none is told as it is stored.

    They are asked for at once, for all events that are told together.
    """
    _names[event_name, field] = names


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: the event, its label, and the sentence that tells it. Plain text: escape it for HTML."""

    event: Event
    label: str
    sentence: str


def timeline(
    contact_id: int, *, before: Cursor | None = None, types: Sequence[str] | None = None, limit: int = 50
) -> list[Entry]:
    """What happened to a person, the latest first; also what happened to those who were merged into them.

    ``before`` is the (occurred_at, id) of the last event of the page before.
    """
    return tell_all(events_of(alias_ids(contact_id), before=before, types=types, limit=limit))


def tell(event: Event) -> Entry:
    """An event in the words of its type; one whose type is no longer known is told by its name."""
    return tell_all([event])[0]


def tell_all(events: Iterable[Event]) -> list[Entry]:
    """:func:`tell` for many."""
    events = list(events)
    wanted: defaultdict[Names, set[str]] = defaultdict(set)
    for event in events:
        for field, value in event.payload.items():
            if isinstance(value, list) and (names := _names.get((event.type, field))) is not None:
                wanted[names].update(map(str, value))
    known = {names: names(values) for names, values in wanted.items()}
    return [_tell(event, known) for event in events]


def _tell(event: Event, known: Mapping[Names, Mapping[str, str]]) -> Entry:
    try:
        kind = event_type(event.type)
    except InvalidEvent:
        return Entry(event, event.type, "")
    values = defaultdict(str, {name: _told(event.type, name, value, known) for name, value in event.payload.items()})
    return Entry(event, str(kind.label), (str(kind.sentence) % values) if kind.sentence else "")


def _told(event_name: str, field: str, value: Any, known: Mapping[Names, Mapping[str, str]]) -> str:
    if (label := _labels.get((event_name, field))) is not None:
        return label(value)
    if isinstance(value, list):
        names = known[_names[event_name, field]] if (event_name, field) in _names else {}
        return listed(names.get(str(each), each) for each in value)
    return "" if value is None else str(value)
