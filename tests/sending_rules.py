"""Moments, rules and strategies that tests of the sending rules share."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from jouren.messaging.sending_rules.caps import Gone
from jouren.messaging.sending_rules.hours import has_room
from jouren.messaging.sending_rules.terms import Cap, Quiet, Readiness, Rules, Unit, Window

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = [TOKYO, NEW_YORK, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")]
NIGHT = Quiet(time(21), time(8))
OFFICE = Window(time(8), time(20), frozenset(range(5)))

moments = st.datetimes(datetime(2023, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
zones = st.sampled_from(ZONES)


def tokyo(*parts: int) -> datetime:
    """A moment as clocks in Tokyo show it."""
    return datetime(*parts, tzinfo=TOKYO).astimezone(UTC)  # type: ignore[arg-type, misc]


def new_york(*parts: int, fold: int = 0) -> datetime:
    """A moment as clocks in New York show it; ``fold`` 1: the second time they do."""
    return datetime(*parts, tzinfo=NEW_YORK, fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


def gone(*moments: datetime, channel: str = "email", kind: str = "help", topic: str = "news") -> list[Gone]:
    """Messages that went at these moments, numbered from 1."""
    return [Gone(number, at, channel, kind, topic) for number, at in enumerate(moments, start=1)]


rolling_caps = st.builds(
    Cap,
    id=st.just(1),
    most=st.integers(1, 4),
    unit=st.sampled_from([Unit.HOURS, Unit.DAYS]),
    length=st.integers(1, 40),
)
calendar_caps = st.builds(
    Cap, id=st.just(2), most=st.integers(1, 4), unit=st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH])
)
caps = st.lists(rolling_caps | calendar_caps, max_size=3).map(tuple)
quiets = st.builds(Quiet, times, times).filter(lambda quiet: quiet.start != quiet.end)
windows = st.builds(Window, times, times, st.frozensets(st.integers(0, 6), min_size=1))
rulesets = st.builds(
    Rules,
    zone=zones,
    quiet=st.none() | quiets,
    window=st.none() | windows,
    caps=caps,
    readiness=st.none() | st.builds(Readiness, st.integers(1, 3)),
).filter(lambda rules: has_room(rules.quiet, rules.window))
