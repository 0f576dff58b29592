"""Why somebody is where they are in a journey, or why they are not in it: the chain of facts that decided.

Walks are not written down step by step. They are replayed: the engine's own decisions, with the facts as they were then
(``replay``). Where what is stored says otherwise (a pause, an edit), the chain says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from jouren.conditions.compile import compile_python
from jouren.conditions.registry import fact
from jouren.contacts.queries import alias_ids
from jouren.core import clock
from jouren.core.sql import load_sql
from jouren.events.queries import events_of
from jouren.events.types import Event
from jouren.journeys.engine import Walker
from jouren.journeys.models import Enrolment, EnrolmentState, Entries, Journey, JourneyVersion
from jouren.journeys.policies import Past, is_over, key_of, may_enter, pulls
from jouren.journeys.program import Decision, Go, Leave, Proceed, Program, Trigger
from jouren.journeys.reactions import open_pause
from jouren.journeys.replay.replay import Replay, play
from jouren.journeys.replay.series import series_past
from jouren.journeys.replay.sources import PastFacts, load_lives, setting_of
from jouren.journeys.replay.terms import Values
from jouren.journeys.steps.series import SendItem
from jouren.journeys.versions import LoadedVersion, load_version
from jouren.messaging.models import Delivery
from jouren.messaging.why import WhyDelivery, why_delivery

_sql = load_sql("journeys")
MOST_WALKS = 10
MOST_EVENTS = 500
MOST_ITEMS = 20
"""So many messages of series are told of a walk."""


@dataclass(frozen=True)
class SeenLeaf:
    """One question of a condition: whether it held, and the value that was found. ``is_past``: the value of then."""

    leaf: Mapping[str, Any]
    holds: bool
    value: Any
    is_past: bool


@dataclass(frozen=True)
class Seen:
    """A condition as it was met: ``tree`` as its author wrote it, and every question in it."""

    tree: Mapping[str, Any]
    holds: bool
    leaves: list[SeenLeaf]


@dataclass
class Link:
    """One step of a walk, or one message (``item``) of the series that a step sends, or what the next one waits for.

    ``conditions`` are those that were asked, by name of the way (empty: the only one). ``decision`` is the last one
    there; ``heard`` the event that ended a wait; ``delivery`` what became of its message.
    """

    at: datetime
    step: Mapping[str, Any]
    decision: Decision
    conditions: list[tuple[str, Seen]] = field(default_factory=list)
    heard: str = ""
    delivery: WhyDelivery | None = None
    item: SendItem | None = None
    is_next_item: bool = False

    @property
    def sent_by(self) -> str:
        """What a delivery of this link bears: the id of the step, or of the item of a series."""
        return self.item.id if self.item is not None else str(self.step["id"])


@dataclass
class WhyWalk:
    """A walk from its trigger to where it stands. ``started_by`` names the journey whose step started it.

    ``may_be_dated``: a day of theirs may have brought them in, of which nothing is noted. ``is_paused``: the journey
    stood still for a while meanwhile. ``differs``: what is stored does not follow from the
    chain, as after a pause or an edit. ``ended_by``: the event that ended the walk.
    """

    enrolment: Enrolment
    trigger: Event | None
    started_by: str
    entry: Seen | None
    links: list[Link]
    ending: list[tuple[str, Seen]]
    is_paused: bool = False
    differs: bool = False
    may_be_dated: bool = False
    ended_by: Event | None = None


@dataclass(frozen=True)
class TriggerSeen:
    """How far a trigger got: events of its type, those that fit, and how many it needs. ``last`` that fitted."""

    trigger: Trigger
    happened: int
    fitting: int
    last: Event | None

    @property
    def is_pulled(self) -> bool:
        """Whether it would bring the person in."""
        return self.fitting >= self.trigger.times


@dataclass(frozen=True)
class WhyOutside:
    """Why somebody is not in a journey. ``entry`` as of the last event that pulled a trigger, or as of ``at`` now.

    ``may_enter``: their earlier walks allow another one. ``pulled_before``: whether the version went live after that
    event. ``over``: what had ended already what the walk would be about.
    """

    at: datetime
    is_live: bool
    is_turning_away: bool
    triggers: list[TriggerSeen]
    entry: Seen | None
    may_enter: bool
    live_since: datetime | None
    over: Event | None = None

    @property
    def pulled(self) -> Event | None:
        """The last event that pulled a trigger."""
        last = [each.last for each in self.triggers if each.is_pulled and each.last is not None]
        return max(last, key=lambda event: (event.occurred_at, event.id), default=None)

    @property
    def is_older_than_version(self) -> bool:
        """Whether that event happened before the journey went live."""
        return self.pulled is not None and self.live_since is not None and self.pulled.recorded_at < self.live_since

    @property
    def is_history(self) -> bool:
        """Whether that event was told as history, which brings nobody in."""
        return self.pulled is not None and self.pulled.historical


@dataclass(frozen=True)
class Why:
    """A person and a journey: their walks, the latest first, and why no (other) walk begins now."""

    journey: Journey
    walks: list[WhyWalk]
    outside: WhyOutside | None


def why(contact_id: int, journey: Journey) -> Why:
    """The chain of facts for a person and a journey. Only reads."""
    walks = Enrolment.objects.filter(contact_id=contact_id, journey=journey).order_by("-occurrence")[:MOST_WALKS]
    told = [_why_walk(walk, journey) for walk in walks]
    is_inside = any(walk.state == EnrolmentState.ACTIVE for walk in walks)
    return Why(journey, told, None if is_inside else _why_outside(contact_id, journey))


def _why_walk(walk: Enrolment, journey: Journey) -> WhyWalk:
    version = load_version(walk.version_id)
    compiled = JourneyVersion.objects.get(pk=walk.version_id).compiled
    now, begun = clock.now(), walk.entered_at
    program = replace(version.program, triggers=(), dates=())
    own = replace(version, program=program)
    setting = setting_of(own, begun, walk.ended_at or now, series_past(program))
    lives = load_lives(setting, [walk.contact_id])
    links: list[Link] = []
    ending: list[tuple[str, Seen]] = []
    differs = False
    trigger = _trigger_of(walk, version)
    at_entry: Values = ()
    ended_by: Event | None = None
    if lives and walk.state != EnrolmentState.HELD_OUT:
        trail: list[Any] = []
        replayed = Replay(setting, lives[0], trail)
        walker = Walker(
            walk.pk, walk.version_id, walk.contact_id, walk.occurrence, program.first, begun, begun, None, walk.key
        )
        first = program.steps[program.first] if program.first else None
        replayed.begin(walker, begun, first.waits_for if first else None)
        facts = PastFacts(setting.version.program, now)
        play([replayed], facts)
        links = list(_links(trail, compiled, program, _heard(replayed)))
        ended_by = next(iter(replayed.ended_by.values()), None)
        ending = _ending(links, trail, compiled, program)
        stored = _deliveries(walk, version)
        differs = _differs(replayed, walk, stored)
        links = _without_first_items(links)
        for link in links:
            if (delivery := stored.get(link.sent_by)) is not None:
                link.delivery = why_delivery(delivery)
        if program.entry is not None:
            (at_entry,) = facts([(walk.contact_id, begun)])
    entry = see(compiled["entry"], program, at_entry, begun) if at_entry and compiled["entry"] else None
    paused = journey.pauses.filter(paused_at__lte=walk.ended_at or now).exclude(resumed_at__lte=begun).exists()
    return WhyWalk(
        walk,
        trigger,
        _started_by(walk),
        entry,
        links,
        ending,
        paused,
        differs,
        bool(version.program.dates),
        ended_by,
    )


def see(tree: Mapping[str, Any], program: Program, values: Values, now: datetime) -> Seen:
    """A condition of a program with the values that were found, asked by the engine's own code."""

    def holds(part: Mapping[str, Any]) -> bool:
        return compile_python(part, program.facts).matches(values, now, program.zone)

    def look(leaf: Mapping[str, Any]) -> SeenLeaf:
        known = fact(leaf["fact"])
        use = known.use(leaf.get("args") or {})
        return SeenLeaf(leaf, holds(leaf), values[program.facts.index(use)], known.keeps_past)

    return Seen(tree, holds(tree), [look(leaf) for leaf in _leaves(tree)])


