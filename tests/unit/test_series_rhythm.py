"""When the items of a series go out."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from jouren.core.errors import UserError
from jouren.journeys.series.rhythm import Rhythm, describe_rhythm, every_of, make_rhythm, read_rhythm

TOKYO = ZoneInfo("Asia/Tokyo")
FRIDAY = date(2026, 11, 20)  # the Monday after it is a holiday


def at(day: date, hour: int = 7, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=TOKYO).astimezone(UTC)


def days(count: int) -> date:
    return FRIDAY + timedelta(days=count)


def test_every_day_comes_the_next_morning() -> None:
    rhythm = Rhythm(time(7))
    assert rhythm.after(at(FRIDAY), TOKYO) == at(days(1))
    assert rhythm.after(at(FRIDAY, 9, 30), TOKYO) == at(days(1))


def test_nothing_comes_twice_on_one_day() -> None:
    assert Rhythm(time(7)).after(at(FRIDAY, 6, 59), TOKYO) == at(days(1))


def test_the_first_moment_is_todays_unless_it_is_over() -> None:
    rhythm = Rhythm(time(7))
    assert rhythm.on_or_after(at(FRIDAY, 6, 59), TOKYO) == at(FRIDAY)
    assert rhythm.on_or_after(at(FRIDAY), TOKYO) == at(FRIDAY)
    assert rhythm.on_or_after(at(FRIDAY, 7, 1), TOKYO) == at(days(1))


def test_certain_weekdays() -> None:
    rhythm = Rhythm(time(7), weekdays=(0, 3))
    assert rhythm.on_or_after(at(FRIDAY), TOKYO) == at(days(3))
    assert rhythm.after(at(days(3)), TOKYO) == at(days(6))
    assert rhythm.after(at(days(6)), TOKYO) == at(days(10))


def test_a_weekday_that_is_no_business_day_is_passed_over() -> None:
    assert Rhythm(time(7), weekdays=(0, 3), business=True).after(at(FRIDAY), TOKYO) == at(days(6))


def test_every_few_days_is_put_off_to_the_next_business_day() -> None:
    rhythm = Rhythm(time(7), days=3, business=True)
    assert rhythm.after(at(FRIDAY), TOKYO) == at(days(4))
    assert rhythm.after(at(FRIDAY), TOKYO, {days(4)}) == at(days(5))


def test_a_shop_that_never_opens_on_its_weekdays_is_taken_at_its_word_for_the_weekday() -> None:
    never = [days(count) for count in range(800)]
    assert Rhythm(time(7), weekdays=(1,), business=True).after(at(FRIDAY), TOKYO, never) == at(days(1))


@pytest.mark.parametrize(
    ("rhythm", "text"),
    [
        (Rhythm(time(7)), "every day at 7:00"),
        (Rhythm(time(7), business=True), "every business day at 7:00"),
        (Rhythm(time(20, 5), days=3), "every 3 days at 20:05"),
        (Rhythm(time(7), days=3, business=True), "every 3 days at 7:00, business days only"),
        (Rhythm(time(7), weekdays=(0, 3)), "on Mon, Thu at 7:00"),
        (Rhythm(time(7), weekdays=(0,), business=True), "on Mon at 7:00, business days only"),
    ],
)
def test_a_rhythm_in_words(rhythm: Rhythm, text: str) -> None:
    assert describe_rhythm(rhythm) == text


def test_weekdays_are_told_as_a_shop_says_them() -> None:
    with translation.override("ja"):
        assert describe_rhythm(Rhythm(time(7), weekdays=(0, 3))) == "毎週月・木曜の7:00"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"every": "weekdays"}, "at least one weekday"),
        ({"every": "weekdays", "weekdays": [5, 6], "business": True}, "never a business day"),
        ({"every": "days", "days": None}, "every how many days"),
        ({"every": "days", "days": 0}, "every how many days"),
        ({"every": "days", "days": 366}, "every how many days"),
    ],
)
def test_a_rhythm_that_cannot_be_is_refused(wrong: dict[str, object], sentence: str) -> None:
    said = {"every": "day", "at": time(7), "days": 1, "weekdays": [], "business": False, "first": "now", **wrong}
    with pytest.raises(UserError, match=sentence):
        make_rhythm(**said)  # type: ignore[arg-type]


rhythms = st.builds(
    make_rhythm,
    every=st.sampled_from(["day", "days", "weekdays"]),
    at=st.times().map(lambda moment: moment.replace(second=0, microsecond=0, tzinfo=None)),
    days=st.integers(1, 40),
    weekdays=st.lists(st.integers(0, 6), min_size=1).map(lambda chosen: [*chosen, 2]),
    business=st.booleans(),
    first=st.sampled_from(["now", "rhythm"]),
)


@given(rhythm=rhythms)
def test_a_stored_rhythm_is_read_as_it_was(rhythm: Rhythm) -> None:
    assert read_rhythm(rhythm.to_json()) == rhythm
    assert every_of(rhythm) in {"day", "days", "weekdays"}


@given(
    rhythm=rhythms,
    last=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from([TOKYO, ZoneInfo("America/New_York"), ZoneInfo("UTC")]),
    closed=st.sets(st.dates(date(2024, 1, 1), date(2030, 3, 1)), max_size=30),
)
def test_a_rhythm_only_goes_forward_one_day_at_least(
    rhythm: Rhythm, last: datetime, zone: ZoneInfo, closed: set[date]
) -> None:
    first, following = rhythm.on_or_after(last, zone, closed), rhythm.after(last, zone, closed)
    assert first >= last
    assert following.astimezone(zone).date() > last.astimezone(zone).date()
    assert first <= following
