"""What an author sees before publishing: the flow at a glance, and what one person would get, day by day.

Both read the compiled program; the days are walked by the engine's own code, with a collector in place of the
database and a clock that jumps from one due moment to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.core import clock
from jouren.journeys.checking import notes_of
from jouren.journeys.compiler import JourneyProblem, compile_with_drafts, unpublished_text
from jouren.journeys.engine import Move, Walker, advance
from jouren.journeys.hint_wording import HintText
from jouren.journeys.models import EnrolmentState, Journey
from jouren.journeys.program import NEVER, Step
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.sources import FixedFacts
from jouren.journeys.steps import describe_effect, describe_step, effect_type, is_end, ways_of
from jouren.journeys.steps.series import SendItem
from jouren.journeys.versions import LoadedVersion, load_program
from jouren.journeys.wording import describe_triggers, reason_text
from jouren.journeys.writers import Collector

MAX_HOPS = 600 + 2 * MAX_ITEMS
SHOWN_OF_SERIES = 5


@dataclass(frozen=True)
class FlowStep:
    """A step as the flow shows it, with the ways that lead out of a fork: what each is called, and its steps."""

    id: str
    type: str
    text: str
    ways: list[tuple[str, list[FlowStep]]] = field(default_factory=list)


@dataclass(frozen=True)
class Moment:
    """Something that happens to the sample person: when, on which day since entry (0 the first), and what."""

    at: datetime
    day: int
    type: str
    text: str


def preview_context(journey: Journey, mode: str) -> dict[str, Any]:
    """What the preview templates show. A journey that cannot be compiled yet shows why."""
    try:
        compiled, drafts = compile_with_drafts(journey)
    except JourneyProblem as problem:
        return {"journey": journey, "problem": str(problem)}
    hints = notes_of(journey, compiled)
    if drafts:
        remedy = _("Publish them first: a journey sends published messages only.")
        hints.insert(0, HintText("", unpublished_text(drafts), remedy, is_error=True))
    context = {"journey": journey, "hints": hints}
    if mode == "days":
        return {**context, "moments": day_by_day(compiled), "hears": day_by_day(compiled, hears_events=True)}
    return {**context, "trigger": describe_triggers(compiled), "flow": flow(compiled)}


def flow(compiled: Mapping[str, Any]) -> list[FlowStep]:
    """The program as nested lists: after a fork, what its ways have in common follows once."""
    return _flow_from(compiled, compiled["first"], stop=None)


def _flow_from(compiled: Mapping[str, Any], step_id: str | None, stop: str | None) -> list[FlowStep]:
    shown: list[FlowStep] = []
    while step_id is not None and step_id != stop:
        step = compiled["steps"][step_id]
        meeting = step.get("next")
        ways = [(way.label, _flow_from(compiled, way.first, meeting)) for way in ways_of(step)]
        shown.append(FlowStep(step_id, step["type"], describe_step(step), ways))
        step_id = None if is_end(step) else meeting
    return shown


def day_by_day(
    compiled: Mapping[str, Any],
    *,
    contact_id: int = 0,
    start: datetime | None = None,
    hears_events: bool = False,
    overlay: Mapping[str, Any] | None = None,
) -> list[Moment]:
    """Walk one person through the program and tell what happens when.

    ``contact_id`` 0 is a sample person of whom nothing is known; another one's facts are those of today.
    ``hears_events``: every event waited for happens (after an hour at most); else none does. ``overlay`` sets single
    facts.
    """
    program = load_program(compiled)
    version = LoadedVersion(0, 0, 0, "", program)
    source = FixedFacts(overlay=overlay or {})
    started = start or clock.now()
    walker = Walker(0, 0, contact_id, 1, program.first, started, started, None, "")
    diary = _Diary(started, program.zone)
    now = started
    for _hop in range(MAX_HOPS):
        collector = Collector()
        advance([walker], now, source, collector, lambda _id: version)
        (move,) = collector.moves
        for effect in move.effects:
            diary.add_effect(now, effect)
            source.got.add(effect.id)
        if move.state != EnrolmentState.ACTIVE:
            diary.add(now, "end", reason_text(move.reason) if move.reason else _("The end of the journey."))
            break
        if move.step in program.series and move.due_at == NEVER:
            diary.add(now, "series", _("Waits here for new messages of the series."))
            break
        walker, now = _next(move, now, hears_events)
        if walker.heard is not None:
            diary.add(now, "event", _("What the journey waits for happens."))
    return diary.moments


class _Diary:
    """What happens to the sample person. Of a long series the first messages are told, and the last."""

    def __init__(self, started: datetime, zone: ZoneInfo) -> None:
        self.moments: list[Moment] = []
        self._first_day = started.astimezone(zone).date()
        self._zone = zone
        self._series: list[tuple[datetime, SendItem]] = []

    def add_effect(self, at: datetime, effect: Step) -> None:
        if not isinstance(effect, SendItem):
            self.add(at, effect_type(effect), describe_effect(effect))
            return
        if self._series and self._series[-1][1].within != effect.within:
            self._close_series()
        self._series.append((at, effect))

    def add(self, at: datetime, type: str, text: str) -> None:
        self._close_series()
        self._tell(at, type, text)

    def _close_series(self) -> None:
        sent, self._series = self._series, []
        last = len(sent) - 1
        for number, (at, effect) in enumerate(sent):
            if number < SHOWN_OF_SERIES or number == last:
                self._tell(at, effect_type(effect), describe_effect(effect))
            elif number == SHOWN_OF_SERIES:
                left_out = last - number
                text = ngettext(
                    "… %(n)s more message of the series …", "… %(n)s more messages of the series …", left_out
                )
                self._tell(at, "more", text % {"n": left_out})

    def _tell(self, at: datetime, type: str, text: str) -> None:
        local = at.astimezone(self._zone)
        self.moments.append(Moment(local, (local.date() - self._first_day).days, type, text))


def _next(move: Move, now: datetime, hears_events: bool) -> tuple[Walker, datetime]:
    hears = hears_events and move.waits_for is not None
    due = move.due_at or now
    at = min(due, now + timedelta(hours=1)) if hears else due
    heard = 0 if hears else None
    return move.walker._replace(step=move.step, arrived_at=move.arrived_at, heard=heard, place=move.place), at
