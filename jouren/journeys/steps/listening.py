"""Steps that wait for something to happen: one event, or the first of several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.events.errors import InvalidEvent
from jouren.events.types import Event, event_type
from jouren.journeys.events import event_choices, human_only, property_tests, tests_block
from jouren.journeys.program import NEVER, Decision, Facts, Go, Program, Stay, Step
from jouren.journeys.purchases import is_meant
from jouren.journeys.steps.base import SECONDS, Binder, Compiler, Inner, Raw, StepKind, Way
from jouren.journeys.steps.waiting import UNITS, duration_text

MAX_WINDOW_DAYS = 31


@dataclass(frozen=True, slots=True)
class Path:
    """An event that opens a way. ``keyed``: only one that is about what this walk is about."""

    event: str
    match: Mapping[str, Any]
    where: tuple[Mapping[str, Any], ...]
    keyed: str
    then: str | None


@dataclass(frozen=True, slots=True)
class WaitEvent(Step):
    """Wait for the first of several events, at most so many seconds from arrival (None: for ever).

    Where several have come by the time the person is looked at, the one that stands higher counts.
    """

    paths: tuple[Path, ...]
    seconds: int | None
    otherwise: str | None
    is_alike: ClassVar[bool] = True  # whoever has only just come has heard nothing

    @property
    def waits_for(self) -> str:
        return " ".join(sorted({path.event for path in self.paths}))

    def decide(self, program: Program, facts: Facts, now: datetime) -> Decision:
        if facts.heard is not None:
            return Go(self.paths[facts.heard].then)
        until = NEVER if self.seconds is None else facts.arrived_at + timedelta(seconds=self.seconds)
        if now >= until:
            return Go(self.otherwise)
        return Stay(until, self.waits_for)

    def hears(self, event: Event, arrived_at: datetime, key: str) -> int | None:
        if event.occurred_at < arrived_at:
            return None
        for rank, path in enumerate(self.paths):
            if (
                event.type == path.event
                and is_meant(event.type, event.payload, path.match, path.where)
                and (not path.keyed or str(event.payload.get(path.keyed)) == key)
            ):
                return rank
        return None


class WaitEventKind(StepKind):
    """``wait_event`` [paths: [{event, match, where, keyed, name, then}], seconds | null, else].

    Of one event: written so until schema 1 [event, match, seconds, then, else], and read for ever.
    """

    name = "wait_event"
    waits = True

    def block(self, inner: Inner) -> blocks.Block:
        return blocks.StructBlock(
            [
                ("event", blocks.ChoiceBlock(choices=event_choices, label=_("event"))),
                ("message", SnippetChooserBlock("messaging.Message", required=False, label=_("of this message only"))),
                ("amount", blocks.IntegerBlock(min_value=1, max_value=1000, default=3, label=_("at most"))),
                ("unit", blocks.ChoiceBlock(choices=UNITS, default="days", label=_("unit"))),
                ("then", blocks.StreamBlock(inner, required=False, label=_("when it happens"))),
                ("otherwise", blocks.StreamBlock(inner, required=False, label=_("when the time is over"))),
            ],
            icon="time",
            label=_("Wait for an event"),
        )

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        path = {
            **_path(value["event"], value["message"]),
            "name": "",
            "then": compiler.add_all(value["then"], following),
        }
        return {
            "paths": [path],
            "seconds": int(value["amount"]) * SECONDS[value["unit"]],
            "else": compiler.add_all(value["otherwise"], following),
        }

    def load(self, step_id: str, raw: Raw, binder: Binder) -> Step:
        paths = tuple(
            Path(path["event"], path["match"], tuple(path.get("where", ())), path.get("keyed", ""), path["then"])
            for path in _paths(raw)
        )
        return WaitEvent(step_id, paths, raw["seconds"], raw["else"])

    def describe(self, raw: Raw) -> str:
        events = " / ".join(_path_name(path) for path in _paths(raw))
        if raw["seconds"] is None:
            return gettext("Wait for “%(event)s”, as long as it takes") % {"event": events}
        return gettext("Wait for “%(event)s”, at most %(time)s") % {
            "event": events,
            "time": duration_text(raw["seconds"]),
        }

    def ways(self, raw: Raw) -> list[Way]:
        paths = _paths(raw)
        names = [gettext("when it happens")] if len(paths) == 1 else [_path_name(path) for path in paths]
        ways = [Way(name, path["then"]) for name, path in zip(names, paths, strict=True)]
        return [*ways, Way(gettext("when the time is over"), raw["else"])]


class WaitFirstKind(WaitEventKind):
    """The block that waits for the first of several events; compiled to a ``wait_event``."""

    name = "wait_first"

    def block(self, inner: Inner) -> blocks.Block:
        path = blocks.StructBlock(
            [
                ("name", blocks.CharBlock(required=False, max_length=60, label=_("name of this way"))),
                ("event", blocks.ChoiceBlock(choices=event_choices, label=_("event"))),
                ("message", SnippetChooserBlock("messaging.Message", required=False, label=_("of this message only"))),
                ("where", tests_block()),
                (
                    "keyed",
                    blocks.BooleanBlock(
                        required=False,
                        label=_("only what this walk is about"),
                        help_text=_("For journeys that are walked once for each order: this order only."),
                    ),
                ),
                ("then", blocks.StreamBlock(inner, required=False, label=_("when it happens"))),
            ],
            label=_("Way"),
        )
        return blocks.StructBlock(
            [
                (
                    "paths",
                    blocks.ListBlock(
                        path,
                        min_num=1,
                        max_num=10,
                        label=_("ways"),
                        help_text=_("The one that happens first is taken; of two at once, the upper one."),
                    ),
                ),
                (
                    "amount",
                    blocks.IntegerBlock(
                        min_value=1,
                        max_value=44_640,
                        required=False,
                        default=7,
                        label=_("at most"),
                        help_text=_("Up to 31 days. Empty: as long as it takes."),
                    ),
                ),
                ("unit", blocks.ChoiceBlock(choices=UNITS, default="days", label=_("unit"))),
                ("otherwise", blocks.StreamBlock(inner, required=False, label=_("everyone else"))),
            ],
            icon="time",
            label=_("Wait for the first of several events"),
        )

    def compile(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        seconds = None if value["amount"] is None else int(value["amount"]) * SECONDS[value["unit"]]
        if seconds is not None and seconds > MAX_WINDOW_DAYS * 86_400:
            raise compiler.refuse(
                gettext(
                    "Waiting for the first of several events ends after %(most)s days at most; leave it empty for ever."
                )
                % {"most": MAX_WINDOW_DAYS}
            )
        return {
            "type": "wait_event",
            "paths": [self._compile_path(path, following, compiler) for path in value["paths"]],
            "seconds": seconds,
            "else": compiler.add_all(value["otherwise"], following),
        }

    def _compile_path(self, value: Any, following: str | None, compiler: Compiler) -> dict[str, Any]:
        try:
            where = property_tests(value["event"], value["where"])
        except InvalidEvent as error:
            raise compiler.refuse(str(error)) from error
        return {
            **_path(value["event"], value["message"]),
            "where": where,
            "keyed": compiler.key_for(value["event"]) if value["keyed"] else "",
            "name": value["name"] or "",
            "then": compiler.add_all(value["then"], following),
        }


def _path(event: str, message: Any) -> dict[str, Any]:
    match = human_only(event)
    return {"event": event, "match": match | {"message": message.pk} if message else match}


def _paths(raw: Raw) -> list[Mapping[str, Any]]:
    return list(raw["paths"]) if "paths" in raw else [raw]


def _path_name(path: Mapping[str, Any]) -> str:
    if path.get("name"):
        return str(path["name"])
    try:
        return str(event_type(path["event"]).label)
    except InvalidEvent:
        return str(path["event"])
