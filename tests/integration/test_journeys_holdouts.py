"""People held back from a journey by lot, and the control group that gets no marketing at all."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from wagtail.models import ModelLogEntry

from jouren.contacts.actions import erase_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.core.lots import LOTS, is_drawn, lot
from jouren.events.queries import events_of
from jouren.journeys.actions import enrol_by_hand, freeze_version
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.queries import figures
from jouren.messaging.control_group.actions import BadControlGroup, save_control_group
from jouren.messaging.control_group.models import ControlGroup
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from tests.at_once import at_once
from tests.walking import (
    START,
    Time,
    buy,
    got,
    live_journey,
    make_message,
    make_reader,
    send,
    step,
    wait,
    walk_of,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def held(journey: Journey, contact: Contact) -> bool:
    """Whether the lot falls on a person."""
    return is_drawn(f"holdout:{journey.pk}", contact.pk, journey.holdout or 0)


def one_of_each(journey: Journey) -> tuple[Contact, Contact]:
    """(Somebody who would get the journey, somebody who would be held back.)"""
    found: dict[bool, Contact] = {}
    for number in range(1, 100):
        contact = make_reader(number)
        found.setdefault(held(journey, contact), contact)
        if len(found) == 2:
            return found[False], found[True]
    raise AssertionError("The lot never fell on one side.")


def buy_all(contacts: Sequence[Contact], order: str = "1") -> None:
    for contact in contacts:
        buy(contact, order)
    work()


def states(contact: Contact) -> list[int]:
    return [walk.state for walk in walks(contact)]


@given(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20), st.integers(0, 2**62)
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lots_are_drawn_in_sql_as_in_python(subject: str, contact_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_lot(%s, %s), core_is_drawn(%s, %s, 20)", [subject, contact_id] * 2)
        assert cursor.fetchone() == (lot(subject, contact_id), is_drawn(subject, contact_id, 20))


def test_lots_are_even_and_two_subjects_draw_independently() -> None:
    people = range(20_000)
    assert sum(is_drawn("a", each, 10) for each in people) == pytest.approx(2_000, abs=200)
    assert sum(is_drawn("a", each, 50) == is_drawn("b", each, 50) for each in people) == pytest.approx(10_000, abs=350)
    assert all(is_drawn("a", each, 30) for each in people if is_drawn("a", each, 10))
    assert not any(is_drawn("a", each, 0) for each in people)
    assert all(is_drawn("a", each, 100) and 0 <= lot("a", each) < LOTS for each in people)


def test_who_is_held_back_is_kept_with_the_moment_and_gets_nothing(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello), wait(1), send(make_message("Two"))], holdout=50)
    treated, kept_back = one_of_each(journey)
    buy_all([treated, kept_back])
    time.pass_by(days=2)
    work()
    assert got(treated) == ["Hello", "Two"]
    assert got(kept_back) == []
    walk = walk_of(kept_back)
    assert (walk.state, walk.entered_at, walk.step, walk.due_at) == (EnrolmentState.HELD_OUT, START, None, None)
    told = [event.type for event in events_of([kept_back.pk]) if event.type.startswith("journey.")]
    assert told == ["journey.held_out"]
    counted = figures(journey)
    assert (counted.finished, counted.held_out) == (1, 1)


def test_coming_back_never_changes_sides_and_leaves_one_row_of_who_is_held_back(hello: Message, time: Time) -> None:
    journey = live_journey([send(hello)], reentry="again", holdout=50)
    treated, kept_back = one_of_each(journey)
    for order in ("1", "2", "3"):
        buy_all([treated, kept_back], order)
    assert states(treated) == [EnrolmentState.FINISHED] * 3
    assert states(kept_back) == [EnrolmentState.HELD_OUT]


def test_a_larger_share_holds_nobody_back_who_has_had_the_journey(hello: Message) -> None:
    journey = live_journey([send(hello)], reentry="again")
    early, late = (make_reader(number) for number in (1, 2))
    buy_all([early])
    journey.holdout = 90
    journey.save()
    freeze_version(journey)
    while not held(journey, late):
        late = make_reader(late.pk + 1000)
    buy_all([early, late], "2")
    assert states(early) == [EnrolmentState.FINISHED] * 2
    assert states(late) == [EnrolmentState.HELD_OUT]


def test_when_nobody_is_held_back_any_more_those_who_were_may_enter_once(hello: Message) -> None:
    journey = live_journey([send(hello)], holdout=50)
    treated, kept_back = one_of_each(journey)
    buy_all([treated, kept_back])
    journey.holdout = None
    journey.save()
    freeze_version(journey)
    buy_all([treated, kept_back], "2")
    buy_all([treated, kept_back], "3")
    assert states(treated) == [EnrolmentState.FINISHED]
    assert states(kept_back) == [EnrolmentState.HELD_OUT, EnrolmentState.FINISHED]


def test_who_is_put_in_by_hand_is_drawn_too(hello: Message) -> None:
    journey = live_journey([send(hello)], holdout=50)
    treated, kept_back = one_of_each(journey)
    assert enrol_by_hand(journey, [treated.pk, kept_back.pk]) == [treated.pk]
    assert states(kept_back) == [EnrolmentState.HELD_OUT]


def test_another_journey_that_starts_it_does_not_let_in_who_is_held_back(hello: Message) -> None:
    started = live_journey([send(hello)], [{"type": "by_hand", "value": None}], name="Started", holdout=50)
    live_journey([step("start_journey", {"journey": started.pk})], reentry="again")
    treated, kept_back = one_of_each(started)
    buy_all([treated, kept_back])
    buy_all([kept_back], "2")
    assert got(treated) == ["Hello"]
    assert got(kept_back) == []
    assert [walk.state for walk in walks(kept_back) if walk.journey_id == started.pk] == [EnrolmentState.HELD_OUT]
    assert not list(events_of([kept_back.pk], types=["journey.not_entered"]))


def test_with_a_limit_an_hour_both_sides_come_in_their_turn(hello: Message) -> None:
    journey = live_journey([send(hello)], holdout=50, entries_per_hour=1)
    treated, kept_back = one_of_each(journey)
    enrol_by_hand(journey, [treated.pk, kept_back.pk])
    moments = sorted((walk_of(each).entered_at - START).total_seconds() for each in (treated, kept_back))
    assert moments == [0, 3600]
    assert walk_of(kept_back).due_at is None


def test_a_paused_journey_that_turns_people_away_draws_nobody(hello: Message) -> None:
    from jouren.journeys.models import Entries
    from jouren.journeys.pausing import pause_journey

    journey = live_journey([send(hello)], holdout=50)
    treated, kept_back = one_of_each(journey)
    pause_journey(journey, entries=Entries.TURN_AWAY)
    buy_all([treated, kept_back])
    assert not Enrolment.objects.exists()


def test_two_who_let_the_same_people_in_at_once_draw_them_once(hello: Message) -> None:
    journey = live_journey([send(hello)], holdout=50)
    people = [make_reader(number) for number in range(1, 21)]
    ids = [each.pk for each in people]
    entered = at_once(lambda: enrol_by_hand(journey, ids), lambda: enrol_by_hand(journey, ids))
    expected = {each.pk for each in people if not held(journey, each)}
    assert sorted(entered[0] + entered[1]) == sorted(expected)
    assert Enrolment.objects.count() == 20
    assert set(Enrolment.objects.filter(state=EnrolmentState.HELD_OUT).values_list("contact_id", flat=True)) == (
        set(ids) - expected
    )


def test_of_two_who_are_one_the_half_that_had_the_journey_counts(hello: Message) -> None:
    journey = live_journey([send(hello)], holdout=50, reentry="again")
    treated, kept_back = one_of_each(journey)
    buy_all([treated, kept_back])
    merge_contacts(kept_back.pk, treated.pk)
    buy_all([kept_back], "2")
    assert states(kept_back) == [EnrolmentState.HELD_OUT, EnrolmentState.FINISHED, EnrolmentState.FINISHED]


def test_an_erased_person_stays_counted_and_is_nobody(hello: Message) -> None:
    journey = live_journey([send(hello)], holdout=50, reentry="keyed", key="order")
    _treated, kept_back = one_of_each(journey)
    buy_all([kept_back])
    assert walk_of(kept_back).key == "1"
    erase_contact(kept_back.pk)
    walk = walk_of(kept_back)
    assert (walk.state, walk.key, walk.reason) == (EnrolmentState.HELD_OUT, "", "")


def control_and_other(share: int = 50) -> tuple[Contact, Contact]:
    save_control_group(share, days=30, smallest_effect=20)
    found: dict[bool, Contact] = {}
    for number in range(1, 100):
        contact = make_reader(number)
        found.setdefault(is_drawn("control group", contact.pk, share), contact)
        if len(found) == 2:
            return found[True], found[False]
    raise AssertionError("The lot never fell on one side.")


def test_the_control_group_gets_no_marketing_and_is_told_so(hello: Message) -> None:
    live_journey([send(hello)])
    control, other = control_and_other()
    buy_all([control, other])
    delivery = Delivery.objects.get(contact_id=control.pk)
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, "control_group")
    assert Delivery.objects.get(contact_id=other.pk).state == State.PLANNED
    assert [walk.in_control_group for each in (control, other) for walk in walks(each)] == [True, False]


def test_transactional_mail_goes_to_the_control_group_too() -> None:
    live_journey([send(make_message("Receipt", kind="transactional"))])
    control, _other = control_and_other()
    buy_all([control])
    assert Delivery.objects.get(contact_id=control.pk).state == State.PLANNED


def test_by_default_there_is_no_control_group(hello: Message) -> None:
    live_journey([send(hello)])
    people = [make_reader(number) for number in range(1, 30)]
    buy_all(people)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.PLANNED}
    assert not Enrolment.objects.filter(in_control_group=True).exists()


def test_another_share_begins_the_comparison_anew_and_the_log_tells_of_it(time: Time) -> None:
    save_control_group(5, days=90, smallest_effect=20)
    time.pass_by(days=1)
    assert save_control_group(5, days=60, smallest_effect=20).since == START
    assert save_control_group(10, days=60, smallest_effect=20).since == time.now
    assert save_control_group(0, days=60, smallest_effect=20).since is None
    save_control_group(0, days=60, smallest_effect=20)
    logged = ModelLogEntry.objects.filter(action="messaging.change_control_group").order_by("timestamp")
    assert [entry.data["after"]["share"] for entry in logged] == [5, 5, 10, 0]


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"share": 51, "days": 90, "smallest_effect": 20}, "share"),
        ({"share": 5, "days": 6, "smallest_effect": 20}, "days"),
        ({"share": 5, "days": 90, "smallest_effect": 1}, "smallest_effect"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_whole(numbers: dict[str, int], field: str) -> None:
    with pytest.raises(BadControlGroup) as refused:
        save_control_group(numbers["share"], days=numbers["days"], smallest_effect=numbers["smallest_effect"])
    assert refused.value.field == field
    assert not ControlGroup.objects.exists()
