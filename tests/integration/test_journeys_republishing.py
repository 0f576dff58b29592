"""A journey is published again, retired or deleted while people walk it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jouren.journeys.actions import freeze_version, retire_versions
from jouren.journeys.models import Enrolment
from jouren.messaging.models import Delivery, Message
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
    wait,
    walk_of,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def test_publishing_again_keeps_everybodys_place_and_the_time_they_waited(hello: Message, time: Time) -> None:
    journey = live_journey([wait(4), send(hello, "send")])
    contact = make_reader()
    buy(contact)
    work()
    time.pass_by(days=1)
    version = freeze_version(rewrite(journey, wait(2), send(hello, "send")))
    work()
    walk = walk_of(contact)
    assert (walk.version_id, walk.due_at) == (version.pk, START + timedelta(days=2))
    assert freeze_version(journey).pk == version.pk  # nothing changed: no new version


def test_whose_step_is_deleted_goes_on_at_the_next_one_and_nobody_walks_twice(hello: Message, time: Time) -> None:
    second = make_message("Second")
    first, last = send(hello, "first"), send(second, "last")
    journey = live_journey([first, wait(4), last])
    contact = make_reader()
    buy(contact)
    work()
    freeze_version(rewrite(journey, first, last))
    work()
    assert got(contact) == ["Hello", "Second"]


def test_a_retired_journey_stands_still_until_it_is_published_again(hello: Message, time: Time) -> None:
    journey = live_journey([wait(1), send(hello)])
    contact = make_reader()
    buy(contact)
    work()
    retire_versions(journey)
    time.pass_by(days=2)
    buy(make_reader(2), "2")
    work()
    assert got(contact) == []
    assert Enrolment.objects.count() == 1
    freeze_version(journey)
    work()
    assert got(contact) == ["Hello"]


def test_a_deleted_journeys_planned_messages_do_not_go_out(hello: Message) -> None:
    journey = live_journey([send(hello)])
    contact = make_reader()
    buy(contact)
    work()
    run = Delivery.objects.get(contact_id=contact.pk).run
    journey.delete()
    run.refresh_from_db()
    assert run.cancelled_at == START
    assert not Enrolment.objects.exists()
