"""Moments as a shop gives them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from jouren.core.schedule import is_business_day, local_moment, next_business_day

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks move by half an hour


def test_eight_oclock_in_tokyo_is_eleven_at_night_the_day_before_in_utc() -> None:
    assert local_moment(date(2026, 11, 23), time(8), TOKYO) == datetime(2026, 11, 22, 23, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_becomes_the_first_moment_after_the_gap() -> None:
    assert local_moment(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert local_moment(date(2026, 3, 29), time(2, 0), BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert local_moment(date(2026, 3, 29), time(3, 0), BERLIN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_a_time_that_the_clocks_show_twice_is_the_first_of_the_two() -> None:
    assert local_moment(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    at=st.times(),
    zone=st.sampled_from([TOKYO, BERLIN, LORD_HOWE, ZoneInfo("America/St_Johns")]),
)
def test_a_moment_is_never_before_the_wanted_time_on_the_local_clock(day: date, at: time, zone: ZoneInfo) -> None:
    wanted = datetime.combine(day, at)
    shown = local_moment(day, at, zone).astimezone(zone).replace(tzinfo=None)
    assert wanted <= shown <= wanted + timedelta(hours=1)


@given(day=st.dates(date(2020, 1, 1), date(2035, 12, 31)), zone=st.sampled_from([TOKYO, BERLIN, LORD_HOWE]))
def test_the_same_time_of_the_next_day_is_always_later(day: date, zone: ZoneInfo) -> None:
    for at in (time(0), time(2, 15), time(8)):
        assert local_moment(day, at, zone) < local_moment(day + timedelta(days=1), at, zone)


def test_weekends_holidays_and_the_shops_own_days_off_are_no_business_days() -> None:
    assert not is_business_day(date(2026, 11, 22))  # a Sunday
    assert not is_business_day(date(2026, 11, 23))  # 勤労感謝の日
    assert is_business_day(date(2026, 11, 24))
    assert next_business_day(date(2026, 11, 21)) == date(2026, 11, 24)
    assert next_business_day(date(2026, 11, 21), {date(2026, 11, 24)}) == date(2026, 11, 25)
