"""Figures of large journeys: counted whole by a job, kept, and always those of a fresh count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import Phase, given
from hypothesis import strategies as st

from jouren.backoffice.figures import JourneyPeople, journey_people
from jouren.contacts.actions import erase_contact, merge_contacts
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.actions import enrol_by_hand, freeze_version, live_version
from jouren.journeys.models import Enrolment, Inside, Journey
from jouren.journeys.results import count_results
from jouren.messaging.models import Delivery, Message
from jouren.messaging.vocabulary import State
from jouren.reports import kept
from jouren.reports.kept import (
    FRESH,
    Kept,
    Question,
    Standing,
    count_ahead,
    forget_kept,
    is_large,
    report_of,
    standing_of,
)
from jouren.reports.models import KeptFigures
from jouren.reports.queries import Period, Report, make_report
from tests.backoffice import client_of, owner
from tests.counting import count_all, forget_jobs
from tests.examples import examples
from tests.series import make_series, send_series
from tests.walking import START, Time, buy, live_journey, make_message, make_reader, rewrite, send, wait, work

pytestmark = pytest.mark.django_db

ANY_PURCHASE = [{"type": "purchase", "value": {"kind": "", "product": "", "amount": None}}]
EVERYTHING = Period()


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every journey that somebody has entered is large."""
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)


def selling(journey: Journey, **fields: Any) -> Journey:
    """A journey whose success is a purchase."""
    block = Journey._meta.get_field("conversion").stream_block  # type: ignore[union-attr]
    journey.conversion = block.to_python(ANY_PURCHASE)
    for name, value in fields.items():
        setattr(journey, name, value)
    journey.save()
    freeze_version(journey, inside=Inside.FINISH)
    return journey


def pay(contact: Contact, order: str, amount: int = 1000, **details: Any) -> None:
    paid = {"order": order, "kind": "regular", "amount": amount, "currency": "JPY", "products": ["tea"]}
    record_event(NewEvent("order.paid", contact.pk, paid, source="shop", **details))
    work()


def send_all(at: Any) -> None:
    Delivery.objects.filter(state=State.PLANNED, due_at__lte=at).update(state=State.SENT, sent_at=at)


def shown(journey: Journey) -> Kept[Standing]:
    return standing_of(journey, live_version(journey))


def test_a_small_journey_is_counted_while_somebody_waits(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(5)])
    for number in (1, 2):
        buy(make_reader(number))
    work()
    found = shown(journey)
    assert found.answer is not None
    assert (found.answer.figures.active, found.as_of, found.is_counted_anew) == (2, None, False)
    assert not KeptFigures.objects.exists()


def test_large_is_a_journey_with_more_walks_or_messages_than_the_limit(
    time: Time, hello: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([send(hello, "one"), send(make_message("Two"), "two"), wait(5)])
    buy(make_reader())
    work()
    for most, expected in ((0, True), (1, True), (2, False)):
        monkeypatch.setattr(kept, "MOST_AT_ONCE", most)
        assert is_large(journey) is expected


@pytest.mark.usefixtures("large")
def test_a_large_journey_is_counted_by_one_job_and_then_shown_as_of_that_moment(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(5)])
    buy(make_reader())
    work()
    browser = client_of(owner())
    url, report = f"/admin/journeys/inspect/{journey.pk}/", f"/admin/journeys/reports/journey/{journey.pk}/"
    for _again in range(2):
        for page in (browser.get(url), browser.get(report)):
            assert page["Refresh"] == "3"
            assert b"done in the background" in page.content
    assert count_all() == 2
    for address in (url, report):
        page = browser.get(address)
        assert "Refresh" not in page
        text = page.content.decode()
        assert "Figures as of 22 November 2026, 10:00<" in text
        assert "counted anew" not in text
        assert "<strong>1</strong> on the way" in text


