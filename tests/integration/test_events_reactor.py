"""Reacting to events: effectively once, in each person's order, one person's failure is nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.contacts.models import Alias
from jouren.core import clock
from jouren.events import reactions as registry
from jouren.events import reactor, types
from jouren.events.actions import CHANNEL, NewEvent, give_up_parked, record_event, record_events, retry_parked
from jouren.events.models import ParkedEvent
from jouren.events.queries import events_of, inbox_is_empty
from jouren.events.reactions import Reaction, register_contact_resolver, register_reaction
from jouren.events.reactor import HISTORY, tick, tick_history, tick_live
from jouren.events.types import Event, EventType, register_event_type
from tests.examples import examples
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db(transaction=True)


class Witness:
    """A reaction that remembers what it saw, and fails where it is told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.fails_on: set[tuple[int, int]] = set()

    def react(self, events: Sequence[Event]) -> None:
        for event in events:
            step = (event.contact_id, event.payload["n"])
            if step in self.fails_on:
                raise ValueError(f"cannot take {step}")
        self.seen += [(event.contact_id, event.payload["n"]) for event in events]


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    monkeypatch.setattr(types, "_types", dict(types._types))
    monkeypatch.setattr(registry, "_reactions", {})
    monkeypatch.setattr(registry, "_resolver", None)
    register_event_type(EventType("test.happened", "Happened", {"n": int}))
    seen = Witness()
    register_reaction(Reaction("witness", seen.react))
    return seen


def _happen(contact_id: int, n: int, *, historical: bool = False) -> None:
    record_event(NewEvent("test.happened", contact_id, {"n": n}, historical=historical))


def test_every_event_is_reacted_to_once_in_its_persons_order(witness: Witness) -> None:
    record_events([NewEvent("test.happened", contact, {"n": n}) for n in range(5) for contact in range(40)])
    react_to_all()
    assert sorted(witness.seen) == [(contact, n) for contact in range(40) for n in range(5)]
    for contact in range(40):
        assert [n for who, n in witness.seen if who == contact] == [0, 1, 2, 3, 4]
    assert inbox_is_empty()


def test_an_event_committed_late_is_still_seen(witness: Witness) -> None:
    """A transaction that took its id first but commits last must not be skipped."""
    started, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            _happen(1, 1)
            started.set()
            may_commit.wait(10)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    started.wait(10)
    _happen(33, 2)
    react_to_all()
    assert witness.seen == [(33, 2)]
    may_commit.set()
    writer.join()
    react_to_all()
    assert witness.seen == [(33, 2), (1, 1)]


def test_a_failing_event_parks_that_person_and_nobody_else(witness: Witness) -> None:
    witness.fails_on = {(1, 1)}
    for n in range(3):
        _happen(1, n)
        _happen(33, n)  # the same shard
    react_to_all()
    assert witness.seen == [(1, 0), (33, 0), (33, 1), (33, 2)]
    parked = list(ParkedEvent.objects.all())
    assert [(row.contact_id, row.reaction) for row in parked] == [(1, "witness"), (1, "")]
    assert parked[0].error == "ValueError: cannot take (1, 1)"
    _happen(1, 3)
    react_to_all()
    assert (1, 3) not in witness.seen
    assert ParkedEvent.objects.count() == 3


def test_a_retry_takes_up_parked_events_in_their_order_and_before_newer_ones(witness: Witness) -> None:
    witness.fails_on = {(1, 0)}
    _happen(1, 0)
    _happen(1, 1)
    react_to_all()
    _happen(1, 2)
    witness.fails_on = set()
    assert retry_parked([1]) == 2
    react_to_all()
    assert witness.seen == [(1, 0), (1, 1), (1, 2)]
    assert not ParkedEvent.objects.exists()


def test_a_retry_that_fails_again_counts_its_attempts(witness: Witness) -> None:
    witness.fails_on = {(1, 0)}
    _happen(1, 0)
    react_to_all()
    retry_parked([1])
    react_to_all()
    retry_parked([1])
    react_to_all()
    assert [(row.reaction, row.attempts) for row in ParkedEvent.objects.all()] == [("witness", 3)]


