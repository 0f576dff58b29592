"""The whole shop at a glance: every figure here was counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from jouren.capture.models import Visitor
from jouren.contacts.actions import create_contact
from jouren.contacts.actions.peace import leave_in_peace
from jouren.contacts.models import Contact, Suppression, SuppressionReason
from jouren.core import clock
from jouren.events.actions import NewEvent, record_events
from jouren.messaging.models import Delivery
from jouren.orders.telling import tell_orders
from jouren.pyramid.actions import Move, move_contacts
from jouren.pyramid.movement import Movement, Rise
from jouren.pyramid.stages import Stage
from jouren.reports import kept, overview
from jouren.reports.models import KeptFigures
from jouren.reports.overview import Overview, count_overview, count_today
from tests.backoffice import make_person
from tests.counting import count_all
from tests.reacting import react_to_all
from tests.telling import NOON, told

pytestmark = pytest.mark.django_db
TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2026, 5, 10, 3, 0, tzinfo=UTC)  # noon of 10 May in Tokyo


def at(text: str) -> datetime:
    """A moment of Tokyo's."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def count(now: datetime = NOW) -> Overview:
    return count_overview(now, TOKYO)


def rise(contact: Contact, *moves: tuple[Stage, str]) -> None:
    for stage, moment in moves:
        move_contacts([Move(contact.pk, stage, "rule", at(moment))])


def pay(person: str, number: str, moment: datetime, what: str = "paid", **payload: Any) -> None:
    by = (("email", f"{person}@example.jp"),)
    tell_orders("shop", [told(what, number, days=(moment - NOON) / timedelta(days=1), by=by, **payload)])


def level(found: Overview, stage: Stage) -> Any:
    return found.levels[stage - 1]


def visit(first_seen: str, contact: Contact | None = None) -> None:
    moment, number = at(first_seen), Visitor.objects.count()
    Visitor.objects.create(token_hash=bytes([number] * 32), contact=contact, first_seen=moment, last_seen=moment)


def test_who_came_to_a_stage_and_left_it_in_the_last_seven_days_of_the_shop() -> None:
    Contact.objects.all().delete()
    one, two, three = (make_person(number) for number in (1, 2, 3))
    rise(one, (Stage.PROSPECT, "2026-05-04T00:00"), (Stage.TRIAL, "2026-05-09T10:00"))
    rise(two, (Stage.PROSPECT, "2026-05-03T23:59"))  # a minute before the seven days begin
    rise(three, (Stage.EXISTING, "2026-05-10T11:00"), (Stage.PROSPECT, "2026-05-10T11:30"))
    Contact.objects.filter(pk=two.pk).update(created_at=at("2026-05-01T00:00"))
    Contact.objects.filter(pk=one.pk).update(created_at=at("2026-05-04T00:00"))
    Contact.objects.filter(pk=three.pk).update(created_at=at("2026-05-05T00:00"))
    found = count()
    figures = {stage: (each.people, each.came, each.left) for stage in Stage for each in [level(found, stage)]}
    assert figures == {
        Stage.AWARE: (0, 2, 2),  # two became known; one and three went on
        Stage.PROSPECT: (2, 3, 2),  # one, three and three again; one and three went on
        Stage.TRIAL: (1, 2, 1),  # one; three passed
        Stage.EXISTING: (0, 1, 1),
        Stage.REGULAR: (0, 0, 0),
    }
    assert [week.start for week in found.weeks[-2:]] == [date(2026, 4, 27), date(2026, 5, 4)]
    assert found.weeks[-1].rose == {2: 2, 3: 2, 4: 1, 5: 0}
    assert found.weeks[-1].fell == 1
    assert found.weeks[-2].rose == {2: 1, 3: 0, 4: 0, 5: 0}
    assert len(found.weeks) == 12


def test_the_share_that_rises_is_of_those_whose_time_is_over() -> None:
    # Their 90 days are over for who came before 9 February, noon.
    stories: list[list[tuple[Stage, str]]] = [
        [(Stage.PROSPECT, "2026-01-01T10:00"), (Stage.TRIAL, "2026-04-01T10:00")],  # on the 90th day
        [(Stage.PROSPECT, "2026-01-01T10:00"), (Stage.TRIAL, "2026-04-01T10:01")],  # a minute late
        [(Stage.PROSPECT, "2026-02-09T11:59")],
        [(Stage.PROSPECT, "2026-02-09T12:00"), (Stage.TRIAL, "2026-02-10T10:00")],  # their time still runs
        [(Stage.EXISTING, "2026-01-05T10:00"), (Stage.REGULAR, "2026-01-06T10:00")],  # passed the others at once
        [(Stage.PROSPECT, "2025-05-10T10:00")],  # before the window
    ]
    for number, moves in enumerate(stories):
        rise(make_person(number), *moves)
    found = count()
    assert level(found, Stage.TRIAL).rise == Rise(came=4, rose=2, waiting=1)
    # Of the three who tried: the 90 days of those of 1 April and 10 February are not over.
    assert level(found, Stage.EXISTING).rise == Rise(came=1, rose=1, waiting=3)
    assert level(found, Stage.REGULAR).rise == Rise(came=1, rose=1, waiting=0)
    assert (found.rise_since, found.rise_until) == (date(2025, 5, 15), date(2026, 2, 9))


def test_visitors_rise_by_registering() -> None:
    registered, slow = make_person(1), make_person(2)
    rise(registered, (Stage.PROSPECT, "2026-01-02T00:00"))
    rise(slow, (Stage.PROSPECT, "2026-05-01T00:00"))
    visit("2026-01-01T10:00", registered)
    visit("2026-01-01T10:00", slow)
    visit("2026-01-01T10:00")
    visit("2026-05-09T10:00")
    found = count()
    assert level(found, Stage.PROSPECT).rise == Rise(came=3, rose=1, waiting=1)
    assert level(found, Stage.AWARE).rise is None
    assert (found.strangers, found.new_strangers) == (2, 1)


