"""What is known of one person at a moment of a replay: what was loaded for it, and what steps have changed since."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from jouren.conditions.registry import FactType
from jouren.contacts.actions.peace import BY_JOURNEY
from jouren.contacts.models import SuppressionReason
from jouren.events.types import Event
from jouren.journeys.program import Step
from jouren.journeys.replay.life import Life, Stop
from jouren.journeys.replay.terms import MADE_BY_STEPS, Setting, Values
from jouren.journeys.steps.attributes import SetAttribute
from jouren.journeys.steps.changing import ChangeStage, Suppress
from jouren.journeys.steps.tagging import AddTag, RemoveTag
from jouren.pyramid.policies import Passage, Placing, course
from jouren.pyramid.stages import Stage

ENTERED, CAME_BACK = "stage.entered", "contact.came_back"
# What a worker does late, it does soon all the same.
_LATE = timedelta(hours=1)


class _Change(NamedTuple):
    """What a step has made of a value: ``value``, where it would be ``before``; from ``until`` on it is so no more."""

    before: Any
    value: Any
    until: datetime | None = None

    def holds(self, value: Any, now: datetime) -> bool:
        """Whether it is so still, where the value would be this one by itself."""
        return value == self.before and (self.until is None or now < self.until)


class Known:
    """The values of the program's facts for one person. ``happens`` gets each event that a change brings: of several
    of one moment, the one that is heard first comes last.
    """

    def __init__(self, setting: Setting, life: Life, happens: Callable[[Event], None]) -> None:
        self.setting, self.life, self._happens = setting, life, happens
        self.values: Values = ()
        self._asked_at: datetime | None = None
        self._changed: dict[int, _Change] = {}
        self._passages: list[Passage] = []
        self._coming: list[Event] = []

    def holds_at(self, now: datetime) -> bool:
        """Whether ``values`` are those of that moment, so that nobody has to be asked."""
        return self._asked_at == now and not self._changed and not self._passages

    def at(self, now: datetime) -> Generator[datetime, Values, Values]:
        """The values of a moment; asks for them unless they were of that moment already."""
        program = self.setting.version.program
        if not program.facts:
            return ()
        if self._asked_at != now:
            self.values = yield now
            self._asked_at = now
        if not self._changed and not self._passages:
            return self.values
        values = list(self.values)
        for place, change in list(self._changed.items()):
            if change.holds(values[place], now):
                values[place] = change.value
            else:  # it has changed since by itself
                del self._changed[place]
        if (last := self._passed(now)) is not None:
            for name, value in (("pyramid.stage", last.end.value), ("pyramid.stage_since", last.at)):
                for place, _arguments in self.setting.places(name):
                    values[place] = value
        return tuple(values)

    def is_old(self, event: Event) -> bool:
        """Whether an event did not happen here: a step in the pyramid of somebody who was put elsewhere; or one that a
        step of the journey has made already.
        """
        if event.type == ENTERED and self._passages and event.occurred_at > self._passages[0].at:
            return not any(event is each for each in self._coming)
        return bool(event.id) and self._is_echo(event)

    def _is_echo(self, event: Event) -> bool:
        """Whether a real event tells what a step has done in the replay before: the journey ran, a moment later, or
        something else did the same.
        """
        if event.type not in MADE_BY_STEPS:
            return False
        return any(
            not each.id
            and (each.type, each.payload) == (event.type, event.payload)
            and each.occurred_at < event.occurred_at <= each.occurred_at + _LATE
            for each in self.life.events
        )

    def _passed(self, now: datetime) -> Passage | None:
        """The last step in the pyramid until then, since a step of the journey put them somewhere; None: none has."""
        return next((each for each in reversed(self._passages) if each.at <= now), None)

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
        last, [(place, _arguments)] = self._passed(now), self.setting.places("pyramid.stage")
        stage = Stage(self.values[place] or 1) if last is None else last.end
        if stage == effect.stage:
            return
        # From now on they stand elsewhere than they did: what lifts them, and whether anything does, is another thing.
        moved, put = self.life.moved, Placing(Stage(effect.stage), now, effect.reason)
        causes = [cause for cause in moved.causes if cause.at > now]
        placings = [each for each in moved.placings if each.at > now and not self._is_own(each)]
        self.life.events = [each for each in self.life.events if each.type != ENTERED or each.occurred_at <= now]
        self._passages = list(course(stage, causes, [put, *placings]))
        self._coming = [self._entered(each) for each in self._passages]
        heard_now = [event for event in self._coming if event.occurred_at == now]
        for event in [*reversed(heard_now), *self._coming[len(heard_now) :]]:
            self._happens(event)

    def _is_own(self, placing: Placing) -> bool:
        """Whether it tells what a step of this journey has really done, if a moment later than in the replay."""
        effects = self.setting.version.program.steps.values()
        return any(
            isinstance(each, ChangeStage) and (each.stage, each.reason) == (placing.stage, placing.reason)
            for each in effects
        )

    def _entered(self, passage: Passage) -> Event:
        payload = {"from": passage.start.value, "to": passage.end.value, "reason": passage.reason}
        return self._event(ENTERED, payload, passage.at)

    def _suppress(self, effect: Suppress, now: datetime) -> None:
        # Until they came back by an act of their own. What happened at this moment was heard before.
        until, via = next(((at, via) for at, via in self.life.returns if at > now), (None, ""))
        for place, _arguments in self.setting.places("left_in_peace"):
            self._set(place, True, until)
        reason = SuppressionReason.IN_PEACE.value
        is_new = not any(
            stop.reason == reason and stop.channel == effect.channel and stop.holds(effect.channel, now)
            for stop in self.life.stops
        )
        if is_new:
            self.life.stops.append(Stop(effect.channel, reason, now, until))
            payload = {"reason": reason, "source": effect.reason or BY_JOURNEY}
            self._happens(self._event("contact.left_in_peace", payload, now))
            if until is not None and not self._comes_back(until):
                self._happens(self._event(CAME_BACK, {"reasons": [reason], "via": via}, until))

    def _comes_back(self, at: datetime) -> bool:
        """Whether an event tells already that they come back then: it tells of all that ends by it."""
        return any(each.type == CAME_BACK and at <= each.occurred_at <= at + _LATE for each in self.life.events)

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
            held = list(self._value(place) or ())
            if (effect.tag in held) == adds:
                return
            self._set(place, [*held, effect.tag] if adds else [tag for tag in held if tag != effect.tag])
        self._happens(self._event("tag.added" if adds else "tag.removed", {"tag": effect.tag}, now))

    def _value(self, place: int) -> Any:
        return self._changed[place].value if place in self._changed else self.values[place]

    def _set(self, place: int, value: Any, until: datetime | None = None) -> None:
        before = self._changed[place].before if place in self._changed else self.values[place]
        self._changed[place] = _Change(before, value, until)

    def _event(self, type: str, payload: dict[str, Any], at: datetime) -> Event:
        return Event(0, self.life.contact_id, type, 1, at, at, "", payload, False)
