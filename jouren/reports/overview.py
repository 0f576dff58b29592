"""The whole shop at a glance: the pyramid and how people move in it, leads and purchases by month, and today's work.

A small shop is counted while somebody waits; a large one by a job, whole, and shown as of its moment (``kept.py``).
Weeks are seven of the shop's days, the last one ending now; months are the calendar's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from jouren.capture.queries import count_new_visitors, has_many_visitors, visitor_rises
from jouren.conditions.moments import day_of, end_of_day, start_of_day
from jouren.contacts.policies import zone_of
from jouren.core import clock
from jouren.core.zone import shop_zone
from jouren.messaging.day import DayOfMessages, messages_since
from jouren.messaging.queries import topic_paces
from jouren.messaging.sending_rules.queries import stored_rules
from jouren.messaging.sending_rules.silence import Pace
from jouren.orders.queries import has_many_orders, purchases_between
from jouren.peace.queries import count_left, count_left_since
from jouren.pyramid.movement import Movement, Rise, count_newcomers, first_arrivals, movements, rises
from jouren.pyramid.queries import StageCount, stage_counts
from jouren.pyramid.stages import Stage
from jouren.reports.kept import FRESH, Kept, answer_of, is_large_shop, register_shop_question

WEEKS, MONTHS = 12, 12
RISE_WITHIN = timedelta(days=90)
"""So long each person has to rise to the next stage."""
RISE_WINDOW = timedelta(days=270)
"""Those are looked at who came within so long, before the last ``RISE_WITHIN``; visitors are kept for 400 days."""
MOST_ORDERS, MOST_VISITORS = 50_000, 100_000


@dataclass(frozen=True)
class Level:
    """A stage: ``people`` there, who came and left in the last week, and of the stage below how many rise.

    ``rise`` is None for the first stage. On the second it is of browsers that registered.
    """

    stage: int
    people: int
    came: int
    left: int
    rise: Rise | None


@dataclass(frozen=True)
class Week:
    """Seven days from ``start`` on: how many people rose to each stage, and to how many somebody fell back."""

    start: date
    rose: Mapping[int, int]
    fell: int


@dataclass(frozen=True)
class Month:
    """The calendar month of ``start``: new leads, people's first purchases, and repeat purchases."""

    start: date
    leads: int = 0
    first: int = 0
    repeat: int = 0


@dataclass(frozen=True)
class Overview:
    """``levels`` from the base up; the first has only people who are known. ``strangers`` are browsers that nobody
    registered from, ``new_strangers`` those of the last week.

    ``weeks`` and ``months`` end with the one that runs. ``before``: the month before, up to the same day and hour.
    ``rise_since`` and ``rise_until``: when those came of whom :class:`Level` says how many rise.
    """

    levels: list[Level]
    strangers: int
    new_strangers: int
    weeks: list[Week]
    months: list[Month]
    before: Month
    until: datetime
    week_since: date
    rise_since: date
    rise_until: date

    @property
    def people(self) -> int:
        """Everybody who is known."""
        return sum(level.people for level in self.levels)


@dataclass(frozen=True)
class Silence:
    """A topic, by its key, that has been quiet for longer than usual: both in days."""

    topic: str
    last: date
    issues: int
    usual: float
    silent_for: int

    @property
    def pace(self) -> Pace:
        """The same as whoever keeps topics knows it."""
        return Pace(self.last, self.issues, timedelta(days=self.usual), timedelta(days=self.silent_for))


@dataclass(frozen=True)
class Today:
    """What happened since ``since``, when the shop's day began; how many are left in peace, in all and newly; and which
    topics have gone silent.
    """

    since: datetime
    messages: DayOfMessages
    left: int
    newly_left: int
    silent: list[Silence]


@dataclass(frozen=True)
class OverviewQuestion:
    """The pyramid, weeks and months."""

    fresh = FRESH
    text = '["overview"]'

    @property
    def is_large(self) -> bool:
        """Whether it is too much to count while somebody waits."""
        return is_large_shop() or has_many_orders(MOST_ORDERS) or has_many_visitors(MOST_VISITORS)

    def count(self) -> Overview:
        """The answer, counted now."""
        return count_overview(clock.now(), shop_zone())


@dataclass(frozen=True)
class TodayQuestion:
    """The work of a day of the shop's."""

    day: date
    fresh = timedelta(minutes=1)

    @property
    def text(self) -> str:
        """Each day has its own."""
        return json.dumps(["today", self.day.isoformat()])

    @property
    def is_large(self) -> bool:
        """Whether it is too much to count while somebody waits."""
        return is_large_shop()

    def count(self) -> Today:
        """The answer, counted now."""
        return count_today(start_of_day(self.day, shop_zone()), clock.now())

    @classmethod
    def read(cls, text: str) -> TodayQuestion:
        """The question of a text."""
        return cls(date.fromisoformat(json.loads(text)[1]))

    @classmethod
    def of_now(cls) -> TodayQuestion:
        """The one of the day that runs."""
        return cls(day_of(clock.now(), shop_zone()))


