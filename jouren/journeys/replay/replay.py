"""One person's time in a journey: their events in order, the engine's own steps, the gate's own rules.

A replay is a generator that asks for the person's facts at a moment and gets them, so that whoever drives many of them
answers all their questions with one query (:func:`play`). Nothing here knows a database or a clock.
"""

from __future__ import annotations

from bisect import insort_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from heapq import heappop
from typing import Any

from jouren.contacts.actions.peace import BOUGHT
from jouren.core.lots import is_drawn
from jouren.events.types import Event
from jouren.journeys.decide import leaves
from jouren.journeys.engine import Walker, walk
from jouren.journeys.models import EnrolmentState
from jouren.journeys.policies import Past, ending_of, is_over, key_of, may_enter, pulls
from jouren.journeys.program import NEVER as FOR_EVER
from jouren.journeys.program import Decision, Facts, Program, Step, Trigger
from jouren.journeys.replay.dated import dated_entries
from jouren.journeys.replay.known import CAME_BACK, ENTERED, Known
from jouren.journeys.replay.life import Life
from jouren.journeys.replay.post import Post
from jouren.journeys.replay.terms import DATED, Asking, Happening, Inside, Letter, Setting, Values, Wish
from jouren.journeys.series.reading import SeriesRead
from jouren.journeys.steps.attributes import SetAttribute
from jouren.journeys.steps.sending import Send

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
        self.ended_by: dict[int, Event] = {}
        """The events that ended walks, by the walk's place."""
        self.walks = list(life.walks)
        self._events: deque[Event] = deque(event for event in life.events if event.occurred_at >= setting.start)
        self._dated = deque(dated_entries(setting.version.program, life, setting.start, setting.end))
        self._looked_at = (setting.start, -1)
        self._now = setting.start
        self._is_entering = False
        self._publishings = deque(_publishings(setting))
        self._known = Known(setting, life, self._happens)
        self._post = Post(setting, life, self._tell)

    @property
    def letters(self) -> Sequence[Letter]:
        """The messages that are still to go."""
        return self._post.letters

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
        end, letters = self.setting.end, self._post.letters
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
                yield from self._take(self._events.popleft())
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

    def _take(self, event: Event) -> Asking:
        if self._known.is_old(event):
            if event in self.life.events:
                self.life.events.remove(event)
                self._reckon_days(event, event.occurred_at)
            return
        self._end_by(event)
        self._hear(event)
        yield from self._enter_by(event)

    def _end_by(self, event: Event) -> None:
        """End the walks that an event ends; what they had planned does not go."""
        program = self.setting.version.program
        for inside in list(self.inside) if program.endings else ():
            ending = ending_of(program, event, inside.walker.key, inside.walker.entered_at)
            if ending is None:
                continue
            self.inside.remove(inside)
            self.walks[inside.place] = self.walks[inside.place]._replace(ended_at=event.occurred_at)
            self._post.withhold(inside.place, event.occurred_at)
            self._tell(event.occurred_at, "left", inside.place, detail=ending.reason)
            self.ended_by[inside.place] = event
        if program.endings:
            for place in sorted({letter.walk for letter in self.letters}):
                walk = self.walks[place]
                if walk.ended_at is not None and ending_of(program, event, walk.key, walk.entered_at):
                    self._post.withhold(place, event.occurred_at)

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
        if program.endings and is_over(program, self._happened_by(now), key):
            return
        if program.entry is not None:
            self._is_entering = True
            values = yield from self._known.at(now)
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

    def _happened_by(self, now: datetime) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return ((each.type, each.payload) for each in self.life.events if each.occurred_at <= now)

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
        known = self._known
        values = known.values if known.holds_at(now) else (yield from known.at(now))
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
        # As the engine has it: messages are planned by what was so before this walk changed anything.
        for effect in move.effects:
            if isinstance(effect, Send):
                inside.got.add(effect.id)
                self._post.plan(effect, place, inside.walker.key, now)
        self._post.admit(now, values)
        for effect in move.effects:
            if not isinstance(effect, Send):
                self._do(effect, inside, now)
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
        self._tell(now, "did", inside.place, effect.id)
        self._known.change(effect, now)
        if isinstance(effect, SetAttribute):
            self._set_dates(effect.key, effect.value_at(now, self.setting.version.program.zone), now)

    def _set_dates(self, key: str, value: Any, now: datetime) -> None:
        """A day that brings the person in is another from now on; what was looked at before is over."""
        program = self.setting.version.program
        asked = [each for each in program.dates if each.fact and each.fact.given.get("key") == key]
        for trigger in asked:
            day = date.fromisoformat(value) if isinstance(value, str) else None
            self.life.dates.setdefault(trigger.id, []).append((now, day))
        if asked:
            self._look_ahead(now)

    def _reckon_days(self, event: Event, now: datetime) -> None:
        """Days after such an event are others from now on."""
        if any(
            each.event is not None and each.event.event == event.type for each in self.setting.version.program.dates
        ):
            self._look_ahead(now)

    def _look_ahead(self, now: datetime) -> None:
        coming = dated_entries(self.setting.version.program, self.life, now, self.setting.end)
        self._dated = deque(each for each in coming if each[:2] > self._looked_at)

    def _wake_readers(self, at: datetime, series_id: int) -> None:
        """Who waits at the end of a series for more looks again when it is published."""
        sends = self.setting.version.program.series
        for inside in self.inside:
            if sends.get(inside.walker.step) == series_id and inside.due_at >= FOR_EVER:
                inside.due_at = at

    def _hand_over(self, letter: Letter, now: datetime) -> Asking:
        program, has_left, values = self.setting.version.program, False, ()
        may_leave = program.goal is not None or bool(program.exits)
        if may_leave or self._post.needs_offers(letter):
            values = yield from self._known.at(now)
            has_left = may_leave and leaves(program, Facts(values, now, now), now) is not None
        if self._post.hand_over(letter, now, values, has_left=has_left) and self.setting.answers is not None:
            answers = self.setting.answers(letter.id, self.setting.messages[letter.version_id], letter.step, now)
            self._events = deque(sorted([*self._events, *answers], key=_when))

    def _happens(self, event: Event) -> None:
        insort_right(self.life.events, event, key=_turn)
        if event.occurred_at == self._now:
            self._events.appendleft(event)
        else:  # it follows from what happens then
            insort_right(self._events, event, key=_turn)
        self._reckon_days(event, self._now)

    def _tell(  # noqa: PLR0917
        self, at: datetime, what: str, place: int, step: str = "", detail: str = "", until: datetime | None = None
    ) -> None:
        self.happened.append(Happening(at, what, place + 1, step, detail, until))


def _when(event: Event) -> datetime:
    return event.occurred_at


def _turn(event: Event) -> tuple[datetime, int]:
    """In which order events of one moment are told: who signs up comes back by that before it is told, and who buys
    rises by it first, and then comes back.
    """
    if event.id or event.type not in {ENTERED, CAME_BACK}:
        return event.occurred_at, 1
    if event.type == ENTERED:
        return event.occurred_at, 2
    return event.occurred_at, 3 if event.payload["via"] == BOUGHT else 0


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
