"""On which days a broadcast goes, when each person's turn is, who is drawn for which version."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.broadcasts.policies import (
    HOUR,
    Rhythm,
    begin_of,
    lot,
    pace,
    place_in_rest,
    place_of,
    room_until,
    turns,
)

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Tokyo",
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
        "Pacific/Niue",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
    )
]
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))
rhythms = st.builds(
    Rhythm, st.frozensets(st.integers(0, 6), max_size=7), st.frozensets(st.integers(1, 31), max_size=4)
).filter(lambda rhythm: rhythm.weekdays or rhythm.month_days)


@settings(deadline=None)
@given(rhythms, days)
def test_the_next_day_is_the_first_one_that_fits(rhythm: Rhythm, after: date) -> None:
    found = rhythm.next_day(after)
    assert found is not None
    assert found > after
    assert rhythm.falls_on(found)
    between = [after + timedelta(days=ahead) for ahead in range(1, (found - after).days)]
    assert not any(map(rhythm.falls_on, between))


@settings(deadline=None)
@given(rhythms, days, st.integers(0, 60))
def test_nothing_comes_after_the_last_day(rhythm: Rhythm, after: date, ahead: int) -> None:
    until = after + timedelta(days=ahead)
    found = rhythm.next_day(after, until)
    assert found is None or found <= until


@pytest.mark.parametrize(
    ("month_day", "after", "expected"),
    [
        (31, date(2027, 1, 31), date(2027, 2, 28)),
        (31, date(2028, 1, 31), date(2028, 2, 29)),
        (30, date(2027, 2, 1), date(2027, 2, 28)),
        (15, date(2026, 12, 15), date(2027, 1, 15)),
        (1, date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_a_month_that_lacks_the_day_has_it_at_its_end(month_day: int, after: date, expected: date) -> None:
    assert Rhythm(month_days=frozenset({month_day})).next_day(after) == expected


@settings(deadline=None)
@given(rhythms, days, clocks, st.sampled_from(ZONES))
def test_issues_follow_each_other_across_every_change_of_the_clocks(
    rhythm: Rhythm, start: date, at: time, zone: ZoneInfo
) -> None:
    moments, day = [], start
    for _ in range(30):
        following = rhythm.next_day(day)
        assert following is not None
        day = following
        moments.append((day, begin_of(day, at, zone)))
    for (_day, earlier), (_next, later) in pairwise(moments):
        assert earlier < later
    for day, moment in moments:
        local = moment.astimezone(zone)
        # Never early; a time that the clocks skip comes as soon as they go on.
        assert datetime.combine(day, at) <= local.replace(tzinfo=None) <= datetime.combine(day, at) + HOUR * 24


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        # Skipped: 2:30 does not exist, 3:00 is the first moment after.
        (date(2027, 3, 14), time(2, 30), "America/New_York", datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),
        # Twice: the first of the two.
        (date(2026, 11, 1), time(1, 30), "America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (date(2026, 11, 24), time(9, 0), "Asia/Tokyo", datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
    ],
)
def test_clocks_that_are_put_forward_or_back(day: date, at: time, zone: str, expected: datetime) -> None:
    assert begin_of(day, at, ZoneInfo(zone)) == expected


@settings(deadline=None)
@given(days, clocks, st.lists(st.sampled_from(ZONES), min_size=1, unique_by=lambda zone: zone.key))
def test_where_everybody_has_their_own_clock_it_begins_with_the_first(
    day: date, at: time, zones: list[ZoneInfo]
) -> None:
    assert begin_of(day, at, TOKYO, zones) == min(begin_of(day, at, zone) for zone in zones)


NOW = datetime(2026, 11, 24, tzinfo=UTC)
dues = st.lists(st.integers(-3_600, 7_200), min_size=1, max_size=300).map(
    lambda seconds: [NOW + timedelta(seconds=each) for each in sorted(seconds)]
)


@settings(deadline=None)
@given(dues, st.integers(1, 100_000), st.none() | st.integers(-7_200, 7_200))
def test_no_hour_has_more_than_are_allowed_and_nobody_is_early(
    due: list[datetime], per_hour: int, free_in: int | None
) -> None:
    free = None if free_in is None else NOW + timedelta(seconds=free_in)
    moments = turns(due, free, NOW, per_hour)
    assert all(moment >= max(wanted, NOW) for moment, wanted in zip(moments, due, strict=True))
    assert all(later - earlier >= pace(per_hour) for earlier, later in pairwise(moments))
    for moment in moments:
        assert sum(moment <= each < moment + HOUR for each in moments) <= per_hour


@settings(deadline=None)
@given(dues)
def test_without_a_throttle_everybody_goes_when_due(due: list[datetime]) -> None:
    assert turns(due, None, NOW, None) == due


@settings(deadline=None)
@given(st.integers(1, 100_000), st.integers(-600, 600), st.integers(1, 1_000))
def test_as_many_are_planned_as_go_up_to_a_moment(per_hour: int, free_in: int, most: int) -> None:
    until, free = NOW + timedelta(seconds=60), NOW + timedelta(seconds=free_in)
    room = room_until(until, free, NOW, per_hour, most)
    moments = turns([NOW] * (room + 1), free, NOW, per_hour)
    assert all(moment <= until for moment in moments[:room])
    assert room == most or moments[room] > until


@settings(deadline=None)
@given(st.integers(1, 2**40), st.integers(1, 2**40))
def test_a_lot_is_always_the_same_and_in_range(issue_id: int, contact_id: int) -> None:
    assert 0 <= lot(issue_id, contact_id) < 1
    assert lot(issue_id, contact_id) == lot(issue_id, contact_id)


@settings(deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 99), st.integers(2, 4))
def test_everybody_is_in_the_test_or_in_the_rest(drawn: float, percent: int, variants: int) -> None:
    place = place_of(drawn, percent / 100, variants)
    assert (place is None) == (drawn >= percent / 100)
    if place is None:
        assert 0 <= place_in_rest(drawn, percent / 100, variants) < variants
    else:
        assert 0 <= place < variants


def test_lots_are_fair() -> None:
    people, share, variants = 40_000, 0.2, 4
    places = [place_of(lot(7, person), share, variants) for person in range(people)]
    for place in range(variants):
        # Five standard deviations of a binomial count; the lots are fixed, so this never fails by chance.
        expected = people * share / variants
        assert abs(places.count(place) - expected) < 5 * expected**0.5