@dataclass(frozen=True)
class DayQuestion:
    """What became of messages on a day of the shop's that is over."""

    day: date
    fresh = FRESH

    @property
    def text(self) -> str:
        """Each day has its own."""
        return json.dumps(["day", self.day.isoformat()])

    @property
    def is_large(self) -> bool:
        """Whether it is too much to count while somebody waits."""
        return is_large_shop()

    def count(self) -> DayOfMessages:
        """The answer, counted now."""
        return messages_since(*bounds_of(self.day))

    @classmethod
    def read(cls, text: str) -> DayQuestion:
        """The question of a text."""
        return cls(date.fromisoformat(json.loads(text)[1]))

    @classmethod
    def of_yesterday(cls) -> DayQuestion:
        """The one of the last day that is over."""
        return cls(day_of(clock.now(), shop_zone()) - timedelta(days=1))


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """A day of the shop's: its first moment and its last, or now where it still runs."""
    zone = shop_zone()
    return start_of_day(day, zone), min(end_of_day(day, zone) - timedelta(microseconds=1), clock.now())


def messages_on(day: date) -> Kept[DayOfMessages]:
    """What became of messages on a day; today's are those that :func:`today` tells."""
    if day != day_of(clock.now(), shop_zone()):
        return answer_of(DayQuestion(day), DayOfMessages)
    found = today()
    return Kept(found.answer.messages if found.answer else None, found.as_of, found.is_counted_anew)


def overview() -> Kept[Overview]:
    """The pyramid, weeks and months as of now, or as they were counted last."""
    return answer_of(OverviewQuestion(), Overview)


def today() -> Kept[Today]:
    """The work of today so far."""
    return answer_of(TodayQuestion.of_now(), Today)


def count_today(since: datetime, now: datetime) -> Today:
    """What happened from the beginning of a day until now."""
    silent = [
        Silence(topic, pace.last, pace.issues, pace.usual / timedelta(days=1), pace.silent_for.days)
        for topic, pace in topic_paces(now, zone_of(stored_rules().zone)).items()
        if pace.usual is not None and pace.is_silent
    ]
    return Today(since, messages_since(since, now), count_left(), count_left_since(since), silent)


def count_overview(now: datetime, zone: tzinfo) -> Overview:
    """Everything, counted now. Days and months are those of ``zone``."""
    starts = [day_of(now, zone) - timedelta(days=7 * back - 1) for back in range(WEEKS, 0, -1)]
    week_bounds = [*(start_of_day(start, zone) for start in starts), now]
    moved = movements(week_bounds)
    months, before = _months(now, zone)
    since, until = now - RISE_WITHIN - RISE_WINDOW, now - RISE_WITHIN
    counts = stage_counts(now)
    return Overview(
        _levels(counts, moved[-1], week_bounds[-2], (since, until)),
        counts[0].strangers,
        count_new_visitors(week_bounds[-2]),
        [_week(start, steps) for start, steps in zip(starts, moved, strict=True)],
        months,
        before,
        now,
        starts[-1],
        day_of(since, zone),
        day_of(until, zone),
    )


def _levels(
    counts: list[StageCount], moved: dict[Stage, Movement], week: datetime, window: tuple[datetime, datetime]
) -> list[Level]:
    risen: dict[Stage, Rise] = rises(*window, RISE_WITHIN)
    risen[Stage.PROSPECT] = visitor_rises(*window, RISE_WITHIN)
    newcomers = {Stage.AWARE: count_newcomers(week)}
    return [
        Level(
            count.stage.value,
            count.people - count.strangers,
            moved[count.stage].came + newcomers.get(count.stage, 0),
            moved[count.stage].left,
            risen.get(count.stage),
        )
        for count in counts
    ]


def _week(start: date, steps: dict[Stage, Movement]) -> Week:
    rose = {stage.value: steps[stage].rose for stage in Stage if stage > Stage.AWARE}
    return Week(start, rose, sum(step.came - step.rose for step in steps.values()))


def _months(now: datetime, zone: tzinfo) -> tuple[list[Month], Month]:
    """The months, and the one before this up to the same day and hour, or to its end where it is shorter."""
    starts = [day_of(now, zone).replace(day=1)]
    while len(starts) < MONTHS:
        starts.insert(0, (starts[0] - timedelta(days=1)).replace(day=1))
    bounds = [start_of_day(start, zone) for start in starts]
    cut = min(_same_moment(now, starts[-2], zone), bounds[-1])
    # The month before this is counted in two parts.
    edges = [*bounds[:-1], cut, bounds[-1], now]
    leads, bought = first_arrivals(Stage.PROSPECT, edges), purchases_between(edges)
    parts = [(lead, *purchased) for lead, purchased in zip(leads, bought, strict=True)]
    *whole, begun, rest, current = parts
    last = tuple(one + other for one, other in zip(begun, rest, strict=True))
    months = [Month(start, *numbers) for start, numbers in zip(starts, [*whole, last, current], strict=True)]
    return months, Month(starts[-2], *begun)


def _same_moment(now: datetime, month: date, zone: tzinfo) -> datetime:
    """The same day and time of day in a month; a day that it has not lies in the next."""
    local = now.astimezone(zone)
    day = month + timedelta(days=local.day - 1)
    return datetime.combine(day, local.time(), tzinfo=zone).astimezone(now.tzinfo)


def register_questions() -> None:
    """Called when the room starts."""
    register_shop_question("overview", lambda text: OverviewQuestion(), OverviewQuestion)
    register_shop_question("today", TodayQuestion.read, TodayQuestion.of_now)
    register_shop_question("day", DayQuestion.read, DayQuestion.of_yesterday)
