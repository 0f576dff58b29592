"""People walk through series: on real PostgreSQL, through the public actions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from jouren.contacts.actions import erase_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.sql import Queries
from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand, freeze_version, retire_versions
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.journeys.program import NEVER
from jouren.journeys.series.actions import move_item, remove_item
from jouren.journeys.series.models import Series
from jouren.journeys.series.reading import read_orders
from jouren.messaging.models import Delivery
from tests.series import AS_IT_SAYS, item, make_series, publish, put, send_series
from tests.walking import Time, buy, draft_journey, got, live_journey, make_message, make_reader, send, walks, work

pytestmark = pytest.mark.django_db(transaction=True)

TEN = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # a Sunday, 10:00 in Tokyo
SEVEN = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # the next morning


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    moved = Time(TEN)
    monkeypatch.setattr(clock, "now", lambda: moved.now)
    return moved


def enter(number: int = 1) -> Contact:
    contact = make_reader(number)
    buy(contact, str(number))
    work()
    return contact


def mornings(time: Time, count: int = 1) -> None:
    """Let so many mornings come, one after the other."""
    for _ in range(count):
        time.now = max(SEVEN, time.now.replace(hour=22, minute=0) + timedelta(days=time.now.hour >= 22))
        work()


def letters(contact: Contact) -> str:
    return "".join(got(contact))


def test_a_series_comes_message_by_message_and_then_the_journey_goes_on(time: Time) -> None:
    live_journey([send_series(make_series("ABC")), send(make_message("Z"))])
    contact = enter()
    assert letters(contact) == "A"
    assert engine.next_due() == SEVEN
    time.now = SEVEN - timedelta(minutes=1)
    work()
    assert letters(contact) == "A"
    time.pass_by(minutes=1)
    work()
    assert letters(contact) == "AB"
    mornings(time)
    assert letters(contact) == "ABCZ"
    (walk,) = walks(contact)
    assert (walk.state, walk.place) == (EnrolmentState.FINISHED, None)


def test_each_item_is_a_delivery_of_its_own_that_bears_the_items_id(time: Time) -> None:
    series = make_series("AB")
    live_journey([send_series(series)])
    contact = enter()
    mornings(time)
    steps = [item(series, name).pk for name in "AB"]
    assert list(Delivery.objects.filter(contact_id=contact.pk).order_by("id").values_list("step", flat=True)) == steps


def test_an_episode_that_is_added_reaches_those_on_the_way_without_publishing_the_journey(time: Time) -> None:
    series = make_series("AB")
    journey = live_journey([send_series(series)])
    contact = enter()
    put(series, "C")
    publish(series)
    mornings(time, 2)
    assert letters(contact) == "ABC"
    assert journey.versions.count() == 1


def test_what_is_edited_reaches_nobody_before_the_series_is_published(time: Time) -> None:
    series = make_series("ABC")
    live_journey([send_series(series)])
    contact = enter()
    remove_item(item(series, "B").pk, by=None)
    put(series, "X", 1)
    mornings(time)
    assert letters(contact) == "AB"


def test_a_message_that_is_published_anew_goes_out_once_the_series_is_too(time: Time) -> None:
    series = make_series("ABC")
    live_journey([send_series(series)])
    contact = enter()
    for name in "BC":
        message = item(series, name).message
        assert message is not None
        message.versions.create(number=2, name=f"{name}2", kind="help", topic="newsletter", bodies={}, created_at=TEN)
        if name == "B":
            mornings(time)
    publish(series)
    mornings(time)
    assert got(contact) == ["A", "B", "C2"]


def test_inserting_removing_and_moving_let_people_go_on_where_they_were(time: Time) -> None:
    series = make_series("ABCDEF")
    live_journey([send_series(series)])
    contact = enter()
    mornings(time, 2)
    assert letters(contact) == "ABC"
    remove_item(item(series, "C").pk, by=None)  # where they stand
    put(series, "X", 1)  # before them: not made up for
    put(series, "Y", 4)  # behind them
    move_item(item(series, "A").pk, 99, by=None)  # they have it: not again
    move_item(item(series, "E").pk, 4, by=None)
    publish(series)
    later = enter(2)
    mornings(time, 9)
    assert letters(contact) == "ABCYEDF"
    assert letters(later) == "XBYEDFA"


def test_who_stands_at_a_message_that_is_moved_to_the_end_misses_nothing(time: Time) -> None:
    series = make_series("ABCD")
    live_journey([send_series(series)])
    contact = enter()
    mornings(time)
    move_item(item(series, "B").pk, 4, by=None)
    publish(series)
    mornings(time, 5)
    assert letters(contact) == "ABCD"
    assert walks(contact)[0].state == EnrolmentState.FINISHED


def test_nobody_gets_a_message_again_that_was_moved_behind_them_nor_waits_a_day_for_nothing(time: Time) -> None:
    series = make_series("ABCD")
    live_journey([send_series(series), send(make_message("Z"))])
    contact = enter()
    mornings(time)
    move_item(item(series, "A").pk, 3, by=None)  # B C A D
    publish(series)
    mornings(time, 2)
    assert letters(contact) == "ABCDZ"


def test_a_subscriber_of_an_endless_series_gets_what_is_added_at_its_next_moment(time: Time) -> None:
    series = make_series("AB")
    live_journey([send_series(series, at_end="wait")])
    contact = enter()
    mornings(time, 1)
    assert walks(contact)[0].due_at == NEVER
    time.pass_by(days=90, hours=8)  # 15:00
    put(series, "C")
    publish(series)
    work()
    assert (letters(contact), walks(contact)[0].due_at) == ("AB", time.now + timedelta(hours=16))
    mornings(time)
    assert (letters(contact), walks(contact)[0].due_at) == ("ABC", NEVER)


def test_nothing_is_sent_twice_a_day_to_a_subscriber_who_has_just_got_the_last_one(time: Time) -> None:
    series = make_series("A")
    live_journey([send_series(series, at_end="wait")])
    contact = enter()
    time.now = TEN.replace(hour=21) - timedelta(days=1)  # the clock of a worker that is behind
    put(series, "B")
    publish(series)
    work()
    assert (letters(contact), walks(contact)[0].due_at) == ("A", SEVEN)


def test_publishing_waits_for_who_is_about_to_fall_asleep_at_the_end(time: Time) -> None:
    series = make_series("A")
    live_journey([send_series(series, at_end="wait")])
    contact = make_reader()
    buy(contact)
    put(series, "B")
    read, published = threading.Event(), threading.Event()

    def publish_meanwhile() -> None:
        read.wait(10)
        publish(series)
        published.set()
        connection.close()

    thread = threading.Thread(target=publish_meanwhile)
    thread.start()
    with transaction.atomic():
        read_orders([series.pk])  # as a tick does
        read.set()
        assert not published.wait(0.3)
        Enrolment.objects.filter(contact_id=contact.pk).update(due_at=NEVER)
    thread.join()
    assert published.is_set()


def test_an_own_rhythm_of_the_step_counts(time: Time) -> None:
    weekdays = {**AS_IT_SAYS, "every": "weekdays", "weekdays": ["0", "3"], "at": "20:00", "first": "rhythm"}
    live_journey([send_series(make_series("ABC"), rhythm=weekdays)])
    contact = enter()
    assert (letters(contact), engine.next_due()) == ("", datetime(2026, 11, 23, 11, tzinfo=UTC))
    time.now = datetime(2026, 11, 23, 11, tzinfo=UTC)
    work()
    assert (letters(contact), engine.next_due()) == ("A", datetime(2026, 11, 26, 11, tzinfo=UTC))


def test_a_worker_that_was_down_for_days_sends_one_message_and_no_burst(time: Time) -> None:
    live_journey([send_series(make_series("ABCD"))])
    contact = enter()
    time.now = SEVEN + timedelta(days=4, hours=23, minutes=59)
    work()
    assert (letters(contact), engine.next_due()) == ("AB", SEVEN + timedelta(days=6))


def test_a_journey_that_was_paused_sends_one_message_when_it_goes_on(time: Time) -> None:
    journey = live_journey([send_series(make_series("ABCD"))])
    contact = enter()
    retire_versions(journey)
    time.now = SEVEN + timedelta(days=4, hours=8)
    work()
    assert letters(contact) == "A"
    freeze_version(journey)
    work()
    assert (letters(contact), engine.next_due()) == ("AB", SEVEN + timedelta(days=5))


def test_the_goal_is_asked_before_each_message(time: Time) -> None:
    journey = draft_journey([send_series(make_series("ABC"))])
    journey.goal = {"fact": "orders.count", "op": "gte", "value": 2}
    journey.save()
    freeze_version(journey)
    contact = enter()
    mornings(time)
    buy(contact, "second")
    work()
    assert (letters(contact), walks(contact)[0].state) == ("AB", EnrolmentState.ACTIVE)
    mornings(time)
    assert (letters(contact), walks(contact)[0].reason) == ("AB", "goal_reached")


def test_a_second_walk_begins_anew(time: Time) -> None:
    live_journey([send_series(make_series("AB"))], reentry="again")
    contact = enter()
    mornings(time)
    buy(contact, "again")
    work()
    mornings(time)
    assert letters(contact) == "ABAB"


def test_two_steps_with_the_same_series_send_each_message_once(time: Time) -> None:
    series = make_series("AB")
    live_journey([send_series(series, "first"), send_series(series, "second"), send(make_message("Z"))])
    contact = enter()
    mornings(time)
    assert letters(contact) == "ABZ"


def test_whose_step_is_deleted_goes_on_with_the_same_series_in_another_step(time: Time) -> None:
    series = make_series("ABCD")
    journey = live_journey([send_series(series, "first"), send_series(series, "second")])
    contact = enter()
    mornings(time)
    put(series, "X", 1)
    publish(series)
    field: Any = Journey._meta.get_field("steps")
    journey.steps = field.stream_block.to_python([send_series(series, "second")])
    journey.save()
    freeze_version(journey)
    work()
    mornings(time, 3)
    assert letters(contact) == "ABCD"


def test_an_erased_person_gets_nothing_more(time: Time) -> None:
    live_journey([send_series(make_series("ABC"))])
    contact = enter()
    erase_contact(contact.pk, by=None)
    mornings(time, 3)
    assert Delivery.objects.count() == 1
    assert Enrolment.objects.get().state == EnrolmentState.LEFT


def test_a_merged_person_goes_on_and_gets_nothing_again(time: Time) -> None:
    series = make_series("ABCD")
    live_journey([send_series(series)])
    gone, kept = enter(), make_reader(2)
    mornings(time)
    merge_contacts(kept.pk, gone.pk, by=None)
    move_item(item(series, "A").pk, 3, by=None)  # B C A D
    publish(series)
    mornings(time, 4)
    names = list(Delivery.objects.order_by("id").values_list("message_version__name", flat=True))
    assert names == ["A", "B", "C", "D"]
    assert walks(kept)[0].state == EnrolmentState.FINISHED


def test_a_series_that_was_deleted_under_way_is_passed_by(time: Time) -> None:
    series = make_series("ABC")
    live_journey([send_series(series), send(make_message("Z"))])
    contact = enter()
    Series.objects.filter(pk=series.pk).delete()
    mornings(time)
    assert letters(contact) == "AZ"


def test_two_advancers_send_each_item_once_to_each(time: Time) -> None:
    journey = live_journey([send_series(make_series("ABC"))])
    people = [make_reader(number).pk for number in range(60)]
    enrol_by_hand(journey, people)

    def advance_all() -> None:
        while engine.tick():
            pass
        connection.close()

    for _morning in range(3):
        threads = [threading.Thread(target=advance_all) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.now = max(SEVEN, time.now + timedelta(days=1))
    assert Delivery.objects.count() == 180
    assert Enrolment.objects.filter(state=EnrolmentState.FINISHED).count() == 60


def test_a_batch_of_people_costs_no_more_queries_than_one(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    journey = live_journey([send_series(make_series("ABC"))])
    asked: list[str] = []
    text = Queries.text
    monkeypatch.setattr(Queries, "text", lambda self, name: asked.append(name) or text(self, name))

    def statements_of_a_tick(people: int) -> list[str]:
        asked.clear()
        assert engine.tick() == people
        return [name for name in asked if name != "series_version"]  # read once a process

    for number, people in enumerate((1, 40), start=1):
        enrol_by_hand(journey, [make_reader(number * 100 + each).pk for each in range(people)])
        arriving = statements_of_a_tick(people)
        time.now = SEVEN + timedelta(days=number * 9)
        going_on = statements_of_a_tick(people)
        assert (arriving.count("live_series"), arriving.count("got_in_walk")) == (1, 1)
        assert (going_on.count("live_series"), going_on.count("got_in_walk")) == (1, 0)
        assert len(arriving) == len(going_on) + 1
        Enrolment.objects.all().update(state=EnrolmentState.LEFT)
