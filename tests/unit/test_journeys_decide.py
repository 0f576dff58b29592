"""The only rule of a journey, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from jouren.journeys.decide import GOAL_REACHED, Facts, Go, Leave, Stay, decide, moment_of
from jouren.journeys.program import (
    Branch,
    ChangeStage,
    Condition,
    Exit,
    Program,
    Send,
    Suppress,
    Wait,
    WaitEvent,
    WaitUntil,
)

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # a Friday, 12:00 in Tokyo


def _program(goal: Condition | None = None, exits: tuple[tuple[Condition, str], ...] = ()) -> Program:
    return Program(None, TOKYO, "test", {}, "once", None, exits, goal, {}, ())


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
    step = WaitEvent("a", "order.paid", {}, 3600, "bought", "not")
    assert decide(_program(), step, _facts(), NOON) == Stay(NOON + timedelta(hours=1), "order.paid")
    assert decide(_program(), step, _facts(heard=True), NOON) == Go("bought")
    assert decide(_program(), step, _facts(), NOON + timedelta(hours=1)) == Go("not")


def test_a_branch_asks_its_condition() -> None:
    step = Branch("a", _first_value, "yes", None)
    assert decide(_program(), step, _facts((1,)), NOON) == Go("yes")
    assert decide(_program(), step, _facts((0,)), NOON) == Go(None)


def test_stage_and_suppression_are_effects_and_an_exit_leaves() -> None:
    stage, suppress = ChangeStage("a", 3, "by hand", "b"), Suppress("a", "", "", "b")
    assert decide(_program(), stage, _facts(), NOON) == Go("b", stage)
    assert decide(_program(), suppress, _facts(), NOON) == Go("b", suppress)
    assert decide(_program(), Exit("a", "not for them"), _facts(), NOON) == Leave("not for them")


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
