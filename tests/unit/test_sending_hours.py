"""Quiet hours and the sending window, across summer time and leap days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.sending_rules.hours import has_room, open_hours, quiet_over, window_opens
from jouren.messaging.sending_rules.policies import Candidate, Rulebook
from jouren.messaging.sending_rules.terms import Quiet, Rules, Window
from tests.sending_rules import NEW_YORK, NIGHT, OFFICE, TOKYO, moments, new_york, times, tokyo, zones


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (tokyo(2026, 3, 2, 20, 59), tokyo(2026, 3, 2, 20, 59)),
        (tokyo(2026, 3, 2, 21), tokyo(2026, 3, 3, 8)),
        (tokyo(2026, 3, 3, 7, 59), tokyo(2026, 3, 3, 8)),
        (tokyo(2026, 3, 3, 8), tokyo(2026, 3, 3, 8)),
        (tokyo(2028, 2, 28, 23), tokyo(2028, 2, 29, 8)),
        (tokyo(2028, 2, 29, 23), tokyo(2028, 3, 1, 8)),
        (tokyo(2027, 2, 28, 23), tokyo(2027, 3, 1, 8)),
    ],
)
def test_quiet_hours_end_in_the_morning(now: datetime, over: datetime) -> None:
    assert quiet_over(NIGHT, now, TOKYO) == over


def test_an_end_that_the_clocks_skip_is_the_first_moment_after_the_gap() -> None:
    quiet = Quiet(time(22), time(2, 30))
    assert quiet_over(quiet, new_york(2026, 3, 8, 1, 59), NEW_YORK) == new_york(2026, 3, 8, 3)


def test_a_night_on_which_the_clocks_jump_is_an_hour_shorter() -> None:
    start, over = new_york(2026, 3, 7, 21), quiet_over(NIGHT, new_york(2026, 3, 7, 21), NEW_YORK)
    assert over - start == timedelta(hours=10)
    assert over == new_york(2026, 3, 8, 8)


def test_an_end_that_the_clocks_show_twice_is_the_first_and_night_does_not_come_back() -> None:
    quiet = Quiet(time(22), time(1, 30))
    assert quiet_over(quiet, new_york(2026, 11, 1, 1, 29), NEW_YORK) == new_york(2026, 11, 1, 1, 30)
    again = new_york(2026, 11, 1, 1, 10, fold=1)
    assert quiet_over(quiet, again, NEW_YORK) == again


def test_quiet_hours_at_noon_are_within_a_day() -> None:
    noon = Quiet(time(12), time(13))
    assert quiet_over(noon, tokyo(2026, 3, 2, 12, 30), TOKYO) == tokyo(2026, 3, 2, 13)
    assert quiet_over(noon, tokyo(2026, 3, 2, 13, 30), TOKYO) == tokyo(2026, 3, 2, 13, 30)


@given(moments, times, times, zones)
def test_quiet_hours_are_over_soon_and_stay_over(now: datetime, start: time, end: time, zone: ZoneInfo) -> None:
    if start == end:
        return
    over = quiet_over(Quiet(start, end), now, zone)
    assert now <= over <= now + timedelta(hours=26)
    assert quiet_over(Quiet(start, end), over, zone) == over


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (tokyo(2026, 3, 2, 7), tokyo(2026, 3, 2, 8)),
        (tokyo(2026, 3, 2, 8), tokyo(2026, 3, 2, 8)),
        (tokyo(2026, 3, 2, 19, 59), tokyo(2026, 3, 2, 19, 59)),
        (tokyo(2026, 3, 2, 20), tokyo(2026, 3, 3, 8)),
        (tokyo(2026, 3, 6, 20), tokyo(2026, 3, 9, 8)),  # a Friday evening
    ],
)
def test_the_window_opens_on_its_days(now: datetime, opens: datetime) -> None:
    assert window_opens(OFFICE, now, TOKYO) == opens


def test_in_the_window_it_is_the_persons_own_clock_that_counts() -> None:
    assert window_opens(OFFICE, tokyo(2026, 3, 3, 14), NEW_YORK) == new_york(2026, 3, 3, 8)


def test_holidays_and_days_off_can_be_left_out() -> None:
    evening = tokyo(2026, 4, 28, 20)  # 昭和の日 follows
    assert window_opens(OFFICE, evening, TOKYO) == tokyo(2026, 4, 29, 8)
    restful = Window(time(8), time(20), frozenset(range(5)), on_holidays=False, on_closures=False)
    assert window_opens(restful, evening, TOKYO) == tokyo(2026, 4, 30, 8)
    assert window_opens(restful, evening, TOKYO, {date(2026, 4, 30)}) == tokyo(2026, 5, 1, 8)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    late_show = Window(time(22), time(2), frozenset({4}))
    assert window_opens(late_show, tokyo(2026, 3, 7, 1), TOKYO) == tokyo(2026, 3, 7, 1)
    assert window_opens(late_show, tokyo(2026, 3, 7, 2), TOKYO) == tokyo(2026, 3, 13, 22)


def test_days_alone_open_the_whole_day() -> None:
    weekdays = Window(days=frozenset(range(5)))
    assert window_opens(weekdays, tokyo(2026, 3, 7, 12), TOKYO) == tokyo(2026, 3, 9)
    assert window_opens(weekdays, tokyo(2026, 3, 6, 23, 59), TOKYO) == tokyo(2026, 3, 6, 23, 59)


def test_a_leap_day_is_a_day() -> None:
    assert window_opens(OFFICE, tokyo(2028, 2, 28, 21), TOKYO) == tokyo(2028, 2, 29, 8)


def test_a_window_that_lies_in_the_gap_opens_the_day_after() -> None:
    at_night = Window(time(2, 10), time(2, 40))
    assert window_opens(at_night, new_york(2026, 3, 8, 1), NEW_YORK) == new_york(2026, 3, 9, 2, 10)


def test_a_window_that_never_opens_is_searched_for_no_longer_than_a_year() -> None:
    always = [date(2026, 3, 1) + timedelta(days=ahead) for ahead in range(400)]
    closed = Window(time(8), time(20), on_closures=False)
    assert window_opens(closed, tokyo(2026, 3, 2), TOKYO, always) is None
    assert window_opens(Window(days=frozenset()), tokyo(2026, 3, 2), TOKYO) is None


@given(moments, times, times, st.sets(st.integers(0, 6), min_size=1), zones)
def test_the_window_opens_within_a_week_or_so_and_is_open_then(
    now: datetime, start: time, end: time, days: set[int], zone: ZoneInfo
) -> None:
    window = Window(start, end, frozenset(days))
    opens = window_opens(window, now, zone)
    assert opens is not None
    # A span within the hour that the clocks skip is missed once.
    assert now <= opens <= now + timedelta(days=15, hours=2)
    assert window_opens(window, opens, zone) == opens


@given(times, times, times, times)
def test_what_leaves_no_minute_is_known(a: time, b: time, c: time, d: time) -> None:
    quiet, window = Quiet(a, b), Window(c, d)
    if a == b:
        return
    now = datetime(2026, 3, 2, tzinfo=UTC)
    verdict = Rulebook(Rules(quiet=quiet, window=window, longest_delay=timedelta(days=9))).judge(
        Candidate("email", "help", "news", TOKYO, now), (), 0, now
    )
    is_stuck = verdict is not None and verdict.until is None
    assert is_stuck != has_room(quiet, window)


def test_open_hours_are_those_that_both_leave() -> None:
    assert open_hours(Quiet(time(21), time(8)), Window(time(7, 30), time(10))) == {8, 9}
    assert open_hours(None, None) == frozenset(range(24))
