"""A broadcast is sent: to whom, once, in batches that survive a crash, by any number of workers."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from wagtail.models import ModelLogEntry

from jouren.broadcasts import engine
from jouren.broadcasts.actions import Wording, cancel_broadcast, pause_broadcast, resume_broadcast, start_broadcast
from jouren.broadcasts.errors import WrongState
from jouren.broadcasts.models import Broadcast, Issue, Recipient
from jouren.broadcasts.vocabulary import BroadcastState, Stage
from jouren.contacts.actions import add_tag, create_contact, merge_contacts, suppress, withdraw_consent
from jouren.contacts.errors import SegmentInUse
from jouren.contacts.segments.actions import delete_segment
from jouren.journeys.series.actions import insert_messages, publish_series
from jouren.journeys.series.models import Series
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.publishing import publish_message
from jouren.messaging.vocabulary import Lane, State
from tests.at_once import at_once
from tests.broadcasting import deliver_all, draft_broadcast, issue_of, planned_for, readers, started, work
from tests.messages import published, reader
from tests.segmenting import filled, in_segment, tagged
from tests.walking import Time, live_journey, send

pytestmark = pytest.mark.django_db


def test_everybody_who_agreed_and_can_be_reached_gets_it_once(time: Time) -> None:
    wanted = readers(3)
    reader("never@example.jp", agrees=False)
    gone = reader("gone@example.jp")
    withdraw_consent(gone.pk, "email", "newsletter", via="link")
    stopped = reader("stopped@example.jp")
    suppress(stopped.pk, "manual")
    create_contact(family_name="山田")
    broadcast = started()
    work()
    assert planned_for(broadcast) == [each.pk for each in wanted]
    issue = issue_of(broadcast)
    assert (issue.audience, issue.planned, issue.stage) == (3, 3, Stage.ENDING)
    for delivery in Delivery.objects.all():
        assert (delivery.lane, delivery.state, delivery.due_at) == (Lane.BROADCAST, State.PLANNED, time.now)
        assert delivery.message_version.run_id == issue.run_id


def test_it_has_ended_once_nothing_of_it_waits(time: Time) -> None:
    readers(2)
    broadcast = started()
    work()
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.SENDING
    deliver_all()
    time.pass_by(seconds=10)
    work()
    broadcast.refresh_from_db()
    assert broadcast.state == BroadcastState.SENT
    assert issue_of(broadcast).ended_at == time.now
    assert not Recipient.objects.exists()
    assert engine.tick() is False
    told = ModelLogEntry.objects.filter(object_id=str(broadcast.pk), action__startswith="broadcasts.")
    assert [entry.action for entry in told.order_by("pk")] == ["broadcasts.start", "broadcasts.begin", "broadcasts.end"]
    assert told.get(action="broadcasts.begin").data["people"] == 2


def test_only_those_whom_the_condition_holds_for(time: Time) -> None:
    readers(2)
    english = reader("e@example.jp", language="en")
    condition = {"all": [{"fact": "contact.language", "op": "eq", "value": "en"}]}
    broadcast = started(audience=condition)
    work()
    assert planned_for(broadcast) == [english.pk]


def test_a_segment_can_be_written_to_and_stays_while_it_is_needed(time: Time) -> None:
    members = readers(2)
    readers(1, first=5)
    for member in members:
        add_tag(member.pk, "vip")
    segment = filled("VIP", tagged("vip"))
    broadcast = draft_broadcast(audience={"all": [in_segment(segment)]})
    with pytest.raises(SegmentInUse):
        delete_segment(segment)
    start_broadcast(broadcast.pk)
    work()
    assert planned_for(broadcast) == [member.pk for member in members]
    delete_segment(segment)
    assert issue_of(broadcast).planned == 2


def test_the_audience_is_that_of_the_beginning(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    people = readers(5)
    broadcast = started()
    engine.tick()
    readers(3, first=10)
    work()
    assert planned_for(broadcast) == [each.pk for each in people]


def test_whoever_unsubscribes_before_their_turn_gets_nothing(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 1)
    _first, second = readers(2)
    broadcast = started()
    engine.tick()
    engine.tick()
    withdraw_consent(second.pk, "email", "newsletter", via="link")
    work()
    last = Delivery.objects.get(contact_id=second.pk)
    assert (last.state, last.reason) == (State.SUPPRESSED, "unsubscribed")
    assert len(planned_for(broadcast)) == 2


@pytest.mark.parametrize("crash_at", [1, 2, 3])
def test_a_crash_within_a_batch_leaves_nobody_out_and_nobody_twice(
    time: Time, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    monkeypatch.setattr(engine, "BATCH", 3)
    people = readers(8)
    broadcast = started()
    planned, calls = engine.plan_many, []

    def plan_and_die(*arguments: Any) -> None:
        planned(*arguments)
        calls.append(1)
        if len(calls) == crash_at:
            raise SystemExit  # as a killed process: no one catches it, and the transaction is gone

    monkeypatch.setattr(engine, "plan_many", plan_and_die)
    with pytest.raises(SystemExit):
        work()
    assert len(planned_for(broadcast)) == 3 * (crash_at - 1)
    work()
    assert planned_for(broadcast) == [each.pk for each in people]
    assert issue_of(broadcast).planned == 8


def test_two_who_became_one_get_it_once(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 1)
    kept, gone = readers(2)
    broadcast = started()
    engine.tick()
    merge_contacts(kept.pk, gone.pk)
    work()
    assert planned_for(broadcast) == [kept.pk]


def test_a_pause_between_two_batches_skips_nobody_and_copies_nothing(
    time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    people = readers(7)
    broadcast = started()
    for _ in range(3):
        engine.tick()
    pause_broadcast(broadcast.pk)
    assert engine.tick() is False
    assert len(planned_for(broadcast)) == 4
    assert issue_of(broadcast).run.held_at == time.now
    time.pass_by(hours=5)
    resume_broadcast(broadcast.pk)
    work()
    assert planned_for(broadcast) == [each.pk for each in people]
    assert issue_of(broadcast).run.held_at is None


def test_what_is_cancelled_does_not_go_out(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    readers(5)
    broadcast = started()
    engine.tick()
    engine.tick()
    cancel_broadcast(broadcast.pk)
    work()
    assert not Recipient.objects.exists()
    issue = issue_of(broadcast)
    assert (issue.stage, issue.run.cancelled_at) == (Stage.CANCELLED, time.now)
    assert len(planned_for(broadcast)) == 2


def test_a_throttle_spreads_evenly(time: Time) -> None:
    readers(5)
    broadcast = started(per_hour=60)
    for _minute in range(5):
        work()
        time.pass_by(minutes=1)
    moments = sorted(Delivery.objects.values_list("due_at", flat=True))
    assert [later - earlier for earlier, later in pairwise(moments)] == [timedelta(minutes=1)] * 4
    assert len(planned_for(broadcast)) == 5


def test_a_throttle_does_not_catch_up_after_a_pause(time: Time) -> None:
    readers(10)
    broadcast = started(per_hour=60)
    work()
    pause_broadcast(broadcast.pk)
    before = len(planned_for(broadcast))
    time.pass_by(hours=3)
    resume_broadcast(broadcast.pk)
    work()
    assert before == 2
    assert len(planned_for(broadcast)) == 4
    assert sorted(Delivery.objects.values_list("due_at", flat=True))[2] == time.now


def test_what_a_letter_says_stays_when_its_message_is_edited(time: Time) -> None:
    readers(1)
    broadcast = started()
    work()
    letter = issue_of(broadcast).letters.get()
    original = MessageVersion.objects.get(message=letter.version.message, run=None)
    assert letter.version.bodies == original.bodies
    assert letter.version.number == original.number


def test_a_letter_under_another_subject_is_nobody_elses_version_of_the_message(time: Time) -> None:
    readers(1)
    version = published()
    assert version.message is not None
    started(Wording(version.message.pk, "別の件名"))
    work()
    assert [each.pk for each in version.message.published_versions] == [version.pk]
    assert publish_message(version.message).pk == version.pk
    journey = live_journey([send(version.message)])
    (compiled,) = journey.versions.get().compiled["steps"].values()
    assert compiled["message_version"] == version.pk
    series = Series.objects.create(name="Letters")
    insert_messages(series.pk, [version.message], by=None)
    (drawn,) = publish_series(series.pk, by=None).slots
    assert drawn[2] == version.pk


def test_a_broadcast_that_cannot_begin_is_put_on_hold_and_stands_in_no_others_way(time: Time) -> None:
    people = readers(1)
    broken, fine = started(name="壊れた"), started(name="大丈夫")
    variant = broken.variants.get()
    variant.message.unpublish()
    work()
    broken.refresh_from_db()
    assert broken.is_paused
    assert str(variant.message) in broken.trouble
    assert not Issue.objects.filter(broadcast=broken).exists()
    assert planned_for(fine) == [people[0].pk]


def test_a_broadcast_is_started_once(time: Time) -> None:
    broadcast = draft_broadcast()
    start_broadcast(broadcast.pk)
    with pytest.raises(WrongState):
        start_broadcast(broadcast.pk)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 5)
    people = readers(40)
    broadcasts = [started(name=f"{number}") for number in range(3)]
    at_once(*[work] * 4)
    work()
    for broadcast in broadcasts:
        assert planned_for(broadcast) == [each.pk for each in people]
        assert Issue.objects.filter(broadcast=broadcast).count() == 1
    assert Broadcast.objects.filter(trouble="").count() == 3
