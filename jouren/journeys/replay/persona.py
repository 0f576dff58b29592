"""A person made up for a preview: what they do, and what is therefore known of them at each moment. No database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from jouren.conditions.registry import FactType, FactUse
from jouren.contacts.actions.peace import BOUGHT
from jouren.core.schedule import local_moment
from jouren.events.types import Event
from jouren.journeys.engine import Walker
from jouren.journeys.replay.life import Life
from jouren.journeys.replay.replay import Replay, play
from jouren.journeys.replay.terms import Happening, Sent, Setting, Values
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.past import Moved
from jouren.pyramid.policies import Cause, course
from jouren.pyramid.reactions import cause_by, concerns
from jouren.pyramid.stages import Stage

ALWAYS, NEVER, ON_DAY = "always", "never", "day"
CLICKS_AFTER = timedelta(hours=1)
MOST_DAYS = 1_000
_NOON = time(12)


@dataclass(frozen=True)
class Persona:
    """Their answers. Days are counted from entry, 0 the first; what they do, they do at noon (on day 0 an hour later).

    ``buys``: days with the kind of purchase. ``clicks``: ``always``, ``never``, or (``day``) in what comes on
    ``clicks_on``; an hour after it came. ``unsubscribes_on``: from every topic. ``attributes``: by key, as stored.
    """

    start: datetime
    buys: tuple[tuple[int, str], ...] = ()
    clicks: str = NEVER
    clicks_on: int | None = None
    unsubscribes_on: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def live_as(persona: Persona, setting: Setting) -> list[Happening]:
    """All that happens to a persona who enters at ``persona.start``, by the engine's and the gate's rules."""
    program = setting.version.program
    life = _life(persona, setting)
    own = replace(
        setting,
        version=replace(setting.version, program=replace(program, triggers=(), dates=())),
        start=persona.start,
        end=persona.start + timedelta(days=MOST_DAYS),
        offers=None,  # they say neither whether they are satisfied nor what they have seen: every offer is open to them
        answers=lambda number, message, step, at: _clicks(persona, setting, number, message, at),
    )
    replay = Replay(own, life)
    walker = Walker(0, 0, 0, 1, program.first, persona.start, persona.start, None, program.key)  # about some order
    first = program.steps[program.first] if program.first else None
    replay.begin(walker, persona.start, first.waits_for if first else None)
    known = _Known(persona, life)
    play([replay], lambda asked: [known.values(program.facts, at) for _id, at in asked])
    return replay.happened


def _life(persona: Persona, setting: Setting) -> Life:
    consents = {("email", message.topic): [(persona.start, True)] for message in setting.messages.values()}
    events = list(_purchases(persona, setting))
    causes = list(_lifts(events))
    for passage in course(Stage.AWARE, causes, []):
        payload = {"from": passage.start.value, "to": passage.end.value, "reason": passage.reason}
        events.append(_event("stage.entered", payload, passage.at))
    if persona.unsubscribes_on is not None:
        at = _moment(persona, setting, persona.unsubscribes_on)
        for (channel, topic), said in consents.items():
            said.append((at, False))
            events.append(_event("consent.withdrawn", {"channel": channel, "topic": topic, "via": "unsubscribe"}, at))
    return Life(
        0,
        addresses={"email": "sample@example.jp"},
        events=sorted(events, key=lambda event: event.occurred_at),
        consents=consents,
        returns=sorted((event.occurred_at, BOUGHT) for event in events if event.type == "order.paid"),
        moved=Moved(causes, []),
    )


def _lifts(events: Sequence[Event]) -> Iterator[Cause]:
    """What the shop's rules make of each of these events, and of all before it."""
    for rule in PyramidRule.objects.filter(is_enabled=True):
        counted = [event for event in sorted(events, key=lambda each: each.occurred_at) if concerns(event, rule)]
        for event in counted[rule.at_least - 1 :]:
            yield cause_by(rule, event.id, event.occurred_at)


def _purchases(persona: Persona, setting: Setting) -> Iterator[Event]:
    for number, (day, kind) in enumerate(persona.buys, start=1):
        paid = {"order": str(number), "kind": kind, "amount": 0, "currency": "JPY", "products": []}
        yield _event("order.paid", paid, _moment(persona, setting, day))


def _clicks(persona: Persona, setting: Setting, number: int, message: Sent, at: datetime) -> Iterable[Event]:
    if persona.clicks == NEVER:
        return []
    if persona.clicks == ON_DAY and _day_of(persona, setting, at) != persona.clicks_on:
        return []
    payload = {"delivery": number, "message": message.message, "title": message.title, "url": "", "by": "human"}
    return [_event("message.clicked", payload, at + CLICKS_AFTER)]


def _moment(persona: Persona, setting: Setting, day: int) -> datetime:
    zone = setting.version.program.zone
    noon = local_moment(persona.start.astimezone(zone).date() + timedelta(days=day), _NOON, zone)
    return max(noon, persona.start + CLICKS_AFTER)


def _day_of(persona: Persona, setting: Setting, at: datetime) -> int:
    zone = setting.version.program.zone
    return (at.astimezone(zone).date() - persona.start.astimezone(zone).date()).days


def _event(type: str, payload: dict[str, Any], at: datetime) -> Event:
    return Event(0, 0, type, 1, at, at, "", payload, False)


@dataclass(frozen=True)
class _Known:
    """What is known of a persona. Of what they say nothing about, what is so of somebody new."""

    persona: Persona
    life: Life

    def values(self, facts: Sequence[FactUse], now: datetime) -> Values:
        """The facts as they are then."""
        happened = [event for event in self.life.events if event.occurred_at <= now]
        return tuple(self._value(use, happened, now) for use in facts)

    def _value(self, use: FactUse, happened: Sequence[Event], now: datetime) -> Any:
        arguments = dict(use.arguments)
        match use.name:
            case "orders.count" | "orders.first_at" | "orders.last_at":
                return _of_orders(use.name, arguments.get("kind"), happened)
            case "events.count":
                days = arguments.get("within_days")
                since = self.persona.start - timedelta(days=1) if days is None else now - timedelta(days=days)
                return sum(event.type == arguments["type"] and event.occurred_at > since for event in happened)
            case "pyramid.stage":
                return next((event.payload["to"] for event in reversed(happened) if event.type == "stage.entered"), 1)
            case "pyramid.stage_since":
                entered = [event.occurred_at for event in happened if event.type == "stage.entered"]
                return entered[-1] if entered else self.persona.start
            case "consent":
                return bool(self.life.allows(arguments["channel"], arguments["topic"], now))
            case "contact.attribute":
                value = self.persona.attributes.get(arguments["key"])
                return date.fromisoformat(value) if use.type == FactType.DATE and isinstance(value, str) else value
            case "contact.created_at" | "contact.confirmed_at":
                return self.persona.start
            case "contact.confirmed" | "contact.has_email":
                return True
            case "contact.language":
                return "ja"
        return _of_somebody_new(use)


def _of_orders(name: str, kind: str | None, happened: Sequence[Event]) -> Any:
    orders = [event for event in happened if event.type == "order.paid"]
    if name == "orders.count":
        return sum(kind in (None, "", event.payload["kind"]) for event in orders)
    return orders[0 if name == "orders.first_at" else -1].occurred_at if orders else None


def _of_somebody_new(use: FactUse) -> Any:
    if use.type == FactType.SET:
        return []
    if use.type == FactType.BOOLEAN:
        return False
    return use.fact.default if use.fact.default is not None else (0 if use.type == FactType.NUMBER else None)
