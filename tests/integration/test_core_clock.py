"""A sandbox's clock: the same moment in every process, and hops from one due moment to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from jouren.core import clock, hops
from jouren.core.hops import hop, register_busy, register_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    """No room has anything due but what the test registers."""
    monkeypatch.setattr(hops, "_next_due", [])
    monkeypatch.setattr(hops, "_busy", [])


@pytest.fixture
def real_shop(settings: Settings) -> None:
    settings.JOUREN = replace(settings.JOUREN, sandbox=False)


def ahead() -> timedelta:
    clock.forget()
    return clock.now() - datetime.now(UTC)


def near(duration: timedelta) -> object:
    return pytest.approx(duration.total_seconds(), abs=1)


def due_at(moment: datetime) -> Callable[[], datetime | None]:
    return lambda: moment if clock.now() < moment else None


def test_the_clock_shows_real_time_until_it_is_moved() -> None:
    assert ahead().total_seconds() == near(timedelta())


def test_a_moved_clock_goes_on_from_there_and_never_back() -> None:
    clock.move_to(datetime.now(UTC) + timedelta(days=7))
    assert ahead().total_seconds() == near(timedelta(days=7))
    clock.move_to(datetime.now(UTC) + timedelta(days=1))
    assert ahead().total_seconds() == near(timedelta(days=7))


def test_asking_for_the_time_again_costs_no_query(django_assert_num_queries: Callable[[int], object]) -> None:
    clock.now()
    with django_assert_num_queries(0):
        clock.now()


@pytest.mark.usefixtures("real_shop")
def test_a_real_shop_asks_no_database_and_cannot_be_moved(django_assert_num_queries: Callable[[int], object]) -> None:
    with django_assert_num_queries(0):
        clock.now()
        with pytest.raises(clock.NotASandbox):
            clock.move_to(datetime.now(UTC) + timedelta(days=1))
        with pytest.raises(clock.NotASandbox):
            clock.advance(timedelta(days=1))


@pytest.mark.usefixtures("rooms")
def test_with_nothing_due_one_hop_reaches_the_target() -> None:
    clock.advance(timedelta(days=7))
    assert hop() is True
    assert ahead().total_seconds() == near(timedelta(days=7))
    assert clock.target() is None
    assert hop() is False


@pytest.mark.usefixtures("rooms")
def test_the_clock_stops_at_each_due_moment_on_the_way_in_order() -> None:
    start = clock.now()
    for days in (6, 3, 30):
        register_due(due_at(start + timedelta(days=days)))
    clock.advance(timedelta(days=10))
    stops = []
    while hop():
        stops.append(round(ahead() / timedelta(days=1)))
    assert stops == [3, 6, 10]


@pytest.mark.usefixtures("rooms")
def test_at_a_stop_what_is_due_is_due() -> None:
    due = clock.now() + timedelta(days=3)
    register_due(due_at(due))
    clock.advance(timedelta(days=10))
    hop()
    clock.forget()
    assert due <= clock.now() < due + timedelta(seconds=1)


@pytest.mark.usefixtures("rooms")
def test_the_clock_waits_while_a_room_has_work() -> None:
    work = [True]
    register_busy(lambda: work[0])
    clock.advance(timedelta(days=1))
    assert hop() is False
    assert ahead().total_seconds() == near(timedelta())
    work[0] = False
    assert hop() is True
    assert ahead().total_seconds() == near(timedelta(days=1))


@pytest.mark.usefixtures("rooms")
def test_asked_twice_the_clock_goes_both_ways_further() -> None:
    clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=2))
    assert hop() is True
    assert ahead().total_seconds() == near(timedelta(days=3))
    clock.advance(timedelta(days=1))
    assert hop() is True
    assert ahead().total_seconds() == near(timedelta(days=4))


@pytest.mark.usefixtures("rooms")
def test_advance_says_where_it_will_arrive() -> None:
    clock.move_to(datetime.now(UTC) + timedelta(days=5))
    arrival = clock.advance(timedelta(days=2))
    assert (arrival - datetime.now(UTC)).total_seconds() == near(timedelta(days=7))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rooms")
def test_only_one_process_moves_the_clock() -> None:
    clock.advance(timedelta(days=1))
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [hops._LOCK])
            assert hop() is False
            cursor.execute("SELECT pg_advisory_unlock(%s)", [hops._LOCK])
        assert hop() is True
    finally:
        other.close()