def test_giving_up_one_event_lets_those_behind_it_go_on(witness: Witness) -> None:
    witness.fails_on = {(1, 0)}
    _happen(1, 0)
    _happen(1, 1)
    react_to_all()
    give_up_parked(ParkedEvent.objects.order_by("event_id")[0].event_id)
    react_to_all()
    assert witness.seen == [(1, 1)]
    assert not ParkedEvent.objects.exists()
    assert len(events_of([1])) == 2


def test_what_a_failed_reaction_wrote_is_undone(witness: Witness) -> None:
    def write_then_fail(events: Sequence[Event]) -> None:
        record_events([NewEvent("test.happened", 999, {"n": 9})])
        raise ValueError("after writing")

    register_reaction(Reaction("a-writer", write_then_fail, order=1))
    _happen(1, 0)
    react_to_all()
    assert events_of([999]) == []
    assert ParkedEvent.objects.get().reaction == "a-writer"


def test_trouble_with_the_database_parks_nothing_and_is_tried_again(witness: Witness) -> None:
    trouble = [psycopg.errors.DeadlockDetected("deadlock")]

    def fail_once(events: Sequence[Event]) -> None:
        if trouble:
            raise trouble.pop()

    register_reaction(Reaction("a-database", fail_once, order=1))
    _happen(1, 0)
    with pytest.raises(psycopg.OperationalError):
        tick()
    react_to_all()
    assert witness.seen == [(1, 0)]
    assert not ParkedEvent.objects.exists()


@pytest.mark.parametrize("fault", [psycopg.errors.ProgramLimitExceeded, psycopg.errors.StatementTooComplex])
def test_what_the_database_will_never_take_is_the_events_own_fault(
    witness: Witness, fault: type[psycopg.OperationalError]
) -> None:
    """Trying again would fail again, and hold up the whole shard for good."""

    def fail(events: Sequence[Event]) -> None:
        if any(event.contact_id == 1 for event in events):
            raise fault("too much")

    register_reaction(Reaction("a-database", fail, order=1))
    _happen(1, 0)
    _happen(33, 0)
    react_to_all()
    assert witness.seen == [(33, 0)]
    assert ParkedEvent.objects.get().contact_id == 1


def test_what_only_the_commit_would_refuse_parks_its_event(witness: Witness) -> None:
    """A foreign key is checked at the end of the transaction, when it could no longer be told whose fault it is."""

    def refer_to_nobody(events: Sequence[Event]) -> None:
        for event in events:
            if event.contact_id == 1:
                Alias.objects.create(from_id=1, to_id=10**12)

    register_reaction(Reaction("a-reference", refer_to_nobody, order=1))
    _happen(1, 0)
    _happen(33, 0)
    react_to_all()
    assert witness.seen == [(33, 0)]
    assert [(row.contact_id, row.reaction) for row in ParkedEvent.objects.all()] == [(1, "a-reference")]


def test_parked_history_does_not_hold_up_the_persons_live_events(witness: Witness) -> None:
    def fail_on_history(events: Sequence[Event]) -> None:
        if any(event.historical for event in events):
            raise ValueError("bad import")

    register_reaction(Reaction("historian", fail_on_history, historical=True))
    _happen(1, 0, historical=True)
    react_to_all()
    _happen(1, 1)
    _happen(1, 2, historical=True)
    react_to_all()
    assert witness.seen == [(1, 1)]
    parked = ParkedEvent.objects.values_list("historical", "reaction")
    assert list(parked) == [(True, "historian"), (True, "")]


def test_history_leaves_a_shard_alone_where_live_events_wait(witness: Witness) -> None:
    seen_history: list[int] = []
    register_reaction(
        Reaction("historian", lambda events: seen_history.extend(e.contact_id for e in events), historical=True)
    )
    _happen(1, 0, historical=True)
    _happen(2, 0, historical=True)
    _happen(1, 1)
    while tick_history():
        pass
    assert seen_history == [2]
    react_to_all()
    assert seen_history == [2, 1, 1]


