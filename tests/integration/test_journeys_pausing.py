"""A journey is paused, which freezes everybody, and resumed in one of four ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from wagtail.models import ModelLogEntry

from jouren.contacts.actions import define_attribute, erase_contact, set_attributes
from jouren.contacts.models import Contact
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import engine
from jouren.journeys.actions import IsPaused, NotPublished, enrol_by_hand, freeze_version, retire_versions
from jouren.journeys.models import Enrolment, EnrolmentState, Entries, Inside, Journey, Pause, TurnedAway
from jouren.journeys.pausing import How, PauseProblem, Resumption, pause_journey, resume_journey, standing
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from tests.programs import key
from tests.walking import (
    START,
    Time,
    buy,
    got,
    live_journey,
    make_message,
    make_reader,
    rewrite,
    send,
    step,
    wait,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]

AT_ONCE = Resumption(How.AT_ONCE)
SHIFT = Resumption(How.SHIFT)


def running(*steps: dict[str, Any]) -> Journey:
    return live_journey(steps)


def enter(journey: Journey, *people: Contact) -> None:
    enrol_by_hand(journey, [person.pk for person in people])
    work()


def dues() -> list[datetime | None]:
    return list(Enrolment.objects.order_by("id").values_list("due_at", flat=True))


def test_nobody_goes_on_while_a_journey_is_paused(one: Message, time: Time) -> None:
    journey = running(wait(1), send(one))
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    time.pass_by(days=3)
    work()
    assert got(person) == []
    assert engine.next_due() is None
    assert resume_journey(journey, AT_ONCE) == 1
    work()
    assert got(person) == ["One"]
    assert Pause.objects.get().resumed_at == time.now


def test_who_is_not_due_yet_goes_on_when_they_would_have(one: Message, time: Time) -> None:
    journey = running(wait(5), send(one))
    enter(journey, make_reader())
    pause_journey(journey)
    time.pass_by(days=2)
    resume_journey(journey, AT_ONCE)
    assert dues() == [START + timedelta(days=5)]


def test_a_pause_can_only_be_begun_and_ended_once(one: Message) -> None:
    journey = running(wait(1), send(one))
    with pytest.raises(PauseProblem):
        resume_journey(journey, AT_ONCE)
    pause_journey(journey)
    with pytest.raises(PauseProblem):
        pause_journey(journey)
    resume_journey(journey, AT_ONCE)
    pause_journey(journey)
    assert Pause.objects.count() == 2


def test_what_does_not_run_cannot_be_paused_or_resumed(one: Message) -> None:
    journey = running(wait(1), send(one))
    pause_journey(journey)
    retire_versions(journey)
    with pytest.raises(NotPublished):
        resume_journey(journey, AT_ONCE)
    other = running(wait(1), send(one))
    retire_versions(other)
    with pytest.raises(NotPublished):
        pause_journey(other)


def test_who_comes_during_a_pause_is_turned_away_and_counted_once(one: Message) -> None:
    journey = running(send(one))
    inside = make_reader(1)
    enter(journey, inside)
    pause_journey(journey)
    late = make_reader(2)
    for person, order in ((inside, "1"), (late, "2"), (late, "3")):
        buy(person, order)
    work()
    assert list(TurnedAway.objects.values_list("contact_id", flat=True)) == [late.pk]
    assert walks(late) == []
    with pytest.raises(IsPaused):
        enrol_by_hand(journey, [late.pk])
    resume_journey(journey, AT_ONCE)
    buy(late, "4")
    work()
    assert got(late) == ["One"]
    erase_contact(late.pk)
    assert not TurnedAway.objects.exists()


def test_who_comes_during_a_pause_can_be_let_in_and_held(one: Message, time: Time) -> None:
    journey = running(send(one), wait(1))
    pause_journey(journey, entries=Entries.HOLD)
    person = make_reader()
    buy(person)
    work()
    (walk,) = walks(person)
    assert (walk.due_at, walk.held_due_at, got(person)) == (None, START, [])
    time.pass_by(days=2)
    resume_journey(journey, AT_ONCE)
    work()
    assert got(person) == ["One"]
    assert not TurnedAway.objects.exists()


def test_the_limit_an_hour_holds_for_those_who_are_held(one: Message) -> None:
    journey = live_journey([send(one)], entries_per_hour=60)
    pause_journey(journey, entries=Entries.HOLD)
    enrol_by_hand(journey, [make_reader(number).pk for number in range(3)])
    held = Enrolment.objects.order_by("id").values_list("held_due_at", "due_at")
    assert list(held) == [(START + timedelta(minutes=number), None) for number in range(3)]


def waiting_for_purchase(one: Message, two: Message) -> Journey:
    value = {"event": "order.paid", "message": None, "amount": 2, "unit": "days"}
    fork = step("wait_event", {**value, "then": [send(one)], "otherwise": [send(two)]}, "fork")
    return live_journey([fork], [{"type": "by_hand", "value": None}])


@pytest.mark.parametrize("how", [AT_ONCE, SHIFT, Resumption(How.SPREAD, hours=1), Resumption(How.SKIP, days=30)])
def test_what_happened_during_the_pause_counts(how: Resumption, one: Message, two: Message, time: Time) -> None:
    journey = waiting_for_purchase(one, two)
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    time.pass_by(days=1)
    buy(person)
    work()
    time.pass_by(days=9)
    resume_journey(journey, how)
    work()
    assert got(person) == ["One"]


def test_what_happened_to_somebody_who_was_held_at_the_first_step_counts(
    one: Message, two: Message, time: Time
) -> None:
    journey = waiting_for_purchase(one, two)
    pause_journey(journey, entries=Entries.HOLD)
    person = make_reader()
    enter(journey, person)
    time.pass_by(days=1)
    buy(person)
    work()
    time.pass_by(days=9)
    resume_journey(journey, AT_ONCE)
    work()
    assert got(person) == ["One"]


def test_news_of_the_pause_that_come_late_count_after_a_shift(one: Message, two: Message, time: Time) -> None:
    journey = waiting_for_purchase(one, two)
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    time.pass_by(days=9)
    resume_journey(journey, SHIFT)
    work()
    order = {"order": "1", "kind": "regular", "amount": 1000, "currency": "JPY", "products": ["tea"]}
    record_event(NewEvent("order.paid", person.pk, order, occurred_at=START + timedelta(days=1)))
    work()
    assert got(person) == ["One"]


def test_the_overdue_are_spread_evenly_in_their_order(one: Message, time: Time) -> None:
    journey = running(wait(1), send(one))
    people = [make_reader(number) for number in range(4)]
    for person in people:
        enter(journey, person)
        time.pass_by(minutes=1)
    time.pass_by(hours=22)
    late = make_reader(9)
    enter(journey, late)
    pause_journey(journey)
    time.pass_by(hours=3)
    resume_journey(journey, Resumption(How.SPREAD, hours=8))
    entered = Enrolment.objects.get(contact_id=late.pk).entered_at
    assert dues() == [*(time.now + timedelta(hours=2 * place) for place in range(4)), entered + timedelta(days=1)]
    work()
    assert got(people[0]) == ["One"]
    time.pass_by(hours=2)
    work()
    assert (got(people[1]), got(people[2])) == (["One"], [])


def test_only_what_is_overdue_for_long_is_skipped(one: Message, time: Time) -> None:
    journey = running(wait(1), send(one), wait(30, "w2"))
    early, late = make_reader(1), make_reader(2)
    enter(journey, early)
    time.pass_by(hours=12)
    enter(journey, late)
    pause_journey(journey)
    time.pass_by(days=6)
    resume_journey(journey, Resumption(How.SKIP, days=5))
    work()
    states = Delivery.objects.order_by("contact_id").values_list("contact_id", "state")
    assert list(states) == [(early.pk, State.SUPPRESSED), (late.pk, State.PLANNED)]
    assert {str(walk.step) for walk in walks(early) + walks(late)} == {key("w2")}


def test_skipping_leaves_out_the_messages_that_were_due_and_nothing_else(
    one: Message, two: Message, time: Time
) -> None:
    stage = step("stage", {"stage": "3", "reason": "x"}, "s")
    journey = running(wait(1), send(one, "a"), stage, send(two, "b"), wait(1, "w2"), send(make_message("Three"), "c"))
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    time.pass_by(days=9)
    resume_journey(journey, Resumption(How.SKIP, days=7))
    work()
    left_out = list(Delivery.objects.order_by("id").values_list("message_version__name", "state", "reason"))
    assert left_out == [("One", State.SUPPRESSED, "overdue"), ("Two", State.SUPPRESSED, "overdue")]
    (walk,) = walks(person)
    assert (str(walk.step), walk.due_at, walk.skips) == (key("w2"), time.now + timedelta(days=1), False)
    time.pass_by(days=1)
    work()
    assert Delivery.objects.get(state=State.PLANNED).message_version.name == "Three"


def test_a_shift_puts_waits_and_days_later_by_the_length_of_the_pause(one: Message, time: Time) -> None:
    until = step("wait_until", {"day": 5, "at": "08:00", "business": False}, "until")
    journey = running(wait(4), until, send(one))
    person = make_reader()
    enter(journey, person)
    time.pass_by(days=1)
    pause_journey(journey)
    time.pass_by(days=10)
    resume_journey(journey, SHIFT)
    work()
    assert dues() == [START + timedelta(days=14)]
    time.now = START + timedelta(days=14)
    work()
    # Day 5 counts from the 22nd of November plus ten days, in Tokyo.
    assert dues() == [datetime(2026, 12, 6, 23, tzinfo=UTC)]
    assert walks(person)[0].entered_at == START


def test_a_shift_finds_the_time_of_day_anew(one: Message, time: Time) -> None:
    until = step("wait_until", {"day": 3, "at": "08:00", "business": False}, "until")
    journey = running(until, send(one))
    enter(journey, make_reader())
    pause_journey(journey)
    time.pass_by(days=2, hours=5)
    resume_journey(journey, SHIFT)
    work()
    assert dues() == [datetime(2026, 11, 26, 23, tzinfo=UTC)]  # the 27th, 8:00 in Tokyo


def test_two_pauses_shift_twice(one: Message, time: Time) -> None:
    journey = running(wait(4), send(one))
    person = make_reader()
    enter(journey, person)
    for _pause in range(2):
        pause_journey(journey)
        time.pass_by(days=3)
        resume_journey(journey, SHIFT)
        time.pass_by(days=1)
        work()
    assert dues() == [START + timedelta(days=10)]


def test_who_was_let_in_during_the_pause_is_shifted_by_the_rest_of_it(one: Message, time: Time) -> None:
    journey = running(wait(4), send(one))
    pause_journey(journey, entries=Entries.HOLD)
    time.pass_by(days=3)
    enter(journey, make_reader())
    time.pass_by(days=2)
    resume_journey(journey, SHIFT)
    work()
    assert dues() == [START + timedelta(days=9)]


def test_dates_in_the_calendar_are_not_shifted(one: Message, two: Message, time: Time) -> None:
    define_attribute("birthday", "date", "Birthday")
    date = {"fact": "contact.attribute", "argument": "birthday", "offset": 0, "at": "08:00"}
    fork = step(
        "wait_date", {**date, "yearly": False, "business": False, "then": [send(one)], "otherwise": [send(two)]}
    )
    journey = running(fork)
    person = make_reader()
    set_attributes(person.pk, {"birthday": "2026-11-25"})
    enter(journey, person)
    pause_journey(journey)
    time.pass_by(days=10)
    resume_journey(journey, SHIFT)
    work()
    assert got(person) == ["One"]


def test_the_overdue_are_counted_by_step_and_by_how_late_they_are(one: Message, time: Time) -> None:
    journey = running(wait(1), send(one), wait(20, "later"))
    enter(journey, *[make_reader(number) for number in range(3)])
    pause_journey(journey)
    time.pass_by(days=3)
    (place,) = standing(journey)
    assert (place.step, place.people, place.late, place.late_a_day, place.late_a_week, place.longest) == (
        key("wait"),
        3,
        3,
        3,
        0,
        timedelta(days=2),
    )


def test_pausing_and_resuming_hold_for_those_on_older_versions(one: Message, two: Message, time: Time) -> None:
    journey = running(wait(1), send(one, "a"))
    early = make_reader(1)
    enter(journey, early)
    freeze_version(rewrite(journey, wait(2), send(two, "b")), inside=Inside.FINISH)
    late = make_reader(2)
    enter(journey, late)
    pause_journey(journey)
    time.pass_by(days=9)
    work()
    assert got(early) + got(late) == []
    assert [(place.version.number, place.late) for place in standing(journey)] == [(1, 1), (2, 1)]
    resume_journey(journey, SHIFT)
    work()
    assert sorted(dues(), key=str) == [START + timedelta(days=10), START + timedelta(days=11)]
    time.pass_by(days=2)
    work()
    assert (got(early), got(late)) == (["One"], ["Two"])


def test_publishing_during_a_pause_moves_people_and_leaves_them_standing(one: Message, time: Time) -> None:
    journey = running(wait(9), send(one, "a"))
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    time.pass_by(days=4)
    freeze_version(rewrite(journey, wait(2), send(one, "a")))
    work()
    assert got(person) == []
    (place,) = standing(journey)
    assert (place.version.number, place.late, place.longest) == (2, 1, timedelta())
    freeze_version(rewrite(journey, wait(6), send(one, "a")))
    assert Enrolment.objects.get().held_due_at == START + timedelta(days=6)
    resume_journey(journey, AT_ONCE)
    work()
    assert dues() == [START + timedelta(days=6)]


def test_a_changed_wait_hears_what_it_waits_for_now_though_nobody_goes_on(one: Message, two: Message) -> None:
    journey = waiting_for_purchase(one, two)
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    value = {"event": "message.clicked", "message": None, "amount": 2, "unit": "days"}
    fork = step("wait_event", {**value, "then": [send(one)], "otherwise": [send(two)]}, "fork")
    freeze_version(rewrite(journey, fork))
    click = {"delivery": 1, "message": 1, "title": "x", "url": "https://example.jp/", "by": "human"}
    record_event(NewEvent("message.clicked", person.pk, click))
    work()
    resume_journey(journey, AT_ONCE)
    work()
    assert got(person) == ["One"]


def test_unpublishing_and_publishing_leave_a_pause_in_place(one: Message, time: Time) -> None:
    journey = running(wait(1), send(one, "a"))
    person = make_reader()
    enter(journey, person)
    pause_journey(journey)
    retire_versions(journey)
    freeze_version(journey)
    time.pass_by(days=2)
    work()
    assert got(person) == []
    resume_journey(journey, AT_ONCE)
    work()
    assert got(person) == ["One"]


def test_numbers_that_make_no_sense_are_refused_and_nothing_changes(one: Message) -> None:
    journey = running(wait(1), send(one))
    pause_journey(journey)
    for how in (Resumption(How.SPREAD, hours=0), Resumption(How.SPREAD, hours=9_999), Resumption(How.SKIP, days=-1)):
        with pytest.raises(PauseProblem):
            resume_journey(journey, how)
    assert Pause.objects.get().resumed_at is None


def test_who_paused_and_how_it_went_on_is_in_the_audit_log(one: Message, django_user_model: Any) -> None:
    boss = django_user_model.objects.create_user("boss")
    journey = running(wait(1), send(one))
    enter(journey, make_reader())
    pause_journey(journey, by=boss)
    resume_journey(journey, Resumption(How.SPREAD, hours=6), by=boss)
    entries = ModelLogEntry.objects.filter(action__startswith="journeys.").order_by("id")
    told = [(entry.action, entry.user, entry.formatter.format_message(entry)) for entry in entries]
    assert told == [
        ("journeys.pause", boss, "Paused, with 1 person inside"),
        ("journeys.resume", boss, "Resumed: what was overdue was spread over 6 hours"),
    ]


def test_somebody_who_was_stopped_is_not_set_going_by_a_resumption(one: Message) -> None:
    journey = running(wait(1), send(one))
    enter(journey, make_reader())
    Enrolment.objects.update(state=EnrolmentState.FAILED)
    pause_journey(journey)
    assert resume_journey(journey, AT_ONCE) == 0
