"""Series as files: their rhythm, and their messages in order, each with the id that its deliveries bear."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import time
from functools import cached_property
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.core.errors import UserError
from jouren.files.codecs import Codec, Reading, Writing
from jouren.files.codecs.base import Schema, is_empty, is_list, is_mapping
from jouren.files.codecs.structures import identity_of
from jouren.files.codecs.values import ChoiceCodec, FlagCodec, ManyCodec, MomentCodec, NameCodec, NumberCodec
from jouren.files.documents import Node
from jouren.files.kind import Kind
from jouren.journeys.series.actions import write_series
from jouren.journeys.series.models import Series, every_morning
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.series.rhythm import EVERY_MORNING, MAX_DAYS, Rhythm, every_of, make_rhythm, read_rhythm
from jouren.messaging.models import Message

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EVERY = ("day", "days", "weekdays")
_FIRST = ("now", "rhythm")


def _words(*words: str) -> ChoiceCodec:
    return ChoiceCodec(lambda: [(word, word) for word in words])


class RhythmCodec(Codec):
    """``{every: days, days: 3, at: "07:00"}``; ``weekdays`` with ``every: weekdays``."""

    @cached_property
    def parts(self) -> dict[str, Codec]:
        """The codecs of its parts."""
        return {
            "every": _words(*_EVERY),
            "days": NumberCodec(lambda value: None, (1, MAX_DAYS)),
            "weekdays": ManyCodec(_words(*_DAYS)),
            "at": MomentCodec(time),
            "business": FlagCodec(),
            "first": _words(*_FIRST),
        }

    def write(self, raw: Any, to: Writing) -> Any:
        rhythm = read_rhythm(raw or every_morning())
        every = every_of(rhythm)
        plain: dict[str, Any] = {"every": every}
        if every == "days":
            plain["days"] = rhythm.days
        if every == "weekdays":
            plain["weekdays"] = [_DAYS[day] for day in rhythm.weekdays]
        plain["at"] = rhythm.at.strftime("%H:%M")
        if rhythm.business:
            plain["business"] = True
        if not rhythm.at_once:
            plain["first"] = "rhythm"
        return plain

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if not is_mapping(node, by):
            return every_morning()
        before = len(by.problems)
        raw = _parts_of(node, self.parts, by, path)
        for key in ("days", "weekdays"):
            if raw[key] and raw["every"] != key:
                by.refuse(node.lines[key], _("“%(key)s” counts with “every: %(key)s” only.") % {"key": key})
        if len(by.problems) > before:
            return every_morning()
        try:
            return self._made(raw).to_json()
        except UserError as error:
            by.refuse(node.line, str(error))
            return every_morning()

    @staticmethod
    def _made(raw: Mapping[str, Any]) -> Rhythm:
        at = parse_time(raw["at"]) if raw["at"] else EVERY_MORNING.at
        return make_rhythm(
            every=raw["every"] or "day",
            at=(at or EVERY_MORNING.at).replace(second=0, microsecond=0, tzinfo=None),
            days=raw["days"],
            weekdays=[_DAYS.index(day) for day in raw["weekdays"]],
            business=raw["business"],
            first=raw["first"] or "now",
        )

    def schema(self) -> Schema:
        return {
            "type": ["object", "null"],
            "properties": {name: codec.schema() for name, codec in self.parts.items()},
            "additionalProperties": False,
        }


def _parts_of(node: Node, parts: Mapping[str, Codec], by: Reading, path: str) -> dict[str, Any]:
    """The parts of a mapping by their codecs; a key that is none of them is refused."""
    for key in node.value:
        if key not in parts:
            by.unknown(node.lines[key], key, parts, _("“%(word)s” is not known here."))
    nothing = Node(None, node.line)
    return {name: codec.read(node.value.get(name, nothing), by, f"{path}.{name}") for name, codec in parts.items()}


class ItemsCodec(Codec):
    """``- {id: …, message: …}`` for every message, in their order."""

    _message = NameCodec(lambda: Message)

    def write(self, raw: Any, to: Writing) -> Any:
        return [{"id": item, "message": self._message.write(message, to)} for item, message in raw or ()]

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None or not is_list(node, by):
            return []
        if len(node.value) > MAX_ITEMS:
            by.refuse(node.line, _("A series holds %(most)s messages at most.") % {"most": f"{MAX_ITEMS:,}"})
            return []
        return [item for part in node.value if (item := self._item(part, by, path)) is not None]

    def _item(self, node: Node, by: Reading, path: str) -> tuple[str, Any] | None:
        if not is_mapping(node, by):
            return None
        named = Node({key: part for key, part in node.value.items() if key != "id"}, node.line, lines=node.lines)
        message = _parts_of(named, {"message": self._message}, by, path)["message"]
        if is_empty(named.plain.get("message")):
            by.miss(node.line, _("“%(key)s” (%(label)s) is missing.") % {"key": "message", "label": _("message")})
        return identity_of("message", node, by), message

    def schema(self) -> Schema:
        item = {
            "type": "object",
            "properties": {"id": {"type": "string", "format": "uuid"}, "message": self._message.schema()},
            "additionalProperties": False,
        }
        return {"type": ["array", "null"], "items": item, "maxItems": MAX_ITEMS}


class _Items:
    """The messages of a series, told as one of its fields."""

    name = attname = "messages"
    verbose_name = gettext_lazy("messages")
    blank = null = True

    @staticmethod
    def get_default() -> list[Any]:
        return []

    @staticmethod
    def value_from_object(series: Series) -> list[tuple[str, int | None]]:
        if "messages" in series.__dict__:
            wanted: list[tuple[str, int | None]] = series.__dict__["messages"]
            return wanted
        return [(str(item), message) for item, message in series.items.values_list("pk", "message_id")]


class SeriesKind(Kind):
    """An ordered list of messages with a rhythm. What is stored is its author's; people get what was published."""

    @cached_property
    def fields(self) -> dict[str, tuple[Any, Codec]]:
        """Its own, and its messages."""
        return {**super().fields, "messages": (_Items, ItemsCodec())}

    def codec(self, field: Any) -> Codec:
        """How one of its fields stands in a file."""
        return RhythmCodec() if field.name == "rhythm" else super().codec(field)

    def drafts(self, ids: Collection[int] | None) -> Iterable[Any]:
        """As they stand."""
        return self.rows() if ids is None else self.rows().filter(pk__in=ids)

    def load(self, pk: int) -> Any:
        """One of them to be changed."""
        return self.rows().select_for_update(no_key=True).get(pk=pk)

    def make(self, name: str, identity: uuid.UUID) -> Any:
        """A new one, without messages."""
        return Series.objects.create(name=name)

    def store(self, thing: Any, *, is_new: bool, by: AbstractBaseUser | None) -> None:
        """Keep it; people get it once it is published. Raises UnfitMessage and ForeignItem."""
        items = [(uuid.UUID(item), message) for item, message in thing.messages]
        write_series(thing, items, is_new=is_new, by=by)
