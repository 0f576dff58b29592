"""The log's months: made ahead of time; what came before its month was made is kept, found, and moved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from jouren.core import clock
from jouren.core.loops import registered_loops
from jouren.events import partitions as events_partitions
from jouren.events.actions import NewEvent, record_event, redact_events
from jouren.events.partitions import ensure_partitions, keep_partitions
from jouren.events.queries import events_of
from tests.at_once import PATIENCE, at_once, meanwhile, somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)
LATER = datetime(2041, 5, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Take away the partitions that a test has made."""
    before = partitions()
    yield
    with connection.cursor() as cursor:
        for name in partitions() - before:
            cursor.execute(f"DROP TABLE {name}")


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events_event'::regclass")
        return {name for (name,) in cursor.fetchall()}


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def record_at(moment: datetime, monkeypatch: pytest.MonkeyPatch, contact_id: int = 7) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        record_event(NewEvent("problem.noted", contact_id, {"problem": 1, "text": "乾燥"}))


def test_this_month_and_the_three_after_it_are_there_from_the_start() -> None:
    month = clock.now().replace(day=1)
    names = set()
    for _month in range(4):
        names.add(f"events_event_{month:%Y_%m}")
        month = (month + timedelta(days=32)).replace(day=1)
    assert names <= partitions()


def test_a_worker_makes_next_months_partitions_long_before_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = next(loop for loop in registered_loops() if loop.name == "log-partitions")
    assert (loop.tick, loop.channel) == (keep_partitions, clock.CHANNEL)  # a moved clock wakes it
    assert loop.poll_seconds <= 3_600
    before = partitions()
    monkeypatch.setattr(clock, "now", lambda: LATER)
    keep_partitions()
    assert partitions() - before == {f"events_event_2041_{month:02}" for month in (5, 6, 7, 8)}
    assert ensure_partitions(LATER) == []


def test_a_partition_made_late_takes_over_the_events_that_waited_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    record_at(LATER, monkeypatch)
    assert (count("events_event_default"), len(events_of([7]))) == (1, 1)
    ensure_partitions(LATER)
    assert (count("events_event_default"), count("events_event_2041_05"), len(events_of([7]))) == (0, 1, 1)


def test_months_in_which_no_worker_ran_get_their_partitions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (LATER, LATER + timedelta(days=150), LATER + timedelta(days=150)):
        record_at(day, monkeypatch)
    ensure_partitions(LATER + timedelta(days=300))
    assert (count("events_event_default"), count("events_event_2041_05"), count("events_event_2041_10")) == (0, 1, 2)


def test_an_event_that_is_being_recorded_while_its_partition_is_made_is_not_in_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record_at(LATER, monkeypatch)
    written = threading.Event()

    def record() -> None:
        with transaction.atomic():
            record_at(LATER, monkeypatch)
            written.set()
            assert somebody_waits_for_a_lock()

    with meanwhile(record):
        assert written.wait(PATIENCE)
        made = ensure_partitions(LATER)
    assert made[0] == "events_event_2041_05"
    assert (count("events_event_default"), count("events_event_2041_05")) == (0, 2)


def test_a_long_backup_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody else would queue behind who waits."""
    monkeypatch.setattr(events_partitions, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(clock, "now", lambda: LATER)
    reads, may_end = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            count("events_event")
            reads.set()
            assert may_end.wait(PATIENCE)

    with meanwhile(read):
        assert reads.wait(PATIENCE)
        before = partitions()
        keep_partitions()
        assert partitions() == before
        may_end.set()
    keep_partitions()
    assert "events_event_2041_05" in partitions()


def test_an_erasing_that_meets_the_move_finds_what_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    record_at(LATER, monkeypatch)
    moved = threading.Event()

    def move() -> None:
        with transaction.atomic():
            ensure_partitions(LATER)
            moved.set()
            assert somebody_waits_for_a_lock()

    with meanwhile(move):
        assert moved.wait(PATIENCE)
        assert redact_events([7]) == 1
    assert [event.payload for event in events_of([7])] == [{"problem": 1}]


def test_two_workers_that_make_the_same_month_make_it_once() -> None:
    made = at_once(lambda: ensure_partitions(LATER), lambda: ensure_partitions(LATER))
    assert sorted(map(len, made)) == [0, 4]


def test_every_month_has_the_index_by_type_whenever_it_was_made() -> None:
    ensure_partitions(LATER)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(index.indisvalid), array_agg(index.indrelid::regclass::text) FROM pg_inherits AS part"
            " JOIN pg_index AS index ON index.indexrelid = part.inhrelid"
            " WHERE part.inhparent = 'events_event_of_type'::regclass"
        )
        is_valid, tables = cursor.fetchone()
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'events_event_of_type'::regclass")
        assert cursor.fetchone() == (True,)
    assert is_valid
    assert set(tables) == partitions()
