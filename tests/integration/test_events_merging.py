"""A person with two ids is one person: nobody reacts for both ids at once, and their events keep their order."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from django.db import transaction

from jouren.contacts.actions import create_contact, erase_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.contacts.queries import canonical_ids
from jouren.events import reactions as registry
from jouren.events import types
from jouren.events.actions import NewEvent, record_event, retry_parked
from jouren.events.models import ParkedEvent
from jouren.events.reactions import Reaction, register_reaction
from jouren.events.types import Event, EventType, register_event_type
from tests.at_once import PATIENCE, meanwhile, somebody_waits_for_a_lock
from tests.reacting import react_to_all

pytestmark = pytest.mark.django_db(transaction=True)


class Witness:
    """A reaction that remembers what it saw, stops inside where it is told to, and fails where it is told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []
        self.fails_on: set[int] = set()
        self.stops_at: int | None = None
        self.is_inside, self.may_leave = threading.Event(), threading.Event()

    def react(self, events: Sequence[Event]) -> None:
        for event in events:
            number = event.payload["n"]
            if number in self.fails_on:
                raise ValueError("cannot")
            if number == self.stops_at:
                self.is_inside.set()
                assert self.may_leave.wait(PATIENCE)
            self.seen.append((event.contact_id, number))


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    monkeypatch.setattr(types, "_types", dict(types._types))
    monkeypatch.setattr(registry, "_reactions", {})
    register_event_type(EventType("test.happened", "Happened", {"n": int}))
    seen = Witness()
    register_reaction(Reaction("witness", seen.react, frozenset({"test.happened"}), historical=True))
    return seen


@pytest.fixture
def pair() -> tuple[Contact, Contact]:
    """Two people in different shards, the first of whom is to be kept."""
    kept, gone = create_contact(), create_contact()
    assert kept.pk % 32 != gone.pk % 32
    return kept, gone


def happen(contact: Contact, number: int, *, historical: bool = False) -> None:
    record_event(NewEvent("test.happened", contact.pk, {"n": number}, historical=historical))


def test_while_one_reactor_has_the_person_another_leaves_both_ids_alone(
    witness: Witness, pair: tuple[Contact, Contact]
) -> None:
    kept, gone = pair
    merge_contacts(kept.pk, gone.pk)
    happen(kept, 1)
    witness.stops_at = 1
    with meanwhile(react_to_all):
        assert witness.is_inside.wait(PATIENCE)
        happen(gone, 2)  # as somebody does who knows the old id, such as a link in a mail
        happen(kept, 3)
        react_to_all()
        assert witness.seen == []
        witness.may_leave.set()
    react_to_all()
    assert witness.seen == [(kept.pk, 1), (kept.pk, 2), (kept.pk, 3)]


@pytest.mark.parametrize("held", ["gone", "kept"])
def test_a_merge_waits_until_nobody_reacts_for_either(
    witness: Witness, pair: tuple[Contact, Contact], held: str
) -> None:
    kept, gone = pair
    witness.stops_at = 1
    happen(gone if held == "gone" else kept, 1)
    merged = threading.Event()

    def merge() -> None:
        merge_contacts(kept.pk, gone.pk)
        merged.set()

    with meanwhile(react_to_all):
        assert witness.is_inside.wait(PATIENCE)
        with meanwhile(merge):
            assert somebody_waits_for_a_lock()
            assert not merged.is_set()
            witness.may_leave.set()
    assert merged.is_set()
    assert witness.seen == [(gone.pk if held == "gone" else kept.pk, 1)]


def test_waiting_events_of_both_are_seen_in_one_order(witness: Witness, pair: tuple[Contact, Contact]) -> None:
    kept, gone = pair
    for number in range(6):
        happen((kept, gone)[number % 2], number)
    merge_contacts(kept.pk, gone.pk)
    react_to_all()
    assert witness.seen == [(kept.pk, number) for number in range(6)]


def test_an_event_that_was_being_written_under_the_old_id_while_the_merge_committed_finds_the_person(
    witness: Witness, pair: tuple[Contact, Contact]
) -> None:
    kept, gone = pair
    written, may_commit = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            happen(gone, 1)
            written.set()
            assert may_commit.wait(PATIENCE)

    with meanwhile(write):
        assert written.wait(PATIENCE)
        merge_contacts(kept.pk, gone.pk)
        react_to_all()
        may_commit.set()
    react_to_all()
    assert witness.seen == [(kept.pk, 1)]


