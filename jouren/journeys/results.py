"""What a journey brings: who reached its goal, after which message, and how many would have without it.

All of it is counted from the log anew, so that late events, merged people and another goal are counted rightly. What
was counted (``Counts``) is plain numbers that can be kept; what is told of it (``Results``) follows from those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from jouren.core import clock
from jouren.core.comparison import Comparison, Group, Interval, Side, compare, rate_interval, weeks_for
from jouren.core.sql import load_sql
from jouren.journeys.conversions import PURCHASE, conversion_days, conversion_of
from jouren.journeys.models import Journey
from jouren.journeys.purchases import is_meant
from jouren.journeys.series.progress import series_steps
from jouren.messaging.control_group.queries import smallest_effect
from jouren.messaging.queries import run_of
from jouren.messaging.vocabulary import RunKind
from jouren.orders.queries import standing_of

_sql = load_sql("journeys")
_WEEKS_LOOKED_BACK = 4
_ORDERS_AT_ONCE = 1_000
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

Place = tuple[bool, bool]
"""Whether somebody is held back, and whether they entered in the time that is compared."""
TREATED, HELD = (False, True), (True, True)


class Period(NamedTuple):
    """From when until when people were drawn with the same ``share`` (per cent); ``until`` None: they still are."""

    since: datetime
    until: datetime | None
    share: int


class Happened(NamedTuple):
    """An event that may count, with whom it happened to. ``place``: a side, or a step.

    ``left``: of an order that stands, what is left of it after refunds, in its smallest unit; None where nothing else
    is known of the order than this event.
    """

    contact_id: int
    place: Any
    event_id: int
    source: str
    payload: Mapping[str, Any]
    left: int | None = None


@dataclass
class Successes:
    """What was counted at one place: ``people`` who reached the goal, and the ``yen`` of each."""

    people: set[int] = field(default_factory=set)
    yen: dict[int, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class StepSuccesses:
    """After one message: people who reached the goal, and yen they spent (None where the goal is no purchase)."""

    people: int = 0
    yen: int | None = None


@dataclass(frozen=True)
class HoldoutCounts:
    """Two sides as they were counted: all who entered in the period, and of those whose time is over what they did."""

    period: Period
    treated: Side
    held: Side
    treated_group: Group
    held_group: Group


@dataclass(frozen=True)
class Counts:
    """What was counted of a journey. ``walked``: who got it; of those whose time is over ``reached``."""

    walked: Side
    reached: int
    steps: dict[str, StepSuccesses]
    holdout: HoldoutCounts | None


@dataclass(frozen=True)
class HoldoutResults:
    """Those who got the journey compared with those held back. ``goal``: what was compared. ``weeks``: until known."""

    period: Period
    goal: Mapping[str, Any]
    treated: Side
    held: Side
    comparison: Comparison
    smallest_effect: float
    weeks: float | None


@dataclass(frozen=True)
class Results:
    """How a journey does. ``goal`` None: a click. ``walked``: who got it; of those whose time is over ``reached``."""

    goal: Mapping[str, Any] | None
    days: int
    walked: Side
    reached: int
    steps: dict[str, StepSuccesses]
    holdout: HoldoutResults | None

    @property
    def rate(self) -> float | None:
        """The share that reached the goal; None before anybody's time is over."""
        return self.reached / self.walked.over if self.walked.over else None

    @property
    def interval(self) -> Interval:
        """Where that share may lie."""
        return rate_interval(self.reached, self.walked.over)


def results_of(journey: Journey, compiled: Mapping[str, Any]) -> Results:
    """The results of a journey by the goal of one of its versions."""
    return tell_results(count_results(journey, compiled), compiled)


def count_results(journey: Journey, compiled: Mapping[str, Any]) -> Counts:
    """Count everybody who ever entered, and what happened to them: of a large journey this takes its time."""
    goal, days = conversion_of(compiled), conversion_days(compiled)
    asked = _Asked(journey, timedelta(days=days), clock.now(), holdout_period(journey))
    sides = _sides(asked)
    walked = sides[False, False] + sides[False, True]
    if goal is None:
        compared = _after_entry(asked, PURCHASE)[0] if asked.period else {}
        return Counts(walked, _clicked(asked), {}, _holdout(asked, sides, compared, compared))
    bought: Mapping[Place, Successes] = {}
    if goal["event"] == PURCHASE["event"]:
        reached, bought = _after_entry(asked, goal, PURCHASE)
    else:
        (reached,) = _after_entry(asked, goal)
        if asked.period:
            (bought,) = _after_entry(asked, PURCHASE)
    people = len(reached[False, False].people) + len(reached[False, True].people)
    return Counts(walked, people, count_steps(journey, compiled), _holdout(asked, sides, reached, bought))


def tell_results(counts: Counts, compiled: Mapping[str, Any]) -> Results:
    """What follows from what was counted by a goal. Compared is by the smallest difference that matters today."""
    goal, days = conversion_of(compiled), conversion_days(compiled)
    held = counts.holdout
    holdout = None if held is None else _compared(held, PURCHASE if goal is None else goal, days)
    return Results(goal, days, counts.walked, counts.reached, counts.steps, holdout)


