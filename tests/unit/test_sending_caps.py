"""Caps: what they count, and when there is room again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jouren.messaging.sending_rules.caps import calendar_end, calendar_start, counted_by, room_from
from jouren.messaging.sending_rules.terms import Cap, Unit
from tests.sending_rules import NEW_YORK, TOKYO, gone, moments, tokyo, zones


def test_a_rolling_period_has_room_when_the_oldest_leaves_it() -> None:
    cap = Cap(1, 2, Unit.DAYS, 7)
    now = tokyo(2026, 3, 10, 12)
    sent = gone(tokyo(2026, 3, 2, 12), tokyo(2026, 3, 4, 9), tokyo(2026, 3, 9, 9))
    counted = counted_by(cap, now, sent, TOKYO)
    assert [each.id for each in counted] == [2, 3]
    assert room_from(cap, now, counted, TOKYO) == tokyo(2026, 3, 11, 9)


@pytest.mark.parametrize(
    ("unit", "room"),
    [
        (Unit.DAY, tokyo(2026, 12, 31)),
        (Unit.WEEK, tokyo(2027, 1, 4)),
        (Unit.MONTH, tokyo(2027, 1, 1)),
    ],
)
def test_a_period_of_the_calendar_has_room_when_the_next_begins(unit: Unit, room: datetime) -> None:
    now, sent = tokyo(2026, 12, 30, 12), gone(tokyo(2026, 12, 30, 0))
    counted = counted_by(Cap(1, 1, unit), now, sent, TOKYO)
    assert [each.id for each in counted] == [1]
    assert room_from(Cap(1, 1, unit), now, counted, TOKYO) == room


def test_the_calendar_is_the_shops() -> None:
    now = tokyo(2026, 3, 3, 0, 30)
    sent = gone(tokyo(2026, 3, 2, 23, 59))
    assert counted_by(Cap(1, 1, Unit.DAY), now, sent, TOKYO) == []
    assert counted_by(Cap(1, 1, Unit.DAY), now, sent, NEW_YORK) == sent


def test_february_of_a_leap_year_has_29_days() -> None:
    assert calendar_end(Unit.MONTH, tokyo(2028, 2, 29, 23, 59), TOKYO) == tokyo(2028, 3, 1)
    assert calendar_end(Unit.DAY, tokyo(2028, 2, 28, 12), TOKYO) == tokyo(2028, 2, 29)


def test_a_day_on_which_the_clocks_change_is_23_or_25_hours_long() -> None:
    for day, hours in ((date(2026, 3, 8), 23), (date(2026, 11, 1), 25)):
        noon = datetime.combine(day, time(12), NEW_YORK)
        start, end = (edge(Unit.DAY, noon, NEW_YORK) for edge in (calendar_start, calendar_end))
        assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("covered", "counts"),
    [
        ({}, True),
        ({"channel": "email"}, True),
        ({"channel": "line"}, False),
        ({"kind": "help"}, True),
        ({"kind": "ask"}, False),
        ({"topic": "news"}, True),
        ({"topic": "tea"}, False),
    ],
)
def test_only_what_it_covers_counts(covered: dict[str, str], counts: bool) -> None:
    cap = Cap(1, 1, Unit.DAY, **covered)
    now = tokyo(2026, 3, 2, 12)
    assert cap.covers("email", "help", "news") is counts
    assert bool(counted_by(cap, now, gone(now), TOKYO)) is counts


def test_a_transactional_message_is_covered_by_none() -> None:
    assert not Cap(1, 1, Unit.DAY).covers("email", "transactional", "")


def test_what_another_clock_sent_a_little_later_counts() -> None:
    now = tokyo(2026, 3, 2, 12)
    sent = gone(now + timedelta(seconds=2))
    assert counted_by(Cap(1, 1, Unit.HOURS, 1), now, sent, TOKYO) == sent
    assert counted_by(Cap(1, 1, Unit.DAY), now, sent, TOKYO) == sent


@given(moments, st.sampled_from(list(Unit)), zones)
def test_a_unit_of_the_calendar_holds_its_moment_and_is_followed_by_another(
    moment: datetime, unit: Unit, zone: ZoneInfo
) -> None:
    start, end = calendar_start(unit, moment, zone), calendar_end(unit, moment, zone)
    assert start <= moment < end
    assert calendar_start(unit, end, zone) == end