def test_history_holds_one_shard_and_a_small_batch_so_that_live_events_hardly_meet_it(witness: Witness) -> None:
    record_events(
        [NewEvent("test.happened", contact, {"n": 0}, historical=True) for contact in range(32) for _ in range(200)]
    )
    assert tick_history() == HISTORY.events < 200
    inside, may_leave = threading.Event(), threading.Event()

    def hold(events: Sequence[Event]) -> None:
        inside.set()
        assert may_leave.wait(20)

    register_reaction(Reaction("slow", hold, historical=True, order=1))

    def import_some() -> None:
        tick_history()
        connection.close()

    importer = threading.Thread(target=import_some)
    importer.start()
    assert inside.wait(20)
    register_reaction(Reaction("slow", lambda events: None, order=1))
    record_events([NewEvent("test.happened", contact, {"n": 1}) for contact in range(32)])
    while tick_live():
        pass
    assert len(witness.seen) == 31
    may_leave.set()
    importer.join()
    while tick_live():
        pass
    assert len(witness.seen) == 32


def test_whoever_waited_for_history_is_looked_after_at_once(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(reactor, "wake", woken.append)

    def meanwhile() -> None:
        _happen(1, 1)
        connection.close()

    def wait_for_it(events: Sequence[Event]) -> None:
        if events[0].historical:
            thread = threading.Thread(target=meanwhile)
            thread.start()
            thread.join()

    register_reaction(Reaction("historian", wait_for_it, historical=True))
    _happen(2, 0, historical=True)  # in another shard than the live event
    assert tick_history() == 1
    assert woken == []
    assert tick_live() == 1
    _happen(1, 0, historical=True)
    assert tick_history() == 1
    assert woken == [CHANNEL]


def test_an_event_recorded_before_its_months_partition_is_there_is_reacted_to(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + timedelta(days=5_000)
    monkeypatch.setattr(clock, "now", lambda: later)
    _happen(1, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event_default")
        assert cursor.fetchone()[0] == 1
    react_to_all()
    assert witness.seen == [(1, 0)]


def test_imported_history_waits_for_live_events_and_skips_reactions_that_do_not_want_it(witness: Witness) -> None:
    seen_history: list[int] = []
    register_reaction(
        Reaction("historian", lambda events: seen_history.extend(e.payload["n"] for e in events), historical=True)
    )
    _happen(1, 0, historical=True)
    _happen(1, 1)
    react_to_all()
    assert witness.seen == [(1, 1)]
    assert seen_history == [1, 0]


def test_events_of_a_merged_person_come_under_the_id_they_became(witness: Witness) -> None:
    register_contact_resolver(lambda ids: {5: 6} if 5 in ids else {})
    _happen(5, 0)
    react_to_all()
    assert witness.seen == [(6, 0)]


def test_two_reactors_at_once_share_the_work_without_doing_any_twice(witness: Witness) -> None:
    record_events([NewEvent("test.happened", contact, {"n": n}) for n in range(4) for contact in range(500)])

    def work() -> None:
        react_to_all()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    react_to_all()
    assert sorted(witness.seen) == [(contact, n) for contact in range(500) for n in range(4)]
    for contact in range(500):
        assert [n for who, n in witness.seen if who == contact] == [0, 1, 2, 3]


@examples(20)
@given(
    steps=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=15),
)
def test_whatever_fails_each_person_sees_a_prefix_and_after_a_retry_all(
    witness: Witness, steps: list[tuple[int, bool]]
) -> None:
    witness.seen.clear()
    happened = [(contact, n) for n, (contact, _) in enumerate(steps)]
    witness.fails_on = {(contact, n) for n, (contact, fails) in enumerate(steps) if fails}
    for contact, n in happened:
        _happen(contact, n)
    react_to_all()
    for contact in range(1, 5):
        mine = [step for step in happened if step[0] == contact]
        first_failure = next((i for i, step in enumerate(mine) if step in witness.fails_on), len(mine))
        assert [step for step in witness.seen if step[0] == contact] == mine[:first_failure]
    witness.fails_on = set()
    retry_parked(ParkedEvent.objects.values_list("contact_id", flat=True))
    react_to_all()
    for contact in range(1, 5):
        assert [s for s in witness.seen if s[0] == contact] == [s for s in happened if s[0] == contact]