def test_leads_first_and_repeat_purchases_by_month_and_up_to_the_same_day() -> None:
    rise(make_person(1), (Stage.PROSPECT, "2026-04-10T11:59"))
    rise(make_person(2), (Stage.PROSPECT, "2026-04-10T12:01"))  # after the same hour of last month
    again = make_person(3)
    rise(again, (Stage.PROSPECT, "2026-05-01T00:00"), (Stage.AWARE, "2026-05-02T00:00"))
    rise(again, (Stage.PROSPECT, "2026-05-03T00:00"))  # is no new lead
    pay("hana", "1", at("2026-03-31T23:59"))
    pay("hana", "2", at("2026-04-01T00:00"))
    pay("hana", "3", at("2026-05-02T09:00"))
    pay("taro", "4", at("2026-04-20T09:00"))
    pay("taro", "5", at("2026-05-05T09:00"))
    pay("taro", "6", at("2026-05-06T09:00"))
    pay("taro", "6", at("2026-05-07T09:00"), "cancelled")
    pay("yuki", "7", at("2026-05-07T09:00"))
    pay("yuki", "8", at("2026-05-07T10:00"), kind="free", amount=0)
    react_to_all()
    found = count()
    by_month = {month.start: (month.first, month.repeat) for month in found.months}
    assert len(by_month) == 12
    assert by_month[date(2026, 3, 1)] == (1, 0)
    assert by_month[date(2026, 4, 1)] == (1, 1)
    assert by_month[date(2026, 5, 1)] == (1, 2)
    assert (found.before.first, found.before.repeat) == (0, 1)
    assert [found.months[-2].leads, found.months[-1].leads, found.before.leads] == [2, 1, 1]


@pytest.mark.parametrize(
    ("now", "before"),
    [("2026-03-31T15:00", 2), ("2026-03-28T23:00", 2), ("2026-03-28T21:00", 1), ("2026-01-31T12:00", 0)],
)
def test_a_shorter_month_is_compared_whole(now: str, before: int) -> None:
    rise(make_person(1), (Stage.PROSPECT, "2026-02-01T00:00"))
    rise(make_person(2), (Stage.PROSPECT, "2026-02-28T22:00"))
    assert count(at(now)).before.leads == before


def test_the_work_of_today_begins_at_the_shops_midnight() -> None:
    people = [create_contact(email=f"{number}@example.jp") for number in range(3)]
    midnight = at("2026-05-10T00:00")

    def told_of(kind: str, moment: datetime, **payload: Any) -> NewEvent:
        details = {"delivery": 1, "message": 1, "title": "t", **payload}
        return NewEvent(kind, people[0].pk, details, occurred_at=moment)

    second = timedelta(seconds=1)
    record_events(
        [
            told_of("message.sent", midnight - second, channel="email"),
            *(told_of("message.sent", midnight + second * number, channel="email") for number in range(3)),
            told_of("message.failed", midnight + second, reason="550"),
            told_of("message.withheld", midnight + second, reason="no_consent"),
            told_of("message.withheld", midnight + second, reason="offer:used:7"),
            told_of("message.withheld", midnight + second, reason="offer:closed:8"),
            told_of("message.withheld", midnight + second, reason="ready:3:1"),
            told_of("message.withheld", midnight - second, reason="no_consent"),
        ]
    )
    for each in people[1:]:
        leave_in_peace(each.pk, SuppressionReason.NOT_BOUGHT, source="rule")
    Suppression.objects.filter(contact=people[1]).update(at=midnight)
    Suppression.objects.filter(contact=people[2]).update(at=midnight - second)
    found = count_today(midnight, NOW)
    assert (found.messages.sent, found.messages.failed, found.messages.not_sent) == (3, 1, 4)
    assert found.messages.withheld == {"offer": 2, "no_consent": 1, "ready": 1}
    assert (found.newly_left, found.left) == (1, 2)
    assert not Delivery.objects.exists()


def test_a_large_shop_is_counted_by_a_job_and_shown_as_of_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(kept, "MOST_AT_ONCE", 0)
    make_person(1)
    assert overview.overview().answer is None
    assert overview.today().answer is None
    assert count_all() == 2
    make_person(2)
    found, work = overview.overview(), overview.today()
    assert found.answer is not None and found.answer.people == 1
    assert (found.as_of, found.is_counted_anew) == (now, False)
    assert work.answer is not None and work.answer.left == 0
    later = now + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert overview.overview().is_counted_anew
    count_all()
    fresh = overview.overview().answer
    assert fresh is not None and fresh.people == 2
    assert KeptFigures.objects.filter(journey=None).count() >= 2


def test_large_is_a_shop_with_many_people_orders_or_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    question = overview.OverviewQuestion()
    assert not question.is_large
    visit("2026-05-09T10:00")
    monkeypatch.setattr(overview, "MOST_VISITORS", 0)
    assert question.is_large
    monkeypatch.setattr(overview, "MOST_VISITORS", 1)
    pay("hana", "1", NOW)
    react_to_all()
    monkeypatch.setattr(overview, "MOST_ORDERS", 0)
    assert question.is_large


def test_nobody_moves_in_an_empty_shop() -> None:
    found = count()
    assert (found.people, found.strangers) == (0, 0)
    assert all(Movement(each.came, each.left) == Movement() for each in found.levels)
    assert not any(month.leads + month.first + month.repeat for month in found.months)
