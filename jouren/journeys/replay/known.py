"""What is known of one person at a moment of a replay: what was loaded for it, and what steps have changed since."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import date, datetime
from typing import Any

from jouren.conditions.registry import FactType
from jouren.contacts.actions.peace import BY_JOURNEY
from jouren.contacts.models import SuppressionReason
from jouren.events.types import Event
from jouren.journeys.program import Step
from jouren.journeys.replay.life import Life, Stop
from jouren.journeys.replay.terms import Setting, Values
from jouren.journeys.steps.attributes import SetAttribute
from jouren.journeys.steps.changing import ChangeStage, Suppress
from jouren.journeys.steps.tagging import AddTag, RemoveTag
from jouren.pyramid.policies import steps_between
from jouren.pyramid.stages import Stage


class Known:
    """The values of the program's facts for one person. ``happens`` gets each event that a change brings: of several,
    the one that is heard first comes last.
    """

    def __init__(self, setting: Setting, life: Life, happens: Callable[[Event], None]) -> None:
        self.setting, self.life, self._happens = setting, life, happens
        self.values: Values = ()
        self._asked_at: datetime | None = None
        self._changed: dict[int, tuple[Any, Any]] = {}

    def holds_at(self, now: datetime) -> bool:
        """Whether ``values`` are those of that moment, so that nobody has to be asked."""
        return self._asked_at == now and not self._changed

    def at(self, now: datetime) -> Generator[datetime, Values, Values]:
        """The values of a moment; asks for them unless they were of that moment already."""
        program = self.setting.version.program
        if not program.facts:
            return ()
        if self._asked_at != now:
            self.values = yield now
            self._asked_at = now
        if not self._changed:
            return self.values
        values = list(self.values)
        for place, (before, value) in list(self._changed.items()):
            if values[place] == before:
                values[place] = value
            else:  # it has changed since by itself
                del self._changed[place]
        return tuple(values)

    def change(self, effect: Step, now: datetime) -> None:
        """Take note of what a step does to the person. Nothing is known of what other steps do."""
        if isinstance(effect, ChangeStage):
            self._change_stage(effect, now)
        elif isinstance(effect, Suppress):
            self._suppress(effect, now)
        elif isinstance(effect, AddTag | RemoveTag):
            self._change_tags(effect, now)
        elif isinstance(effect, SetAttribute):
            self._set_attribute(effect.key, effect.value_at(now, self.setting.version.program.zone), now)

    def _change_stage(self, effect: ChangeStage, now: datetime) -> None:
        current = 1
        for place, _arguments in self.setting.places("pyramid.stage"):
            current = self._changed.get(place, (0, self.values[place]))[1] or 1
            self._set(place, effect.stage)
        for place, _arguments in self.setting.places("pyramid.stage_since"):
            self._set(place, now)
        if current != effect.stage:
            for start, end in reversed(list(steps_between(Stage(current), Stage(effect.stage)))):
                payload = {"from": start.value, "to": end.value, "reason": effect.reason}
                self._happens(self._event("stage.entered", payload, now))

    def _suppress(self, effect: Suppress, now: datetime) -> None:
        for place, _arguments in self.setting.places("left_in_peace"):
            self._set(place, True)
        reason = SuppressionReason.IN_PEACE.value
        is_new = not any(
            stop.reason == reason and stop.channel == effect.channel and stop.holds(effect.channel, now)
            for stop in self.life.stops
        )
        if is_new:
            # Until they bought, by which they came back.
            until = next((at for at in self.life.bought if at >= now), None)
            self.life.stops.append(Stop(effect.channel, reason, now, until))
            payload = {"reason": reason, "source": effect.reason or BY_JOURNEY}
            self._happens(self._event("contact.left_in_peace", payload, now))

    def _set_attribute(self, key: str, value: Any, now: datetime) -> None:
        facts = self.setting.version.program.facts
        for place, arguments in self.setting.places("contact.attribute"):
            if arguments["key"] == key:
                is_day = facts[place].type == FactType.DATE and isinstance(value, str)
                self._set(place, date.fromisoformat(value) if is_day else value)
        self._happens(self._event("contact.changed", {"what": [key]}, now))

    def _change_tags(self, effect: AddTag | RemoveTag, now: datetime) -> None:
        adds = isinstance(effect, AddTag)
        for place, _arguments in self.setting.places("contact.tags"):
            held = list(self._changed.get(place, (None, self.values[place]))[1] or ())
            if (effect.tag in held) == adds:
                return
            self._set(place, [*held, effect.tag] if adds else [tag for tag in held if tag != effect.tag])
        self._happens(self._event("tag.added" if adds else "tag.removed", {"tag": effect.tag}, now))

    def _set(self, place: int, value: Any) -> None:
        before = self._changed[place][0] if place in self._changed else self.values[place]
        self._changed[place] = (before, value)

    def _event(self, type: str, payload: dict[str, Any], at: datetime) -> Event:
        return Event(0, self.life.contact_id, type, 1, at, at, "", payload, False)