@pytest.mark.usefixtures("large")
def test_old_figures_are_shown_while_they_are_counted_anew(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(50)])
    buy(make_reader(1))
    work()
    assert shown(journey) == Kept(None, None, is_counted_anew=True)
    count_all()
    forget_jobs()
    buy(make_reader(2), order="2")
    work()
    time.pass_by(seconds=FRESH.total_seconds() - 1)
    found = shown(journey)
    assert found.answer is not None
    assert (found.answer.figures.active, found.as_of, found.is_counted_anew) == (1, START, False)
    time.pass_by(seconds=1)
    for _again in range(2):
        found = shown(journey)
        assert found.answer is not None
        assert (found.answer.figures.active, found.as_of, found.is_counted_anew) == (1, START, True)
    assert count_all() == 1
    found = shown(journey)
    assert found.answer is not None
    assert (found.answer.figures.active, found.as_of, found.is_counted_anew) == (2, time.now, False)


@pytest.mark.usefixtures("large")
def test_what_takes_long_to_count_is_counted_less_often(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(50)])
    buy(make_reader(1))
    work()
    shown(journey)
    count_all()
    KeptFigures.objects.update(seconds=60)
    time.pass_by(minutes=29)
    assert not shown(journey).is_counted_anew
    time.pass_by(minutes=1)
    assert shown(journey).is_counted_anew


@pytest.mark.usefixtures("large")
def test_a_count_that_was_lost_is_asked_for_again(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(50)])
    buy(make_reader(1))
    work()
    shown(journey)
    forget_jobs()
    time.pass_by(minutes=29)
    shown(journey)
    assert count_all() == 0
    time.pass_by(minutes=1)
    shown(journey)
    assert count_all() == 1


@pytest.mark.usefixtures("large")
def test_only_so_many_counts_wait_at_once(time: Time, hello: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_MOST_WAITING", 2)
    journey = live_journey([send(hello), wait(50)])
    buy(make_reader(1))
    work()
    for day in range(1, 6):
        report_of(journey, None, Period(date(2026, 11, day)))
    assert count_all() == 2


@pytest.mark.usefixtures("large")
def test_what_another_version_of_jouren_kept_is_counted_anew(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(50)])
    buy(make_reader(1))
    work()
    shown(journey)
    count_all()
    row = KeptFigures.objects.get()
    row.figures.pop("balance")
    row.save()
    assert shown(journey) == Kept(None, None, is_counted_anew=True)


@pytest.mark.usefixtures("large")
def test_at_night_large_live_journeys_are_counted_and_what_nobody_looks_at_is_forgotten(
    time: Time, hello: Message
) -> None:
    journey = live_journey([send(hello), wait(50)])
    live_journey([send(hello)], [{"type": "by_hand", "value": None}], name="Nobody's")
    buy(make_reader(1))
    work()
    count_ahead()
    assert count_all() == 6  # with the whole shop, its day and the day before, and whom the mechanisms concern
    assert shown(journey).as_of == START
    report_of(journey, None, Period(date(2026, 11, 1)))
    time.pass_by(days=7)
    assert forget_kept() == 0
    time.pass_by(seconds=1)
    assert forget_kept() == 7


@pytest.mark.usefixtures("large")
def test_a_new_version_has_figures_of_its_own_and_a_deleted_journey_none(time: Time, hello: Message) -> None:
    journey = selling(live_journey([send(hello), wait(50)]))
    buy(make_reader(1))
    work()
    shown(journey)
    count_all()
    rewrite(journey, send(hello), wait(40))
    freeze_version(journey)
    assert shown(journey).answer is None
    count_all()
    found = shown(journey).answer
    assert found is not None
    assert found == Question(journey, live_version(journey)).count()
    Journey.objects.get(pk=journey.pk).delete()
    assert not KeptFigures.objects.exists()


@pytest.mark.usefixtures("large")
def test_a_series_is_kept_with_how_far_its_people_are(time: Time) -> None:
    journey = live_journey([send_series(make_series(["a", "b"], at="08:00"), "series"), wait(5, "rest")])
    buy(make_reader())
    work()
    time.pass_by(days=1)
    work()
    shown(journey)
    count_all()
    assert shown(journey).answer == Question(journey, live_version(journey)).count()


