"""When a broadcast goes: at a time, where each person lives, again and again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

import pytest

from jouren.broadcasts import engine
from jouren.broadcasts.actions import (
    pause_broadcast,
    recall_broadcast,
    resume_broadcast,
    start_broadcast,
    stop_repeating,
)
from jouren.broadcasts.errors import InvalidBroadcast, WrongState
from jouren.broadcasts.models import Issue
from jouren.broadcasts.queries import is_busy, next_due
from jouren.broadcasts.vocabulary import BroadcastState
from jouren.messaging.models import Delivery
from jouren.messaging.publishing import publish_message
from tests.broadcasting import deliver_all, draft_broadcast, planned_for, readers, started, work
from tests.messages import published, reader
from tests.walking import Time

pytestmark = pytest.mark.django_db

# The tests' clock begins on Sunday, 22 November 2026 at 10:00 in Tokyo.
SUNDAY = date(2026, 11, 22)


def at(day: int, hour: int, month: int = 11) -> datetime:
    """A moment in Tokyo."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=9)


def walk_until(time: Time, moment: datetime) -> None:
    """The clock goes on as a sandbox's does: from one due moment to the next."""
    for _ in range(1_000):
        work()
        deliver_all()
        due = [each for each in (next_due(),) if each is not None and each < moment]
        if not due:
            time.now = moment
            work()
            return
        time.now = due[0]
    raise AssertionError("There is no end to it.")


def days_of(broadcast: Any) -> list[date]:
    return sorted(Issue.objects.filter(broadcast=broadcast).values_list("day", flat=True))


def test_it_waits_for_its_moment_and_can_be_called_back_until_then(time: Time) -> None:
    people = readers(2)
    broadcast = started(timing="once", day=date(2026, 11, 24), at=clock_time(9))
    assert (engine.tick(), is_busy(), next_due()) == (False, False, at(24, 9))
    recall_broadcast(broadcast.pk)
    assert next_due() is None
    start_broadcast(broadcast.pk)
    time.now = at(24, 9)
    work()
    assert planned_for(broadcast) == [each.pk for each in people]
    with pytest.raises(WrongState):
        recall_broadcast(broadcast.pk)


def test_a_moment_that_is_over_is_refused(time: Time) -> None:
    broadcast = draft_broadcast(timing="once", day=SUNDAY, at=clock_time(9))
    with pytest.raises(InvalidBroadcast) as refused:
        start_broadcast(broadcast.pk)
    assert [problem.step for problem in refused.value.problems] == ["when"]
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.DRAFT


def test_where_each_person_lives(time: Time) -> None:
    tokyo, paris, nowhere = reader("t@example.jp"), reader("p@example.jp"), reader("n@example.jp")
    paris.zone = "Europe/Paris"
    paris.save()
    nowhere.zone = "Nowhere/Land"
    nowhere.save()
    started(timing="once", day=date(2026, 11, 24), at=clock_time(9), is_local=True)
    walk_until(time, at(30, 0))
    due = dict(Delivery.objects.values_list("contact_id", "due_at"))
    assert due == {
        tokyo.pk: at(24, 9),
        nowhere.pk: at(24, 9),
        paris.pk: datetime(2026, 11, 24, 8, tzinfo=UTC),
    }


def test_an_hour_that_is_over_somewhere_is_refused(time: Time) -> None:
    readers(1, zone="Pacific/Kiritimati")
    broadcast = draft_broadcast(timing="once", day=SUNDAY, at=clock_time(11), is_local=True)
    with pytest.raises(InvalidBroadcast, match="Kiritimati"):
        start_broadcast(broadcast.pk)


def test_again_and_again_each_time_to_those_of_that_moment(time: Time) -> None:
    first = readers(1)
    broadcast = started(timing="repeat", weekdays=[1, 4], at=clock_time(9))
    walk_until(time, at(25, 0))
    second = readers(1, first=1)
    walk_until(time, at(5, 0, month=12))
    assert days_of(broadcast) == [date(2026, 11, 24), date(2026, 11, 27), date(2026, 12, 1), date(2026, 12, 4)]
    assert planned_for(broadcast) == sorted([first[0].pk] * 4 + [second[0].pk] * 3)
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.SCHEDULED


def test_each_time_it_says_what_is_published_then(time: Time) -> None:
    readers(1)
    version = published()
    started(timing="repeat", month_days=[24, 25], at=clock_time(9), version=version)
    walk_until(time, at(24, 12))
    assert version.message is not None
    version.message.bodies[0].value["subject"] = "新しい件名"
    publish_message(version.message)
    walk_until(time, at(25, 12))
    subjects = [row.message_version.bodies["email"]["subject"] for row in Delivery.objects.order_by("due_at")]
    assert subjects == ["お知らせ", "新しい件名"]


def test_it_ends_with_its_last_day(time: Time) -> None:
    readers(1)
    broadcast = started(timing="repeat", weekdays=list(range(7)), at=clock_time(9), until=date(2026, 11, 25))
    walk_until(time, at(30, 0))
    assert days_of(broadcast) == [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)]
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.SENT


def test_of_what_was_missed_while_nothing_ran_only_the_newest_goes(time: Time) -> None:
    readers(1)
    broadcast = started(timing="repeat", weekdays=list(range(7)), at=clock_time(9))
    time.now = at(28, 12)
    work()
    assert days_of(broadcast) == [date(2026, 11, 28)]
    broadcast.refresh_from_db()
    assert broadcast.next_at == at(29, 9)


def test_what_falls_into_a_pause_is_left_out(time: Time) -> None:
    readers(1)
    broadcast = started(timing="repeat", weekdays=list(range(7)), at=clock_time(9))
    walk_until(time, at(23, 12))
    pause_broadcast(broadcast.pk)
    walk_until(time, at(26, 12))
    resume_broadcast(broadcast.pk)
    walk_until(time, at(27, 12))
    assert days_of(broadcast) == [date(2026, 11, 23), date(2026, 11, 27)]


def test_it_repeats_until_it_is_stopped(time: Time) -> None:
    readers(1)
    broadcast = started(timing="repeat", weekdays=list(range(7)), at=clock_time(9))
    walk_until(time, at(24, 12))
    stop_repeating(broadcast.pk)
    walk_until(time, at(30, 12))
    assert days_of(broadcast) == [date(2026, 11, 23), date(2026, 11, 24)]
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.SENT
    with pytest.raises(WrongState):
        stop_repeating(broadcast.pk)


def test_a_day_begins_one_issue_whoever_asks(time: Time) -> None:
    readers(1)
    broadcast = started()
    work()
    engine.tick()
    assert Issue.objects.filter(broadcast=broadcast).count() == 1
