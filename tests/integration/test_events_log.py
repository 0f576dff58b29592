"""Recording events: durable, once, validated, in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import connection, transaction

from jouren.core import clock
from jouren.events import types
from jouren.events.actions import NewEvent, record_event, record_events, redact_events
from jouren.events.errors import InvalidEvent
from jouren.events.models import ParkedEvent
from jouren.events.queries import events_of, inbox_backlog, inbox_is_empty
from jouren.events.types import EventType, register_event_type

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def event_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_types", dict(types._types))
    register_event_type(EventType("test.happened", "Happened", {"n": int, "word": str}, optional=frozenset({"word"})))
    register_event_type(EventType("test.secret", "Secret", {"word": str}, personal=frozenset({"word"})))
    register_event_type(EventType("test.told", "Told", reacts=False))
    register_event_type(EventType("test.bought", "Bought", {"order": str, "n": int}, identity=("order",)))


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def test_recorded_events_are_read_back_the_latest_first() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = record_events(
        [NewEvent("test.happened", 7, {"n": n}, occurred_at=start + timedelta(hours=n)) for n in range(3)]
    )
    told = events_of([7])
    assert [event.payload["n"] for event in told] == [2, 1, 0]
    assert [event.id for event in reversed(told)] == ids
    page = events_of([7], before=(told[0].occurred_at, told[0].id), limit=1)
    assert [event.payload["n"] for event in page] == [1]


def test_a_key_counts_once_for_each_source() -> None:
    first = record_event(NewEvent("test.happened", 7, {"n": 1}, source="shop", key="order-1"))
    assert first is not None
    assert record_event(NewEvent("test.happened", 7, {"n": 2}, source="shop", key="order-1")) is None
    assert record_event(NewEvent("test.happened", 7, {"n": 3}, source="other", key="order-1")) is not None
    assert [event.payload["n"] for event in events_of([7])] == [3, 1]


def test_a_key_that_stands_twice_in_one_batch_counts_once() -> None:
    batch = [NewEvent("test.happened", 7, {"n": n}, key=key) for n, key in enumerate(["a", "b", "a", "c"])]
    ids = record_events(batch)
    assert [event_id is not None for event_id in ids] == [True, True, False, True]
    assert [event.id for event in reversed(events_of([7]))] == [ids[0], ids[1], ids[3]]


def _buy(order: str, n: int, key: str | None, source: str = "shop") -> NewEvent:
    return NewEvent("test.bought", 7, {"order": order, "n": n}, source=source, key=key)


def _bought() -> list[int]:
    return [event.payload["n"] for event in reversed(events_of([7]))]


def test_a_thing_is_told_of_once_by_each_source_under_whatever_keys() -> None:
    assert record_event(_buy("1", 1, "a")) is not None
    assert record_event(_buy("1", 2, "b")) is None
    assert record_event(_buy("1", 3, None)) is None
    assert record_event(_buy("1", 4, "a", "till")) is not None
    assert record_event(_buy("2", 5, None)) is not None
    assert record_event(_buy("2", 6, "c")) is None
    assert _bought() == [1, 4, 5]


def test_in_one_batch_too_a_thing_is_told_of_once_and_its_first_telling_counts() -> None:
    batch = [_buy("1", 1, "a"), _buy("1", 2, "b"), _buy("1", 3, None), _buy("2", 4, "c"), _buy("1", 5, "a", "till")]
    ids = record_events(batch)
    assert [event_id is not None for event_id in ids] == [True, False, False, True, True]
    assert _bought() == [1, 4, 5]


def test_a_known_key_keeps_an_event_out_and_does_not_use_up_its_thing() -> None:
    record_event(_buy("1", 1, "a"))
    assert record_events([_buy("2", 2, "a"), _buy("2", 3, "b")])[0] is None
    assert _bought() == [1, 3]


def test_a_known_thing_keeps_an_event_out_and_does_not_use_up_its_key() -> None:
    record_event(_buy("1", 1, "a"))
    assert record_event(_buy("1", 2, "b")) is None
    assert record_event(_buy("2", 3, "b")) is not None


def test_a_key_is_known_in_every_later_month_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert record_event(NewEvent("test.happened", 7, {"n": 1}, key="a")) is not None
    later = clock.now() + timedelta(days=62)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert record_event(NewEvent("test.happened", 7, {"n": 2}, key="a")) is None
    assert record_event(NewEvent("test.happened", 7, {"n": 3}, key="b")) is not None
    assert _count(f"events_event_{later:%Y_%m}") == 1


def test_what_a_sender_wrote_into_a_key_cannot_be_read_in_the_database() -> None:
    record_event(_buy("hanako@example.jp", 1, "hanako@example.jp"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, thing FROM events_event_key")
        assert all(len(text) == 32 and "hanako" not in text for row in cursor.fetchall() for text in row)


def test_a_bad_event_stores_nothing_of_its_batch() -> None:
    good = NewEvent("test.happened", 7, {"n": 1})
    for bad in (
        NewEvent("test.unknown", 7),
        NewEvent("test.happened", 7, {}),
        NewEvent("test.happened", 7, {"n": "1"}),
        NewEvent("test.happened", 7, {"n": True}),
        NewEvent("test.happened", 7, {"n": 1, "extra": 1}),
        NewEvent("test.happened", 7, {"n": 1, "word": "a\x00b"}),
        NewEvent("test.happened", 7, {"n": 1, "word": "長" * 6000}),
        NewEvent("test.happened", 7, {"n": 1}, key="k" * 201),
        NewEvent("test.happened", 7, {"n": 1}, occurred_at=datetime(2026, 1, 1)),
        NewEvent("test.happened", 7, {"n": 1}, occurred_at=datetime(1, 1, 1, tzinfo=UTC)),
        NewEvent("test.happened", 7, {"n": 1}, occurred_at=datetime(1899, 12, 31, tzinfo=UTC)),
        NewEvent("test.happened", 7, {"n": 1}, occurred_at=clock.now() + timedelta(days=2)),
        # PostgreSQL keeps it, in the year 10000 of UTC, where no datetime of Python's can follow.
        NewEvent("test.happened", 7, {"n": 1}, occurred_at=datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))),
    ):
        with pytest.raises(InvalidEvent):
            record_events([good, bad])
    assert events_of([7]) == []
    assert inbox_is_empty()


def test_a_rolled_back_transaction_leaves_no_event_and_no_key() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record_event(NewEvent("test.happened", 7, {"n": 1}, key="a"))
        raise RuntimeError
    assert events_of([7]) == []
    assert record_event(NewEvent("test.happened", 7, {"n": 1}, key="a")) is not None


def test_an_event_that_is_only_told_does_not_enter_the_inbox() -> None:
    record_event(NewEvent("test.told", 7))
    assert inbox_is_empty()
    record_event(NewEvent("test.happened", 7, {"n": 1}))
    assert inbox_backlog()[0] == 1


def test_redaction_removes_personal_fields_of_that_contact_only() -> None:
    record_events([NewEvent("test.secret", 7, {"word": "私"}), NewEvent("test.secret", 8, {"word": "私"})])
    assert redact_events([7]) == 1
    assert events_of([7])[0].payload == {}
    assert events_of([8])[0].payload == {"word": "私"}


def test_redaction_leaves_a_field_of_the_same_name_where_it_is_not_personal() -> None:
    record_event(NewEvent("test.happened", 7, {"n": 1, "word": "public"}))
    assert redact_events([7]) == 0
    assert events_of([7])[0].payload == {"n": 1, "word": "public"}


def test_redaction_forgets_what_a_failed_reaction_quoted() -> None:
    now = clock.now()
    for contact_id in (7, 8):
        ParkedEvent.objects.create(
            event_id=contact_id,
            recorded_at=now,
            contact_id=contact_id,
            type="x",
            error="hana@example.jp",
            parked_at=now,
        )
    redact_events([7])
    assert list(ParkedEvent.objects.values_list("error", flat=True)) == ["", "hana@example.jp"]


def test_an_event_of_long_ago_is_told_at_its_own_time() -> None:
    long_ago = datetime(1950, 1, 1, tzinfo=UTC)
    record_events([NewEvent("test.happened", 7, {"n": 1}), NewEvent("test.happened", 7, {"n": 2}, long_ago)])
    assert [event.payload["n"] for event in events_of([7])] == [1, 2]
    assert events_of([7])[1].occurred_at == long_ago
    assert _count(f"events_event_{clock.now():%Y_%m}") == 2


def test_this_month_goes_to_its_own_partition() -> None:
    record_event(NewEvent("test.happened", 7, {"n": 1}))
    assert _count(f"events_event_{clock.now():%Y_%m}") == 1
    assert _count("events_event_default") == 0
