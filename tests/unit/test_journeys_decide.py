"""The only rule of a journey, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.events.types import Event
from jouren.journeys.decide import GOAL_REACHED, decide
from jouren.journeys.program import NEVER, Condition, Facts, Go, Leave, Program, Stay
from jouren.journeys.steps.changing import ChangeStage, Suppress
from jouren.journeys.steps.ending import Exit
from jouren.journeys.steps.forking import Branch, Split
from jouren.journeys.steps.listening import Path, WaitEvent
from jouren.journeys.steps.sending import Send
from jouren.journeys.steps.waiting import Wait, WaitBest, WaitDate, WaitUntil, moment_of

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # a Friday, 12:00 in Tokyo


def _program(goal: Condition | None = None, exits: tuple[tuple[Condition, str], ...] = ()) -> Program:
    return Program(None, TOKYO, exits=exits, goal=goal)


def _facts(values: tuple[Any, ...] = (), arrived_at: datetime = NOON, **more: Any) -> Facts:
    return Facts(values, NOON, arrived_at, **more)


def _first_value(values: tuple[Any, ...], now: datetime) -> bool:
    return bool(values[0])


def test_a_message_is_sent_and_the_person_goes_on() -> None:
    step = Send("a", 1, "email", "b")
    assert decide(_program(), step, _facts(), NOON) == Go("b", step)


def test_goal_and_exits_are_asked_again_before_a_message() -> None:
    step = Send("a", 1, "email", "b")
    assert decide(_program(goal=_first_value), step, _facts((True,)), NOON) == Leave(GOAL_REACHED)
    assert decide(_program(goal=_first_value), step, _facts((False,)), NOON) == Go("b", step)
    assert decide(_program(exits=((_first_value, "bought"),)), step, _facts((True,)), NOON) == Leave("bought")


def test_a_wait_lasts_from_arrival() -> None:
    step = Wait("a", 3600, "b")
    assert decide(_program(), step, _facts(), NOON) == Stay(NOON + timedelta(hours=1))
    assert decide(_program(), step, _facts(), NOON + timedelta(minutes=59)) == Stay(NOON + timedelta(hours=1))
    assert decide(_program(), step, _facts(), NOON + timedelta(hours=1)) == Go("b")


def test_day_three_at_eight_is_three_days_after_entry_in_the_shops_zone() -> None:
    step = WaitUntil("a", 3, time(8), False, "b")
    due = datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert decide(_program(), step, _facts(), NOON) == Stay(due)
    assert decide(_program(), step, _facts(), due) == Go("b")


def test_a_business_day_is_waited_for_over_a_long_weekend() -> None:
    step = WaitUntil("a", 1, time(8), True, "b")
    monday_is_a_holiday = datetime(2026, 11, 23, 23, tzinfo=UTC)  # Tuesday 8:00 in Tokyo
    assert decide(_program(), step, _facts(), NOON) == Stay(monday_is_a_holiday)
    closed = frozenset({date(2026, 11, 24)})
    assert decide(_program(), step, _facts(closures=closed), NOON) == Stay(monday_is_a_holiday + timedelta(days=1))


def test_a_time_of_day_that_was_missed_is_the_next_days() -> None:
    step = WaitUntil("a", 0, time(8), False, "b")
    assert decide(_program(), step, _facts(), NOON) == Stay(datetime(2026, 11, 20, 23, tzinfo=UTC))
    late = NOON + timedelta(days=5)
    assert decide(_program(), step, _facts(arrived_at=late), late) == Stay(datetime(2026, 11, 25, 23, tzinfo=UTC))


def test_an_event_wakes_and_otherwise_the_time_runs_out() -> None:
    step = WaitEvent("a", (Path("order.paid", {}, (), "", "bought"),), 3600, "not")
    assert decide(_program(), step, _facts(), NOON) == Stay(NOON + timedelta(hours=1), "order.paid")
    assert decide(_program(), step, _facts(heard=0), NOON) == Go("bought")
    assert decide(_program(), step, _facts(), NOON + timedelta(hours=1)) == Go("not")


def test_a_branch_asks_its_condition() -> None:
    step = Branch("a", ((_first_value, "yes"),), None)
    assert decide(_program(), step, _facts((1,)), NOON) == Go("yes")
    assert decide(_program(), step, _facts((0,)), NOON) == Go(None)


def test_stage_and_suppression_are_effects_and_an_exit_leaves() -> None:
    stage, suppress = ChangeStage("a", 3, "by hand", "b"), Suppress("a", "", "", "b")
    assert decide(_program(), stage, _facts(), NOON) == Go("b", stage)
    assert decide(_program(), suppress, _facts(), NOON) == Go("b", suppress)
    assert decide(_program(), Exit("a", "not for them"), _facts(), NOON) == Leave("not for them")


def _event(type: str, at: datetime, **payload: Any) -> Event:
    return Event(1, 7, type, 1, at, at, "test", payload, False)


_ACTION_PATHS = WaitEvent(
    "a",
    (
        Path("order.paid", {}, ({"field": "amount", "op": "gte", "value": 5000},), "", "large"),
        Path("order.paid", {}, (), "", "small"),
        Path("message.clicked", {"by": "human"}, (), "", "clicked"),
    ),
    86_400,
    "silent",
)


def test_of_several_events_the_first_that_fits_opens_its_way() -> None:
    assert _ACTION_PATHS.hears(_event("order.paid", NOON, amount=5000), NOON, "") == 0
    assert _ACTION_PATHS.hears(_event("order.paid", NOON, amount=4999), NOON, "") == 1
    assert _ACTION_PATHS.hears(_event("message.clicked", NOON, by="human"), NOON, "") == 2
    assert _ACTION_PATHS.hears(_event("message.clicked", NOON, by="scanner"), NOON, "") is None
    assert _ACTION_PATHS.hears(_event("order.paid", NOON - timedelta(seconds=1), amount=9), NOON, "") is None
    assert decide(_program(), _ACTION_PATHS, _facts(heard=1), NOON) == Go("small")
    assert decide(_program(), _ACTION_PATHS, _facts(), NOON) == Stay(
        NOON + timedelta(days=1), "message.clicked order.paid"
    )
    assert decide(_program(), _ACTION_PATHS, _facts(), NOON + timedelta(days=1)) == Go("silent")


def test_without_a_window_an_event_is_waited_for_for_ever() -> None:
    step = WaitEvent("a", (Path("order.paid", {}, (), "", "bought"),), None, "not")
    assert decide(_program(), step, _facts(), NOON + timedelta(days=9000)) == Stay(NEVER, "order.paid")


def test_an_event_of_another_order_does_not_wake_a_walk_about_this_one() -> None:
    step = WaitEvent("a", (Path("order.paid", {}, (), "order", "again"),), None, None)
    assert step.hears(_event("order.paid", NOON, order="1001"), NOON, "1001") == 0
    assert step.hears(_event("order.paid", NOON, order="1002"), NOON, "1001") is None


def test_the_first_way_that_fits_is_taken() -> None:
    def second(values: tuple[Any, ...], now: datetime) -> bool:
        return bool(values[1])

    step = Branch("a", ((_first_value, "one"), (second, "two")), "else")
    assert decide(_program(), step, _facts((1, 1)), NOON) == Go("one")
    assert decide(_program(), step, _facts((0, 1)), NOON) == Go("two")
    assert decide(_program(), step, _facts((0, 0)), NOON) == Go("else")


def test_lots_fall_by_weight_and_always_the_same_for_a_person() -> None:
    step = Split("b5a9b0c2-0000-4000-8000-000000000001", (20, 100), ("few", "many"))
    ways = [decide(_program(), step, _facts(contact_id=person), NOON) for person in range(20_000)]
    assert ways == [decide(_program(), step, _facts(contact_id=person), NOON) for person in range(20_000)]
    assert abs(ways.count(Go("few")) - 4_000) < 300  # five standard deviations
    assert ways.count(Go("few")) + ways.count(Go("many")) == 20_000


def test_two_splits_draw_independently() -> None:
    one, two = (Split(id_, (1, 2), ("a", "b")) for id_ in ("one", "two"))
    same = sum(one.way_of(person) == two.way_of(person) for person in range(20_000))
    assert abs(same - 10_000) < 400


def test_three_business_days_go_over_weekend_and_holiday() -> None:
    step = Wait("a", 0, "b", business_days=3)
    # Friday 20; Monday 23 is a holiday: Tuesday 24, Wednesday 25, Thursday 26.
    assert decide(_program(), step, _facts(), NOON) == Stay(datetime(2026, 11, 26, 3, tzinfo=UTC))
    closed = frozenset({date(2026, 11, 25)})
    assert decide(_program(), step, _facts(closures=closed), NOON) == Stay(datetime(2026, 11, 27, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("hour", "due"),
    [
        (12, NOON),  # it is that hour
        (20, datetime(2026, 11, 20, 11, tzinfo=UTC)),
        (8, datetime(2026, 11, 20, 23, tzinfo=UTC)),
        (11, datetime(2026, 11, 21, 2, tzinfo=UTC)),
    ],
)
def test_the_best_hour_is_waited_for_a_day_at_most(hour: int, due: datetime) -> None:
    step = WaitBest("a", "b")
    facts = _facts(best=(hour, TOKYO))
    assert decide(_program(), step, facts, NOON) == (Go("b") if due == NOON else Stay(due))
    assert decide(_program(), step, facts, due) == Go("b")


def test_of_whom_nothing_is_known_no_best_hour_is_waited_for() -> None:
    assert decide(_program(), WaitBest("a", "b"), _facts(), NOON) == Go("b")


def _wait_date(offset: int = 0, *, yearly: bool = False) -> WaitDate:
    changes = frozenset({"order.paid", "contact.changed"})
    return WaitDate("a", 0, offset, time(8), yearly, False, "there", "none", changes)


def test_a_date_of_theirs_is_waited_for_and_a_past_or_missing_one_goes_the_other_way() -> None:
    waits_for = "contact.changed order.paid"
    due = datetime(2026, 12, 7, 23, tzinfo=UTC)  # 8 December, 8:00 in Tokyo
    assert decide(_program(), _wait_date(7), _facts((date(2026, 12, 1),)), NOON) == Stay(due, waits_for)
    assert decide(_program(), _wait_date(7), _facts((date(2026, 12, 1),)), due) == Go("there")
    assert decide(_program(), _wait_date(-3), _facts((date(2026, 11, 22),)), NOON) == Go("none")
    assert decide(_program(), _wait_date(), _facts((None,)), NOON) == Go("none")
    moment = datetime(2026, 11, 24, 16, tzinfo=UTC)  # the 25th in Tokyo
    assert decide(_program(), _wait_date(), _facts((moment,)), NOON) == Stay(
        datetime(2026, 11, 24, 23, tzinfo=UTC), waits_for
    )


def test_a_birthday_is_the_next_one_and_29_february_falls_on_the_28th_in_other_years() -> None:
    waits_for = "contact.changed order.paid"
    born = date(1992, 2, 29)
    assert decide(_program(), _wait_date(yearly=True), _facts((born,)), NOON) == Stay(
        datetime(2027, 2, 27, 23, tzinfo=UTC), waits_for
    )
    late = datetime(2028, 1, 1, tzinfo=UTC)
    assert decide(_program(), _wait_date(yearly=True), _facts((born,), arrived_at=late), late) == Stay(
        datetime(2028, 2, 28, 23, tzinfo=UTC), waits_for
    )
    # Three days before New Year's Day is in the old year.
    assert decide(_program(), _wait_date(-3, yearly=True), _facts((date(1980, 1, 1),)), NOON) == Stay(
        datetime(2026, 12, 28, 23, tzinfo=UTC), waits_for
    )


@given(
    day=st.integers(0, 40),
    at=st.times(),
    business=st.booleans(),
    minutes=st.integers(0, 60 * 24 * 60),
    zone=st.sampled_from([TOKYO, ZoneInfo("Europe/Berlin")]),
)
def test_a_moment_is_never_before_arrival_nor_before_its_day(
    day: int, at: time, business: bool, minutes: int, zone: ZoneInfo
) -> None:
    arrived = NOON + timedelta(minutes=minutes)
    step = WaitUntil("a", day, at, business, None)
    moment = moment_of(step, _facts(arrived_at=arrived), zone)
    assert moment >= arrived
    assert moment.astimezone(zone).date() >= NOON.astimezone(zone).date() + timedelta(days=day)