class Sent(NamedTuple):
    """Of which messages successes are told: of walks on a version; sent from a moment (included) to another (not)."""

    version_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def count_steps(journey: Journey, compiled: Mapping[str, Any], sent: Sent | None = None) -> dict[str, StepSuccesses]:
    """Each success at the last message before it, by step; nothing where the goal is a click.

    Of ``sent`` are told only those that stand at such a message, so that several parts add up to the whole.
    """
    goal = conversion_of(compiled)
    if goal is None:
        return {}
    sent = sent or Sent()
    is_purchase = goal["event"] == PURCHASE["event"]
    step_of = {item: step for step, series in series_steps(journey.pk).items() for item in series.items}
    rows = _sql.each(
        "events_after_messages",
        {
            "journey_id": journey.pk,
            "run_id": run_of(RunKind.JOURNEY, str(journey.pk)),
            "window": timedelta(days=conversion_days(compiled)),
            "type": goal["event"],
            "version_id": sent.version_id,
            "from": sent.since,
            "to": sent.until,
        },
    )
    happened = (
        Happened(contact_id, (step_of.get(step, step), is_asked), *told) for contact_id, step, is_asked, *told in rows
    )
    (counted,) = count_successes(_standing(happened) if is_purchase else happened, goal)
    return {
        step: StepSuccesses(len(found.people), sum(found.yen.values()) if is_purchase else None)
        for (step, is_asked), found in counted.items()
        if is_asked
    }


def holdout_period(journey: Journey) -> Period | None:
    """The last time in which people were held back by one and the same share; None when they never were."""
    until: datetime | None = None
    found: Period | None = None
    for published_at, share in _sql.all("holdout_versions", {"journey_id": journey.pk}):
        if found is not None and share != found.share:
            break
        if share:
            found = Period(published_at, found.until if found else until, share)
        until = published_at
    return found


class _Asked(NamedTuple):
    """What is counted: over which window, as of when, and which time is compared."""

    journey: Journey
    window: timedelta
    now: datetime
    period: Period | None

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "journey_id": self.journey.pk,
            "run_id": run_of(RunKind.JOURNEY, str(self.journey.pk)),
            "window": self.window,
            "now": self.now,
            "since": self.period.since if self.period else _NEVER,
            "until": self.period.until or _NEVER if self.period else _NEVER,
        }


def _sides(asked: _Asked) -> defaultdict[Place, Side]:
    sides: defaultdict[Place, Side] = defaultdict(Side)
    for is_held_out, is_compared, entered, over, lately in _sql.all("entries", asked.parameters):
        sides[is_held_out, is_compared] = Side(entered, over, lately / _WEEKS_LOOKED_BACK)
    return sides


def _clicked(asked: _Asked) -> int:
    row = _sql.one("clicked_after_entry", asked.parameters)
    return row[0] if row else 0


def _after_entry(asked: _Asked, *goals: Mapping[str, Any]) -> list[defaultdict[Place, Successes]]:
    """What meets each goal, of one type of events all, within the windows of all who entered."""
    rows = _sql.each("events_after_entry", {**asked.parameters, "type": goals[0]["event"]})
    happened = (Happened(contact_id, (held, compared), *told) for contact_id, held, compared, *told in rows)
    is_purchase = goals[0]["event"] == PURCHASE["event"]
    return count_successes(_standing(happened) if is_purchase else happened, *goals)


def _standing(happened: Iterable[Happened]) -> Iterator[Happened]:
    """Of what tells of payments what tells of orders that still stand, each with what is left of it."""
    each_event = iter(happened)
    while part := list(islice(each_event, _ORDERS_AT_ONCE)):
        orders = standing_of({(event.source, event.payload["order"]) for event in part})
        for event in part:
            known = orders.get((event.source, event.payload["order"]))
            if known is None:
                yield event
            elif known.stands:
                kind = event.payload.get("kind") or known.kind  # its codes may have got their meaning since
                yield event._replace(payload={**event.payload, "kind": kind}, left=known.left)


def count_successes(happened: Iterable[Happened], *goals: Mapping[str, Any]) -> list[defaultdict[Any, Successes]]:
    """What meets each of the goals, by place. An order counts once, however many events tell of it. Pure.

    ``happened`` comes in the order in which it was told: the first event that meets a goal counts.
    """
    counted: list[defaultdict[Any, Successes]] = [defaultdict(Successes) for _goal in goals]
    seen: list[set[tuple[str, Any]]] = [set() for _goal in goals]
    for event in happened:
        thing = (event.source, event.payload.get("order", event.event_id))
        for goal, found, known in zip(goals, counted, seen, strict=True):
            if thing in known or not is_meant(goal["event"], event.payload, goal["match"], goal["where"]):
                continue
            known.add(thing)
            successes = found[event.place]
            successes.people.add(event.contact_id)
            if event.payload.get("currency") == "JPY":
                successes.yen[event.contact_id] += event.payload["amount"] if event.left is None else event.left
    return counted


def _holdout(
    asked: _Asked,
    sides: Mapping[Place, Side],
    reached: Mapping[Place, Successes],
    bought: Mapping[Place, Successes],
) -> HoldoutCounts | None:
    if asked.period is None:
        return None
    treated, held = sides.get(TREATED, Side()), sides.get(HELD, Side())
    groups = [
        _group(side, reached.get(place, Successes()), bought.get(place, Successes()))
        for place, side in ((TREATED, treated), (HELD, held))
    ]
    return HoldoutCounts(asked.period, treated, held, *groups)


def _compared(counts: HoldoutCounts, goal: Mapping[str, Any], days: int) -> HoldoutResults:
    effect = smallest_effect()
    comparison = compare(counts.treated_group, counts.held_group, effect)
    going_on = counts.held if counts.period.until is None else replace(counts.held, weekly=0)
    weeks = weeks_for(comparison, going_on, days)
    return HoldoutResults(counts.period, goal, counts.treated, counts.held, comparison, effect, weeks)


def _group(side: Side, reached: Successes, bought: Successes) -> Group:
    yen = bought.yen.values()
    return Group(side.over, len(reached.people), len(bought.yen), sum(yen), sum(each**2 for each in yen))