def _leaves(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "fact" in tree:
        yield tree
    elif "not" in tree:
        yield from _leaves(tree["not"])
    else:
        for part in tree.get("all", tree.get("any", ())):
            yield from _leaves(part)


def _links(trail: list[Any], compiled: Mapping[str, Any], program: Program, heard: Mapping[str, str]) -> Iterator[Link]:
    """The steps in their order; of one that was asked several times, the last decision. A step that sends a series is
    told when they came to it, then every message, then what the next one waits for."""
    last: Link | None = None
    series = ""
    for at, _walk, step, decision, values in trail:
        raw = compiled["steps"][step]
        link = Link(at, {**raw, "id": step}, decision, _asked(raw, program, values, at), heard.get(step, ""))
        if last is not None and last.step["id"] == step:
            link.at = last.at
        elif last is not None:
            yield last
        last = link
        if isinstance(decision, Proceed):
            if series != step:
                yield link
                series = step
            assert isinstance(decision.effect, SendItem)
            yield replace(link, at=at, item=decision.effect)
            last = None
        elif series == step:
            link.is_next_item = True
            last = None if isinstance(decision, Go) else link
    if last is not None:
        yield last


def _asked(raw: Mapping[str, Any], program: Program, values: Values, at: datetime) -> list[tuple[str, Seen]]:
    """The conditions of a fork up to the one that held."""
    ways = [("", raw["when"])] if raw["type"] == "branch" else []
    if raw["type"] == "choice":
        ways = [(way["name"], way["when"]) for way in raw["ways"]]
    asked = []
    for name, tree in ways:
        asked.append((name, see(tree, program, values, at)))
        if asked[-1][1].holds:
            break
    return asked


def _heard(replayed: Replay) -> dict[str, str]:
    return {each.step: each.detail for each in replayed.happened if each.what == "heard"}


def _without_first_items(links: list[Link]) -> list[Link]:
    """Of a long series only the last messages are told."""
    items = [link for link in links if link.item is not None]
    dropped = {id(link) for link in items[:-MOST_ITEMS]}
    return [link for link in links if id(link) not in dropped]


def _deliveries(walk: Enrolment, version: LoadedVersion) -> dict[str, Delivery]:
    """The messages that are stored of a walk, by step or item of a series."""
    stored = Delivery.objects.filter(
        run_id=version.run_id, contact_id__in=alias_ids(walk.contact_id), occurrence=walk.occurrence
    ).select_related("message_version", "run")
    return {str(each.step): each for each in stored}


def _ending(
    links: list[Link], trail: list[Any], compiled: Mapping[str, Any], program: Program
) -> list[tuple[str, Seen]]:
    """The goal or exit that took the person out, with what was found."""
    if not links or not isinstance(links[-1].decision, Leave):
        return []
    at, _walk, _step, _decision, values = trail[-1]
    asked = [("", compiled["goal"])] if compiled["goal"] else []
    asked += [(part["reason"], part["when"]) for part in compiled["exits"]]
    seen = [(name, see(tree, program, values, at)) for name, tree in asked]
    return [each for each in seen if each[1].holds][:1]


def _differs(replayed: Replay, walk: Enrolment, stored: Collection[str]) -> bool:
    planned = {each.step for each in replayed.happened if each.what == "planned"}
    if planned != set(stored):
        return True
    if walk.state != EnrolmentState.ACTIVE:
        return bool(replayed.inside) and walk.state != EnrolmentState.FAILED
    places = [inside.walker.step for inside in replayed.inside]
    return places != [str(walk.step) if walk.step else None]


def _trigger_of(walk: Enrolment, version: LoadedVersion) -> Event | None:
    """The event that brought them in: noted since the journey tells it, else the last one that would have."""
    ids = alias_ids(walk.contact_id)
    entered = [
        event
        for event in events_of(ids, types=["journey.entered"], limit=MOST_EVENTS)
        if event.payload.get("journey") == walk.journey_id and event.occurred_at <= walk.entered_at
    ]
    if entered and (event_id := entered[0].payload.get("event")):
        row = _sql.one("event_by_id", {"id": event_id})
        return Event(*row) if row else None
    types = sorted({trigger.event for trigger in version.program.triggers})
    before = events_of(ids, types=types, limit=MOST_EVENTS) if types and walk.started_by is None else []
    return next(
        (
            event
            for event in before
            if event.recorded_at <= walk.entered_at
            and any(pulls(trigger, event.type, event.payload) for trigger in version.program.triggers)
            and key_of(version.program, event.payload) == walk.key
        ),
        None,
    )


def _started_by(walk: Enrolment) -> str:
    before = Enrolment.objects.filter(pk=walk.started_by).select_related("journey").first() if walk.started_by else None
    return before.journey.name if before else ""


def _why_outside(contact_id: int, journey: Journey) -> WhyOutside | None:
    live = journey.versions.filter(live=True).first()
    shown = live or journey.versions.first()
    if shown is None:
        return WhyOutside(clock.now(), False, False, [], None, True, None)
    version, now = load_version(shown.pk), clock.now()
    program, ids = version.program, alias_ids(contact_id)
    triggers = [_look_at(trigger, ids, now) for trigger in program.triggers]
    walks = [
        Past(walk.key, walk.entered_at, walk.ended_at)
        for walk in Enrolment.objects.filter(contact_id=contact_id, journey=journey)
    ]
    _pause, entries = open_pause(journey.pk) or (None, None)
    outside = WhyOutside(now, live is not None, entries == Entries.TURN_AWAY, triggers, None, True, shown.created_at)
    pulled = outside.pulled
    at = pulled.occurred_at if pulled else now
    key = key_of(program, pulled.payload) if pulled else ""
    entry = None
    if program.entry is not None:
        (values,) = PastFacts(program, now)([(contact_id, at)])
        entry = see(shown.compiled["entry"], program, values, at)
    over = _over(program, ids, key)
    return replace(outside, at=at, entry=entry, may_enter=may_enter(program, walks, key, now), over=over)


def _over(program: Program, contact_ids: list[int], key: str) -> Event | None:
    types = sorted({ending.event.event for ending in program.endings if ending.keyed})
    told = events_of(contact_ids, types=types, limit=MOST_EVENTS) if types and key else []
    return next((event for event in told if is_over(program, [(event.type, event.payload)], key)), None)


def _look_at(trigger: Trigger, contact_ids: list[int], now: datetime) -> TriggerSeen:
    events = events_of(contact_ids, types=[trigger.event], limit=MOST_EVENTS)
    fitting = [event for event in events if pulls(trigger, event.type, event.payload)]
    if trigger.within_days is not None and trigger.times > 1:
        fitting = [event for event in fitting if (now - event.occurred_at).days < trigger.within_days]
    return TriggerSeen(trigger, len(events), len(fitting), fitting[0] if fitting else None)
