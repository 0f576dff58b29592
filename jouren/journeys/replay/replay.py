"""One person's time in a journey: their events in order, the engine's own steps, the gate's own rules.

A replay is a generator that asks for the person's facts at a moment and gets them, so that whoever drives many of them
answers all their questions with one query (:func:`play`). Nothing here knows a database or a clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from jouren.conditions.registry import FactType
from jouren.core.lots import is_drawn
from jouren.events.types import Event
from jouren.journeys.decide import leaves
from jouren.journeys.engine import Walker, walk
from jouren.journeys.gate_rules import LEFT, LEFT_RULE
from jouren.journeys.models import EnrolmentState
from jouren.journeys.policies import Past, key_of, may_enter, pulls
from jouren.journeys.precedence import PRECEDENCE_RULE, day_of, put_off
from jouren.journeys.program import NEVER as FOR_EVER
from jouren.journeys.program import Decision, Facts, Program, Step, Trigger
from jouren.journeys.replay.dated import dated_entries
from jouren.journeys.replay.life import Life, Remembered, Stop
from jouren.journeys.replay.terms import DATED, Asking, Happening, Inside, Letter, Sent, Setting, Values, Wish
from jouren.journeys.series.reading import SeriesRead
from jouren.journeys.steps.attributes import SetAttribute
from jouren.journeys.steps.changing import ChangeStage, Suppress
from jouren.journeys.steps.sending import Send
from jouren.journeys.steps.tagging import AddTag, RemoveTag
from jouren.messaging.gate import GateFacts, GateRule, Judge, Question, Verdict, ask
from jouren.messaging.sending_rules.caps import Gone
from jouren.messaging.sending_rules.gate_rule import NAME as SENDING_RULES
from jouren.messaging.sending_rules.gate_rule import judge_by
from jouren.messaging.vocabulary import Kind
from jouren.pyramid.policies import steps_between
from jouren.pyramid.stages import Stage

OF_BROADCASTS = "broadcasts.answered"
"""A rule that is about second letters of broadcasts only."""
ACTIVE = int(EnrolmentState.ACTIVE)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class Replay:
    """One person in a journey from ``start`` to ``end``. After :meth:`live`, ``happened`` tells all of it in order.

    ``trail``, where it is a list, gets (moment, walk, step, decision, values) of each decision.
    """

    def __init__(self, setting: Setting, life: Life, trail: list[Any] | None = None) -> None:
        self.setting, self.life, self.trail = setting, life, trail
        self.happened: list[Happening] = []
        self.inside: list[Inside] = []
        self.letters: list[Letter] = []
        self.walks = list(life.walks)
        self._number = 0
        self._planned: list[Letter] = []
        self._events: deque[Event] = deque(event for event in life.events if event.occurred_at >= setting.start)
        self._dated = deque(dated_entries(setting.version.program, life, setting.start, setting.end))
        self._looked_at = (setting.start, -1)
        self._now = setting.start
        self._is_entering = False
        self._publishings = deque(_publishings(setting))
        self._asked_at: datetime | None = None
        self._known: Values = ()
        self._changed: dict[int, tuple[Any, Any]] = {}
        self._past = Remembered(life)
        self._rules: dict[tuple[str, str, str], list[GateRule]] = {}
        self._refused: dict[tuple[Any, ...], Verdict | None] = {}
        self._has_left = False

    @property
    def sent(self) -> int:
        """How many messages went."""
        return sum(each.what == "sent" for each in self.happened)

    def begin(self, walker: Walker, due_at: datetime, waits_for: str | None = None) -> None:
        """Put the person into the journey, as one who is there already."""
        self.inside.append(Inside(walker, due_at, waits_for, len(self.walks)))
        self.walks.append(Past(walker.key, walker.entered_at, None))

    def live(self) -> Asking:
        """Go through all events, steps, days and messages in order; of the same moment in this order."""
        end, letters = self.setting.end, self.letters
        while True:
            now, inside = NEVER, None
            for each in self.inside:
                if each.due_at < now:
                    now, inside = each.due_at, each
            is_dated = bool(self._dated) and self._dated[0].at < now
            if is_dated:
                now = self._dated[0].at
            is_letter = bool(letters) and letters[0].try_at < now
            if is_letter:
                now = letters[0].try_at
            is_event = bool(self._events) and self._events[0].occurred_at <= now
            if is_event:
                now = self._events[0].occurred_at
            if self._publishings and self._publishings[0][0] <= now:
                self._wake_readers(*self._publishings.popleft())
                continue
            if now > end:
                return
            self._now = now
            if is_event:
                event = self._events.popleft()
                self._hear(event)
                yield from self._enter_by(event)
            elif is_letter:
                yield from self._hand_over(heappop(letters), now)
            elif is_dated:
                yield from self._enter_on_day(now)
            elif inside is not None:
                yield from self._walk(inside, now)

    def next_entry(self) -> datetime:
        """Before when this person cannot come in: the next event or day that may bring them in, as things stand."""
        if self._is_entering or self.setting.feeds_itself:
            return self._now
        at = self._dated[0].at if self._dated else NEVER
        types = self.setting.entry_types
        return min(at, next((event.occurred_at for event in self._events if event.type in types), NEVER))

    def _facts(self, now: datetime) -> Generator[datetime, Values, Values]:
        program = self.setting.version.program
        if not program.facts:
            return ()
        if self._asked_at != now:
            self._known = yield now
            self._asked_at = now
        if not self._changed:
            return self._known
        values = list(self._known)
        for place, (before, value) in list(self._changed.items()):
            if values[place] == before:
                values[place] = value
            else:  # it has changed since by itself
                del self._changed[place]
        return tuple(values)

    def _hear(self, event: Event) -> None:
        steps = self.setting.version.program.steps
        for inside in self.inside:
            walker = inside.walker
            if inside.waits_for is None or walker.step is None or event.type not in inside.waits_for.split():
                continue
            rank = steps[walker.step].hears(event, walker.arrived_at, walker.key)
            if rank is not None and (walker.heard is None or walker.heard > rank):
                inside.walker, inside.due_at = walker._replace(heard=rank), event.occurred_at
                self._tell(event.occurred_at, "heard", inside.place, walker.step, detail=event.type)

    def _enter_by(self, event: Event) -> Asking:
        program = self.setting.version.program
        if any(self._pulls(trigger, event) for trigger in program.triggers):
            yield from self._enter(event.occurred_at, key_of(program, event.payload), event.type, (0, event.id))

    def _enter_on_day(self, now: datetime) -> Asking:
        self._looked_at = looked_at = self._dated[0][:2]
        entries = []
        while self._dated and self._dated[0][:2] == looked_at:
            entries.append(self._dated.popleft())
        for _at, trigger, turn, key in entries:
            yield from self._enter(now, key, DATED, (1, trigger, turn, self.life.contact_id))

    def _enter(self, now: datetime, key: str, what: str, turn: tuple[int, ...]) -> Asking:
        """Begin a walk, if this person may, and wants to by the journey's condition."""
        version, program = self.setting.version, self.setting.version.program
        if not may_enter(program, self.walks, key, now):
            return
        if program.entry is not None:
            self._is_entering = True
            values = yield from self._facts(now)
            self._is_entering = False
            if not program.entry(values, now):
                return
        contact_id = self.life.contact_id
        if self._is_held_out(program):
            if program.entries_per_hour and not self.life.is_held_out:
                yield Wish(now, turn)  # they take a turn, and nothing else
            self.life.is_held_out = True
            return
        begins = (yield Wish(now, turn)) if program.entries_per_hour else now
        walker = Walker(
            0, version.id, contact_id, len(self.walks) + 1, program.first, begins, begins, None, key, False,
            version.journey_id,
        )  # fmt: skip
        self._tell(now, "entered", len(self.walks), detail=what, until=begins if begins > now else None)
        self.begin(walker, begins, program.steps[program.first].waits_for if program.first else None)

    def _is_held_out(self, program: Program) -> bool:
        if not program.holdout or self.walks:
            return False
        lot = f"holdout:{self.setting.version.journey_id}"
        return self.life.is_held_out or is_drawn(lot, self.life.contact_id, program.holdout)

    def _pulls(self, trigger: Trigger, event: Event) -> bool:
        if not pulls(trigger, event.type, event.payload):
            return False
        if trigger.times == 1:
            return True
        now = event.occurred_at
        since = None if trigger.within_days is None else now - timedelta(days=trigger.within_days)
        count = sum(
            pulls(trigger, each.type, each.payload)
            for each in self.life.events
            if each.occurred_at <= now and (since is None or each.occurred_at > since)
        )
        return count >= trigger.times

    def _walk(self, inside: Inside, now: datetime) -> Asking:
        values = self._known if self._asked_at == now and not self._changed else (yield from self._facts(now))
        setting, place, series = self.setting, inside.place, None
        sends = setting.version.program.series
        if sends and (series_id := sends.get(inside.walker.step)) is not None:
            series = SeriesRead(setting.order_of(series_id, now), inside.got)
        trail: list[tuple[str, Decision]] = []
        move = walk(
            inside.walker,
            setting.version,
            values,
            setting.closures,
            now,
            best=self.life.best,
            series=series,
            trail=trail,
        )
        reached, happened = inside.reached, self.happened
        for step, decision in trail:
            if step not in reached:
                reached.add(step)
                happened.append(Happening(now, "step", place + 1, step))
            if self.trail is not None:
                self.trail.append((now, place + 1, step, decision, values))
        for effect in move.effects:
            self._do(effect, inside, now)
        if self._planned:
            self._plan(now)
        walker = move.walker
        if move.state == ACTIVE:
            assert move.due_at is not None
            inside.walker = Walker(
                *walker[:4], move.step, move.arrived_at, walker.entered_at, None, *walker[8:11], move.place
            )
            inside.due_at, inside.waits_for = move.due_at, move.waits_for
            return
        self.inside.remove(inside)
        self.walks[place] = self.walks[place]._replace(ended_at=now)
        self._tell(now, "finished" if move.state == EnrolmentState.FINISHED else "left", place, detail=move.reason)

    def _do(self, effect: Step, inside: Inside, now: datetime) -> None:
        place = inside.place
        if isinstance(effect, Send):
            self._number += 1
            inside.got.add(effect.id)
            letter = Letter(now, self._number, effect.id, effect.message_version, effect.channel, place, now)
            self._planned.append(letter)
            self._tell(now, "planned", place, effect.id)
            return
        self._tell(now, "did", place, effect.id)
        if isinstance(effect, ChangeStage):
            self._change_stage(effect, now)
        elif isinstance(effect, Suppress):
            self._suppress(effect, now)
        elif isinstance(effect, AddTag | RemoveTag):
            self._change_tags(effect, now)
        elif isinstance(effect, SetAttribute):
            today = now.astimezone(self.setting.version.program.zone).date().isoformat()
            self._set_attribute(effect.key, today if effect.is_today else effect.value, now)

    def _plan(self, now: datetime) -> None:
        """Ask the gate of new letters, by what has gone until now.

        It is asked again when each is handed over: where only one is to go now, that is the same question.
        """
        planned, self._planned = self._planned, []
        is_alone = len(planned) == 1 and not (self.letters and self.letters[0].try_at <= now)
        for letter in planned:
            verdict = None if is_alone else self._ask(letter, now, is_sending=False)
            self._follow(letter, verdict, now) if verdict else heappush(self.letters, letter)

    def _change_stage(self, effect: ChangeStage, now: datetime) -> None:
        current = 1
        for place, _arguments in self.setting.places("pyramid.stage"):
            current = self._changed.get(place, (0, self._known[place]))[1] or 1
            self._set(place, effect.stage)
        for place, _arguments in self.setting.places("pyramid.stage_since"):
            self._set(place, now)
        if current != effect.stage:
            for start, end in reversed(list(steps_between(Stage(current), Stage(effect.stage)))):
                payload = {"from": start.value, "to": end.value, "reason": effect.reason}
                self._events.appendleft(self._event("stage.entered", payload, now))

    def _suppress(self, effect: Suppress, now: datetime) -> None:
        for place, arguments in self.setting.places("suppressed"):
            if effect.channel in ("", arguments.get("channel") or ""):
                self._set(place, True)
        is_new = not any(
            stop.reason == "unneeded" and stop.channel == effect.channel and stop.holds(effect.channel, now)
            for stop in self.life.stops
        )
        if is_new:
            self.life.stops.append(Stop(effect.channel, "unneeded", now))
            payload = {"channel": effect.channel, "reason": "unneeded"}
            self._events.appendleft(self._event("contact.suppressed", payload, now))

    def _set_attribute(self, key: str, value: Any, now: datetime) -> None:
        facts = self.setting.version.program.facts
        for place, arguments in self.setting.places("contact.attribute"):
            if arguments["key"] == key:
                is_day = facts[place].type == FactType.DATE and isinstance(value, str)
                self._set(place, date.fromisoformat(value) if is_day else value)
        self._set_dates(key, value, now)
        self._events.appendleft(self._event("contact.changed", {"what": [key]}, now))

    def _set_dates(self, key: str, value: Any, now: datetime) -> None:
        """A day that brings the person in is another from now on; what was looked at before is over."""
        setting, program = self.setting, self.setting.version.program
        asked = [each for each in program.dates if each.fact and each.fact.given.get("key") == key]
        for trigger in asked:
            day = date.fromisoformat(value) if isinstance(value, str) else None
            self.life.dates.setdefault(trigger.id, []).append((now, day))
        if asked:
            coming = dated_entries(program, self.life, now, setting.end)
            self._dated = deque(each for each in coming if each[:2] > self._looked_at)

    def _wake_readers(self, at: datetime, series_id: int) -> None:
        """Who waits at the end of a series for more looks again when it is published."""
        sends = self.setting.version.program.series
        for inside in self.inside:
            if sends.get(inside.walker.step) == series_id and inside.due_at >= FOR_EVER:
                inside.due_at = at

    def _change_tags(self, effect: AddTag | RemoveTag, now: datetime) -> None:
        adds = isinstance(effect, AddTag)
        for place, _arguments in self.setting.places("contact.tags"):
            held = list(self._changed.get(place, (None, self._known[place]))[1] or ())
            if (effect.tag in held) == adds:
                return
            self._set(place, [*held, effect.tag] if adds else [tag for tag in held if tag != effect.tag])
        self._events.appendleft(self._event("tag.added" if adds else "tag.removed", {"tag": effect.tag}, now))

    def _set(self, place: int, value: Any) -> None:
        before = self._changed[place][0] if place in self._changed else self._known[place]
        self._changed[place] = (before, value)

    def _event(self, type: str, payload: dict[str, Any], at: datetime) -> Event:
        return Event(0, self.life.contact_id, type, 1, at, at, "", payload, False)

    def _hand_over(self, letter: Letter, now: datetime) -> Asking:
        program = self.setting.version.program
        self._has_left = False
        if program.goal is not None or program.exits:
            values = yield from self._facts(now)
            self._has_left = leaves(program, Facts(values, now, now), now) is not None
        verdict = self._ask(letter, now, is_sending=True)
        if verdict is None:
            self._send(letter, self.setting.messages[letter.version_id], now)
        else:
            self._follow(letter, verdict, now)

    def _ask(self, letter: Letter, now: datetime, *, is_sending: bool) -> Verdict | None:
        message = self.setting.messages[letter.version_id]
        reasons = self.life.reasons(letter.channel, now)
        has_consent = self.life.allows(letter.channel, message.topic, now)
        key = (letter.channel, letter.version_id, has_consent, *reasons)
        if key not in self._refused:
            facts = self._gate_facts(letter, message, reasons, has_consent, None)
            self._refused[key] = ask([facts], now, rules=self.setting.timeless)[0]
        if (refused := self._refused[key]) is not None:
            return refused
        rules = self._rules_for(letter, message)
        if not rules:
            return None
        self._past.now = now
        facts = self._gate_facts(letter, message, reasons, has_consent, letter.id if is_sending else None)
        return ask([facts], now, is_sending=is_sending, rules=rules)[0]

    def _follow(self, letter: Letter, verdict: Verdict, now: datetime) -> None:
        """Do what the gate says of a letter that does not go now."""
        if verdict.until is None:
            self._tell(now, "stopped", letter.walk, letter.step, detail=verdict.reason)
            return
        self._past.held.setdefault(letter.id, max(letter.due_at, now))
        heappush(self.letters, letter._replace(try_at=verdict.until))
        self._tell(now, "held", letter.walk, letter.step, detail=verdict.reason, until=verdict.until)

    def _gate_facts(
        self, letter: Letter, message: Sent, reasons: list[str], has_consent: bool | None, delivery_id: int | None
    ) -> GateFacts:
        life, run_id = self.life, self.setting.version.run_id
        return GateFacts(
            Question(life.contact_id, letter.version_id, run_id, letter.channel, letter.due_at, delivery_id),
            life.contact_id, life.addresses.get(letter.channel), "", "", life.language, life.is_erased,
            reasons, has_consent, False,
            message.kind, message.topic, run_id, life.zone, 1, self.setting.control_share,
        )  # fmt: skip

    def _rules_for(self, letter: Letter, message: Sent) -> list[GateRule]:
        """The gate's other rules, of which those that count ask this replay and not the database.

        Those of them that could never hold such a message back are left out: they would be asked of every message.
        """
        key = (letter.channel, message.kind, message.topic)
        if key not in self._rules:
            program, setting = self.setting.version.program, self.setting
            own: dict[str, Judge | None] = {
                OF_BROADCASTS: None,
                LEFT_RULE: self._refuse_leavers if program.goal is not None or program.exits else None,
                PRECEDENCE_RULE: self._give_way if setting.rank is not None else None,
                SENDING_RULES: self._judge if setting.book.rules.bind(*key) else None,
            }
            self._rules[key] = [
                replace(rule, judge=judge) if (judge := own.get(rule.name)) else rule
                for rule in setting.rules[len(setting.timeless) :]
                if own.get(rule.name, ...) is not None
            ]
        return self._rules[key]

    def _refuse_leavers(self, batch: Sequence[GateFacts], now: datetime) -> list[str | None]:
        return [LEFT if self._has_left else None]

    def _judge(self, batch: Sequence[GateFacts], now: datetime) -> Sequence[Verdict | None]:
        return judge_by(self.setting.book, self._past, batch, now)

    def _give_way(self, batch: Sequence[GateFacts], now: datetime) -> list[Verdict | None]:
        """As the rule of journeys does; that the other journey writes is known by what it has written that day."""
        (facts,), rank = batch, self.setting.rank
        if rank is None or facts.is_transactional:
            return [None]
        moment = max(facts.question.due_at or now, now)
        start, end = day_of(moment, rank.zone)
        first = next((journey_id for at, journey_id in self.life.firsts if start <= at < end), None)
        if first is None:
            return [None]
        since = self._past.held.get(facts.question.delivery_id or 0, moment)
        return [put_off(first, moment, rank.zone, since, self.setting.book.rules.longest_delay)]

    def _send(self, letter: Letter, message: Sent, now: datetime) -> None:
        if message.kind != Kind.TRANSACTIONAL:
            self.life.gone.append(Gone(-letter.id, now, letter.channel, message.kind, message.topic))
        if message.kind == Kind.HELP:
            self.life.helped.append(now)
        self._tell(now, "sent", letter.walk, letter.step, detail=letter.channel)
        if self.setting.answers is not None:
            answers = self.setting.answers(letter.id, message, letter.step, now)
            self._events = deque(sorted([*self._events, *answers], key=lambda event: event.occurred_at))

    def _tell(  # noqa: PLR0917
        self, at: datetime, what: str, place: int, step: str = "", detail: str = "", until: datetime | None = None
    ) -> None:
        self.happened.append(Happening(at, what, place + 1, step, detail, until))


def _publishings(setting: Setting) -> list[tuple[datetime, int]]:
    """When the series were published anew in a replay's time, in order."""
    return sorted(
        (since, series_id)
        for series_id, past in setting.series.items()
        for since, _order in past
        if setting.start < since <= setting.end
    )


Load = Callable[[Sequence[tuple[int, datetime]]], Sequence[Values]]


def play(replays: Iterable[Replay], load: Load) -> None:
    """Let all of them live; ``load`` answers what they ask for together: (contact, moment) pairs, in that order.

    Not for journeys that let in so many people an hour: there nobody lives alone (``turns.py``).
    """
    asking: list[tuple[Asking, int, Any]] = []
    for each in replays:
        life = each.live()
        if (at := next(life, None)) is not None:
            asking.append((life, each.life.contact_id, at))
    while asking:
        answers = load([(contact_id, at) for _life, contact_id, at in asking])
        still = []
        for (life, contact_id, _at), values in zip(asking, answers, strict=True):
            try:
                still.append((life, contact_id, life.send(values)))
            except StopIteration:
                continue
        asking = still
