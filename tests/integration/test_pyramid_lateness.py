"""Stages go by when things happened, however late, often and under whichever id they are told."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.contacts.actions import create_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.contacts.queries import alias_ids
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.orders.actions import record_order
from jouren.pyramid.actions import change_stage
from jouren.pyramid.models import PyramidPosition, PyramidRule
from jouren.pyramid.queries import stage_history, stage_of_contact
from jouren.pyramid.stages import Stage
from tests.examples import examples
from tests.reacting import react_to_all

DAY = timedelta(days=1)
START = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def contact() -> Contact:
    return create_contact(email="taro@example.jp")


def buy(contact: Contact, number: int, day: int, kind: str = "regular", *, historical: bool = False) -> None:
    at = START + day * DAY
    record_order(contact.pk, str(number), kind, 5000, occurred_at=at, historical=historical)


def entered(contact: Contact) -> list[tuple[int, str, int]]:
    """The stages entered: which, why, on which day."""
    steps = stage_history(contact.pk).order_by("to_stage", "at")
    return [(step.to_stage, step.reason, (step.at - START).days) for step in steps]


def since(contact: Contact) -> int:
    return (PyramidPosition.objects.get(contact=contact).since - START).days


@pytest.mark.django_db
def test_history_told_backwards_makes_the_same_stages_as_told_forwards(contact: Contact) -> None:
    for number in (4, 3, 2, 1):
        buy(contact, number, day=number, historical=True)
        react_to_all()
    buy(contact, 0, day=0, kind="trial", historical=True)
    react_to_all()
    assert entered(contact) == [
        (2, "direct_purchase", 0),
        (3, "trial_purchase", 0),
        (4, "purchase", 1),
        (5, "repeat_purchase", 3),
    ]
    assert since(contact) == 3


@pytest.mark.django_db
def test_an_order_that_comes_late_makes_the_number_full(contact: Contact) -> None:
    for number in (1, 3):
        buy(contact, number, day=number)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    buy(contact, 2, day=2)
    react_to_all()
    assert entered(contact)[-1] == (5, "repeat_purchase", 3)


@pytest.mark.django_db(transaction=True)
def test_an_order_committed_late_under_a_lower_id_counts(contact: Contact) -> None:
    """Its reaction runs after those of orders with higher ids."""
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        with transaction.atomic():
            buy(contact, 1, day=1)
            written.set()
            may_commit.wait(10)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    assert written.wait(10)
    buy(contact, 2, day=2)
    buy(contact, 3, day=3)
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    may_commit.set()
    writer.join()
    react_to_all()
    assert entered(contact)[2:] == [(4, "purchase", 1), (5, "repeat_purchase", 3)]


@pytest.mark.django_db
def test_a_late_order_does_not_rewrite_what_came_before_an_act_of_staff(contact: Contact) -> None:
    buy(contact, 2, day=2)
    react_to_all()
    change_stage(contact.pk, Stage.TRIAL)
    change_stage(contact.pk, Stage.EXISTING)
    before = entered(contact), since(contact)
    buy(contact, 1, day=1)
    react_to_all()
    assert (entered(contact), since(contact)) == before


@pytest.mark.django_db
def test_imported_orders_that_still_wait_do_not_make_a_live_order_the_third(contact: Contact) -> None:
    """Else what follows from becoming a regular would follow from imported history."""
    for number in (1, 2):
        buy(contact, number, day=number, historical=True)
    buy(contact, 3, day=3)
    react_to_all()
    events = events_of([contact.pk], types=["stage.entered"])
    assert {event.payload["to"]: event.historical for event in events} == {2: False, 3: False, 4: False, 5: True}
    assert entered(contact)[2:] == [(4, "purchase", 1), (5, "repeat_purchase", 3)]


@pytest.mark.django_db
def test_merging_counts_the_orders_of_both_at_once(contact: Contact) -> None:
    other = create_contact(email="hanako@example.jp")
    buy(contact, 1, day=1)
    buy(contact, 3, day=3)
    buy(other, 2, day=2)
    react_to_all()
    merge_contacts(contact.pk, other.pk)
    assert stage_of_contact(contact.pk) is Stage.REGULAR
    assert since(contact) == 3


@pytest.mark.django_db
def test_merging_leaves_orders_that_wait_to_their_own_turn(contact: Contact) -> None:
    other = create_contact(email="hanako@example.jp")
    buy(contact, 1, day=1)
    react_to_all()
    for number in (2, 3):
        buy(other, number, day=number, historical=True)
    merge_contacts(contact.pk, other.pk)
    assert stage_of_contact(contact.pk) is Stage.EXISTING
    react_to_all()
    assert stage_of_contact(contact.pk) is Stage.REGULAR
    assert events_of(alias_ids(contact.pk), types=["stage.entered"])[0].historical


@pytest.mark.django_db
def test_a_rule_for_what_nothing_reacts_to_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        PyramidRule(name="sent", event_type="message.sent", stage=2).full_clean()
    assert list(refused.value.message_dict) == ["event_type"]


@dataclass(frozen=True)
class Told:
    """An order as a source tells of it, perhaps once more."""

    who: int
    number: int
    day: int
    kind: str
    source: str
    key: str
    historical: bool


@dataclass(frozen=True)
class Merged:
    """Two ids turn out to be one person."""

    kept: int
    gone: int


TOLD = st.builds(
    Told,
    who=st.integers(0, 2),
    number=st.integers(1, 5),
    day=st.integers(1, 9),
    kind=st.sampled_from(["regular", "regular", "trial"]),
    source=st.sampled_from(["a", "b"]),
    key=st.sampled_from(["x", "y"]),
    historical=st.booleans(),
)
MERGED = st.builds(Merged, kept=st.integers(0, 2), gone=st.integers(0, 2))
REACTED = st.none()


def tell(told: Told, people: list[Contact], run: str) -> None:
    payload = {"order": str(told.number), "kind": told.kind, "amount": 5000, "currency": "JPY"}
    key = f"{told.number}-{told.key}"
    at = START + told.day * DAY
    contact_id = people[told.who].pk
    record_event(NewEvent("order.paid", contact_id, payload, at, f"{run}-{told.source}", key, told.historical))


def by_the_log(contact: Contact) -> dict[int, int]:
    """On which day each stage was entered, told from nothing but the log: the rules a shop begins with, by hand."""
    orders = events_of(alias_ids(contact.pk), types=["order.paid"], limit=1000)
    assert len({(order.source, order.payload["order"]) for order in orders}) == len(orders)
    days: dict[str, list[int]] = {"trial": [], "regular": []}
    for order in orders:
        days[order.payload["kind"]].append((order.occurred_at - START).days)
    reached = {3: sorted(days["trial"])[:1], 4: sorted(days["regular"])[:1], 5: sorted(days["regular"])[2:3]}
    entered = {}
    for stage in range(2, 6):
        later = [day for other, found in reached.items() for day in found if other >= stage]
        if later:
            entered[stage] = min(later)
    return entered


@pytest.mark.django_db
@examples(40)
@given(happenings=st.lists(st.one_of(TOLD, TOLD, TOLD, REACTED, MERGED), max_size=25))
def test_in_whatever_order_things_are_told_stages_are_those_that_the_log_tells(
    happenings: list[Told | Merged | None],
) -> None:
    run = uuid.uuid4().hex[:8]
    people = [create_contact() for _ in range(3)]
    for happening in happenings:
        if isinstance(happening, Told):
            tell(happening, people, run)
        elif isinstance(happening, Merged):
            merge_contacts(people[happening.kept].pk, people[happening.gone].pk)
        else:
            react_to_all()
    react_to_all()
    for contact in Contact.objects.filter(pk__in=[person.pk for person in people], merged_at=None):
        expected = by_the_log(contact)
        stage = max(expected, default=1)
        assert stage_of_contact(contact.pk) == stage
        if stage > 1:
            assert since(contact) == expected[stage]
        if alias_ids(contact.pk) == [contact.pk]:
            assert {to: day for to, _reason, day in entered(contact)} == expected