def test_imported_history_of_the_old_id_is_handed_over_too(witness: Witness, pair: tuple[Contact, Contact]) -> None:
    kept, gone = pair
    happen(gone, 1, historical=True)
    merge_contacts(kept.pk, gone.pk)
    happen(gone, 2, historical=True)
    react_to_all()
    assert witness.seen == [(kept.pk, 1), (kept.pk, 2)]


def test_what_is_parked_of_one_holds_up_the_other_once_they_are_one_and_is_retried_in_order(
    witness: Witness, pair: tuple[Contact, Contact]
) -> None:
    kept, gone = pair
    witness.fails_on = {1}
    happen(gone, 1)
    react_to_all()
    merge_contacts(kept.pk, gone.pk)
    happen(kept, 2)
    happen(gone, 3)
    react_to_all()
    assert witness.seen == []
    assert set(ParkedEvent.objects.values_list("contact_id", flat=True)) == {kept.pk}
    witness.fails_on = set()
    assert retry_parked([kept.pk]) == 4  # and that they were merged
    react_to_all()
    assert witness.seen == [(kept.pk, 1), (kept.pk, 2), (kept.pk, 3)]


def test_a_merged_persons_event_that_fails_again_counts_its_attempts(
    witness: Witness, pair: tuple[Contact, Contact]
) -> None:
    kept, gone = pair
    witness.fails_on = {1}
    merge_contacts(kept.pk, gone.pk)
    happen(gone, 1)
    react_to_all()
    for _again in range(2):
        retry_parked([kept.pk])
        react_to_all()
    assert ParkedEvent.objects.get().attempts == 3


def test_a_chain_of_merges_hands_events_on_to_the_last(witness: Witness, pair: tuple[Contact, Contact]) -> None:
    kept, gone = pair
    last = create_contact()
    happen(gone, 1)
    merge_contacts(kept.pk, gone.pk)
    happen(gone, 2)
    happen(kept, 3)
    merge_contacts(last.pk, kept.pk)
    happen(gone, 4)
    react_to_all()
    assert sorted(witness.seen) == [(last.pk, number) for number in (1, 2, 3, 4)]


def test_many_merges_and_reactors_at_once_never_have_one_person_twice(witness: Witness) -> None:
    people = [create_contact() for _ in range(40)]
    couples = list(zip(people[::2], people[1::2], strict=True))
    busy: set[int] = set()
    guard = threading.Lock()
    wrong: list[object] = []

    def react(events: Sequence[Event]) -> None:
        """Nobody else may have these people meanwhile, nor may they become somebody else."""
        mine = {event.contact_id for event in events}
        wrong.extend(canonical_ids(mine).items())
        with guard:
            wrong.extend(busy & mine)
            busy.update(mine)
        wrong.extend(canonical_ids(mine).items())
        with guard:
            busy.difference_update(mine)

    register_reaction(Reaction("guard", react, frozenset({"test.happened"}), order=1))
    for number in range(5):
        for contact in people:
            happen(contact, number)

    def merge() -> None:
        for kept, gone in couples:
            merge_contacts(kept.pk, gone.pk)
            happen(gone, 5)

    with meanwhile(react_to_all), meanwhile(merge), meanwhile(react_to_all):
        react_to_all()
    react_to_all()
    assert wrong == []
    assert len(witness.seen) == 40 * 5 + 20


def test_erasing_waits_until_nobody_reacts_for_the_person(witness: Witness) -> None:
    """A reaction that fails would write down what it failed on after the erasing."""
    contact = create_contact()
    happen(contact, 1)
    witness.stops_at = 1
    erased = threading.Event()

    def erase() -> None:
        erase_contact(contact.pk)
        erased.set()

    with meanwhile(react_to_all):
        assert witness.is_inside.wait(PATIENCE)
        with meanwhile(erase):
            assert somebody_waits_for_a_lock()
            assert not erased.is_set()
            witness.may_leave.set()
    assert erased.is_set()