@pytest.mark.usefixtures("large")
def test_the_list_shows_the_people_of_large_journeys_as_they_were_last_counted(
    time: Time, hello: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jouren.backoffice.figures.MOST_AT_ONCE", 1)
    small = live_journey([send(hello), wait(50)], [{"type": "by_hand", "value": None}], name="Small")
    large = live_journey([send(hello), wait(50)], [{"type": "by_hand", "value": None}], name="Large")
    readers = [make_reader(number).pk for number in range(3)]
    enrol_by_hand(small, readers[:1])
    enrol_by_hand(large, readers[:2])
    work()
    assert journey_people([small.pk, large.pk]) == {
        small.pk: JourneyPeople(1, 0, 0),
        large.pk: JourneyPeople(None, None, None),
    }
    page = client_of(owner()).get("/admin/journeys/").content.decode()
    assert ">None<" not in page
    shown(large)
    count_all()
    enrol_by_hand(large, readers[2:])
    work()
    assert journey_people([large.pk]) == {large.pk: JourneyPeople(2, 0, 0)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("large")
def test_all_parts_are_counted_in_one_snapshot(time: Time, hello: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    journey = live_journey([send(hello), wait(50)])
    buy(make_reader())
    work()
    shown(journey)
    seen = []

    def count(question: Question) -> Report:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
            seen.append(cursor.fetchone())
        return make_report(journey)

    monkeypatch.setattr(Question, "count", count)
    assert count_all() == 1
    assert seen == [("repeatable read", "on")]
    assert KeptFigures.objects.get().as_of == time.now


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


people = st.integers(0, 4)
happenings = st.one_of(
    st.tuples(st.just("enter"), people),
    st.tuples(st.just("pay"), people, st.integers(1, 6), st.integers(0, 4)),  # told so many days late
    st.tuples(st.just("merge"), people, people),
    st.tuples(st.just("erase"), people),
    st.tuples(st.just("publish"), st.sampled_from(Inside)),
    st.tuples(st.just("control"), people),
    st.tuples(st.just("count")),
    st.tuples(st.just("days"), st.integers(1, 6)),
)


class Story:
    """A journey with a holdout that anything happens to."""

    def __init__(self, time: Time) -> None:
        self.time = time
        messages = [make_message(name) for name in ("One", "Two")]
        self.steps = [send(messages[0], "one"), wait(2, "w"), send(messages[1], "two")]
        journey = live_journey(self.steps, [{"type": "form", "value": {"form": None}}], reentry="again")
        self.journey = selling(journey, holdout=30, conversion_days=5)
        self.people = [make_reader(number) for number in range(5)]
        self.is_short = False

    def happen(self, what: str, *details: Any) -> None:
        getattr(self, what)(*details)
        work()
        send_all(self.time.now)

    def enter(self, number: int) -> None:
        contact = self.people[number]
        payload = {"form": 1, "title": "Letters", "registration": 1}
        record_event(NewEvent("registration.confirmed", contact.pk, payload, occurred_at=self.time.now))

    def pay(self, number: int, order: int, late: int) -> None:
        pay(self.people[number], str(order), 100 * order, occurred_at=self.time.now - timedelta(days=late))

    def merge(self, one: int, other: int) -> None:
        kept_id, gone_id = (self.people[number].pk for number in (one, other))
        if (
            kept_id != gone_id
            and not Contact.objects.filter(pk__in=[kept_id, gone_id], erased_at__isnull=False).exists()
        ):
            merge_contacts(kept_id, gone_id)
            self.people = [self.people[one] if each.pk == gone_id else each for each in self.people]

    def erase(self, number: int) -> None:
        contact = self.people[number]
        if not Contact.objects.filter(pk=contact.pk, erased_at__isnull=False).exists():
            erase_contact(contact.pk)
        self.people[number] = make_reader(1000 + Contact.objects.count())

    def publish(self, inside: Inside) -> None:
        self.is_short = not self.is_short
        rewrite(self.journey, *(self.steps[:2] if self.is_short else self.steps))
        freeze_version(self.journey, inside=inside)

    def control(self, number: int) -> None:
        Enrolment.objects.filter(contact_id=self.people[number].pk).update(in_control_group=True)

    def days(self, number: int) -> None:
        self.time.pass_by(days=number)

    def count(self) -> None:
        for question in self.questions():
            kept._look_up(question, Report if question.period else Standing)
        count_all()

    def questions(self) -> list[Question]:
        half = (START + timedelta(days=4)).date()
        versions = list(self.journey.versions.order_by("number"))
        return [
            Question(self.journey, live_version(self.journey)),
            Question(self.journey, None, EVERYTHING),
            *(Question(self.journey, version, EVERYTHING) for version in versions),
            Question(self.journey, None, Period(until=half)),
            Question(self.journey, None, Period(since=half + timedelta(days=1))),
        ]


@given(st.lists(happenings, min_size=5, max_size=25))
@examples(8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@pytest.mark.usefixtures("large")
def test_whatever_happens_in_whatever_order_kept_figures_are_those_of_a_fresh_count(
    monkeypatch: pytest.MonkeyPatch, story: list[tuple[Any, ...]]
) -> None:
    time = Time()
    monkeypatch.setattr(clock, "now", lambda: time.now)
    with undone():
        told = Story(time)
        told.happen("enter", 0)
        for what in story:
            told.happen(*what)
        time.pass_by(hours=1)
        told.count()
        for question in told.questions():
            found = kept._look_up(question, Report if question.period else Standing)  # type: ignore[type-var]
            assert found == Kept(question.count(), time.now)
        check_sums(told)


def yen(report: Report) -> int:
    return sum(step.successes.yen or 0 for step in report.steps.values())


def check_sums(told: Story) -> None:
    """The days' yen make up those of all days; and what stands at steps is no order twice."""
    whole, *_versions, first, second = (
        make_report(told.journey, each.version, each.period) for each in told.questions()[1:]
    )
    assert yen(whole) == yen(first) + yen(second)
    assert yen(whole) <= sum(100 * order for order in range(1, 7))
    version = live_version(told.journey)
    by_step = count_results(told.journey, version.compiled).steps
    assert {step: figures.successes for step, figures in whole.steps.items() if figures.successes.people} == by_step


def test_successes_stand_at_the_last_message_before_them_by_days_and_by_version(time: Time) -> None:
    one, two = send(make_message("One"), "one"), send(make_message("Two"), "two")
    journey = selling(live_journey([one, wait(2), two], [{"type": "by_hand", "value": None}]), conversion_days=10)
    early, late = make_reader(1), make_reader(2)
    first = live_version(journey)
    enrol_by_hand(journey, [early.pk])
    work()
    send_all(time.now)
    time.pass_by(days=1)
    pay(early, "1", 1000)
    time.pass_by(days=1)
    work()
    send_all(time.now)
    rewrite(journey, one, wait(3), two)
    freeze_version(journey, inside=Inside.FINISH)
    enrol_by_hand(journey, [late.pk])
    work()
    send_all(time.now)
    time.pass_by(hours=1)
    pay(early, "2", 2000)
    pay(late, "3", 4000)
    second = live_version(journey)

    def successes(version: Any = None, period: Period = EVERYTHING) -> dict[str, tuple[int, int | None]]:
        report = make_report(journey, version, period)
        names = {one["id"]: "one", two["id"]: "two"}
        found = {names[step]: each.successes for step, each in report.steps.items() if step in names}
        return {name: (each.people, each.yen) for name, each in found.items() if each.people}

    assert successes() == {"one": (2, 5000), "two": (1, 2000)}
    assert successes(first) == {"one": (1, 1000), "two": (1, 2000)}
    assert successes(second) == {"one": (1, 4000)}
    day = (START + timedelta(days=2)).date()
    assert successes(period=Period(since=day)) == {"one": (1, 4000), "two": (1, 2000)}
    assert successes(period=Period(until=day - timedelta(days=1))) == {"one": (1, 1000)}
    page = client_of(owner()).get(f"/admin/journeys/reports/journey/{journey.pk}/").content.decode()
    assert '<th scope="col">Successes</th><th scope="col">Yen</th>' in page
    assert "<td>2</td><td>5,000</td>" in page
    assert "at the last message before it, within 10 days of that message" in page


def test_where_a_click_is_the_success_the_report_has_no_column_for_it(time: Time, hello: Message) -> None:
    journey = live_journey([send(hello), wait(5)])
    buy(make_reader())
    work()
    assert make_report(journey).goal is None
    page = client_of(owner()).get(f"/admin/journeys/reports/journey/{journey.pk}/").content.decode()
    assert '<th scope="col">Successes</th>' not in page
    assert "A success of this journey is a click" in page
