"""Versions are tried on a part of the audience; the better one, or what the author chose, goes to the rest."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection

from jouren.broadcasts import engine
from jouren.broadcasts.actions import Wording, choose_version, pause_broadcast, resume_broadcast
from jouren.broadcasts.models import Broadcast
from jouren.broadcasts.policies import lot, lot_subject, place_in_rest, place_of
from jouren.broadcasts.queries import letter_figures
from jouren.broadcasts.vocabulary import Decision, Stage
from jouren.contacts.actions import withdraw_consent
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.messaging.models import Delivery
from jouren.messaging.sender import LaneSender
from jouren.messaging.vocabulary import Lane, State
from tests.broadcasting import deliver_all, issue_of, many_readers, planned_for, readers, started, work
from tests.messages import published
from tests.reacting import react_to_all
from tests.smtp_server import ScriptedServer
from tests.walking import Time

pytestmark = pytest.mark.django_db

B_SUBJECT = "別の件名"


def trial(people: int = 60, **fields: Any) -> Broadcast:
    """A broadcast in two versions, begun, whose test is with senders and was handed over."""
    many_readers(people)
    version = published()
    assert version.message_id is not None
    wordings = (Wording(version.message_id), Wording(version.message_id, B_SUBJECT))
    broadcast = started(*wordings, **{"test_percent": 50, "wait_hours": 4} | fields)
    work()
    deliver_all()
    return broadcast


def versions_of(broadcast: Broadcast) -> dict[int, str]:
    """The subject that each person's letter has."""
    rows = Delivery.objects.filter(run_id=issue_of(broadcast).run_id, occurrence=0)
    return {row.contact_id: row.message_version.bodies["email"]["subject"] for row in rows}


def click(broadcast: Broadcast, place: int, by: str = "human", most: int = 1_000) -> int:
    """People who got that version click in it. Returns how many."""
    version_id = issue_of(broadcast).letters.get(place=place, is_again=False).version_id
    rows = list(Delivery.objects.filter(message_version=version_id).order_by("pk")[:most])
    for row in rows:
        payload = {"delivery": row.pk, "url": "https://example.jp/", "by": by}
        record_event(NewEvent("message.clicked", row.contact_id, payload, key=f"{row.pk}-{by}"))
    react_to_all()
    return len(rows)


def test_who_gets_which_version_is_drawn_by_lot_and_stays_so(time: Time) -> None:
    broadcast = trial()
    issue = issue_of(broadcast)
    assert issue.stage == Stage.TESTING
    expected = {}
    for contact_id in planned_for(broadcast):
        place = place_of(lot(issue.pk, contact_id), 0.5, 2)
        assert place is not None
        expected[contact_id] = ["お知らせ", B_SUBJECT][place]
    assert versions_of(broadcast) == expected
    assert len(expected) < 60


def test_sql_draws_the_same_lots(time: Time) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n, core_lot(%s, n) / 4294967296::float8 FROM generate_series(1, 500) AS n", [lot_subject(77)]
        )
        for number, drawn in cursor.fetchall():
            assert float(drawn) == lot(77, number)


def test_the_better_version_goes_to_the_rest(time: Time) -> None:
    broadcast = trial()
    clicked = click(broadcast, 1)
    tested = versions_of(broadcast)
    time.pass_by(hours=4)
    work()
    issue = issue_of(broadcast)
    assert (issue.decision, issue.winner) == (Decision.WINNER, 1)
    assert issue.tested[1] == {"sent": clicked, "answered": clicked}
    got = versions_of(broadcast)
    assert len(got) == 60
    assert {got[contact_id] for contact_id in got.keys() - tested.keys()} == {B_SUBJECT}
    assert all(got[contact_id] == subject for contact_id, subject in tested.items())


def test_the_test_is_not_decided_early(time: Time) -> None:
    broadcast = trial()
    click(broadcast, 1)
    time.pass_by(hours=3, minutes=59)
    work()
    assert issue_of(broadcast).stage == Stage.TESTING


def test_clicks_of_machines_do_not_count(time: Time) -> None:
    broadcast = trial()
    click(broadcast, 1, by="scanner")
    time.pass_by(hours=4)
    work()
    issue = issue_of(broadcast)
    assert [each["answered"] for each in issue.tested] == [0, 0]
    assert (issue.decision, issue.winner) == (Decision.FIRST, 0)


def test_without_enough_data_the_rest_gets_all_in_equal_shares_if_so_chosen(time: Time) -> None:
    broadcast = trial(200, fallback="split")
    tested = versions_of(broadcast)
    time.pass_by(hours=4)
    work()
    issue = issue_of(broadcast)
    assert issue.decision == Decision.SPLIT
    got = versions_of(broadcast)
    rest = got.keys() - tested.keys()
    expected = {
        contact_id: ["お知らせ", B_SUBJECT][place_in_rest(lot(issue.pk, contact_id), 0.5, 2)] for contact_id in rest
    }
    assert {contact_id: got[contact_id] for contact_id in rest} == expected
    assert set(Counter(expected.values())) == {"お知らせ", B_SUBJECT}


def test_the_author_is_asked_and_the_rest_waits(time: Time) -> None:
    broadcast = trial(fallback="ask")
    before = len(planned_for(broadcast))
    time.pass_by(days=30)
    work()
    assert issue_of(broadcast).stage == Stage.ASKING
    assert len(planned_for(broadcast)) == before
    choose_version(issue_of(broadcast).pk, 1)
    work()
    assert len(planned_for(broadcast)) == 60
    assert issue_of(broadcast).decision == Decision.CHOSEN


def test_a_test_of_everybody_has_no_rest(time: Time) -> None:
    broadcast = trial(test_percent=100)
    assert len(versions_of(broadcast)) == 60
    assert set(versions_of(broadcast).values()) == {"お知らせ", B_SUBJECT}
    assert issue_of(broadcast).stage == Stage.ENDING


def test_nobody_gets_two_versions_whatever_stops_it(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 7)
    broadcast = trial(per_hour=3_600)
    while issue_of(broadcast).stage != Stage.ENDING:
        pause_broadcast(broadcast.pk)
        time.pass_by(minutes=2)
        resume_broadcast(broadcast.pk)
        engine.tick()
        deliver_all()
        time.pass_by(seconds=20)
    got = planned_for(broadcast)
    assert len(got) == len(set(got)) == 60


def silent_and_loud(time: Time) -> tuple[Broadcast, list[int], list[int]]:
    """Sent to ten: three clicked, one opened."""
    people = [each.pk for each in readers(10)]
    broadcast = started(again_hours=24, again_subject="もう一度お知らせします")
    work()
    deliver_all()
    Delivery.objects.filter(contact_id__in=people[:3]).update(first_opened_at=time.now, first_clicked_at=time.now)
    Delivery.objects.filter(contact_id=people[3]).update(first_opened_at=time.now)
    return broadcast, people[4:], people[:4]


def again(broadcast: Broadcast) -> list[int]:
    run_id = issue_of(broadcast).run_id
    return sorted(Delivery.objects.filter(run_id=run_id, occurrence=1).values_list("contact_id", flat=True))


def test_who_shows_no_sign_of_life_gets_it_once_more(time: Time) -> None:
    broadcast, silent, _loud = silent_and_loud(time)
    time.pass_by(hours=23, minutes=59)
    work()
    assert again(broadcast) == []
    time.pass_by(minutes=1)
    work()
    assert again(broadcast) == silent
    subjects = {row.message_version.bodies["email"]["subject"] for row in Delivery.objects.filter(occurrence=1)}
    assert subjects == {"もう一度お知らせします"}
    deliver_all()
    time.pass_by(days=10)
    work()
    assert again(broadcast) == silent
    assert issue_of(broadcast).stage == Stage.DONE


def test_a_second_letter_does_not_go_to_who_unsubscribed_or_answered_since(
    time: Time, server: ScriptedServer, sender: Any
) -> None:
    _broadcast, silent, _loud = silent_and_loud(time)
    time.pass_by(hours=24)
    work()
    gone, answered, *others = silent
    withdraw_consent(gone, "email", "newsletter", via="link")
    Delivery.objects.filter(contact_id=answered, occurrence=0).update(first_clicked_at=time.now)
    lane: LaneSender = sender(Lane.BROADCAST)
    for _ in range(100):
        lane.tick()
    rows = Delivery.objects.filter(occurrence=1)
    assert {row.contact_id: row.reason for row in rows.filter(state=State.SUPPRESSED)} == {
        gone: "unsubscribed",
        answered: "answered",
    }
    assert sorted(rows.filter(state=State.SENT).values_list("contact_id", flat=True)) == others
    assert len(server.recipients) == len(others)


def test_who_replied_has_shown_a_sign_of_life(time: Time, server: ScriptedServer, sender: Any) -> None:
    broadcast, silent, _loud = silent_and_loud(time)
    early, late, *others = silent
    reply_of(early)
    time.pass_by(hours=24)
    work()
    assert again(broadcast) == [late, *others]
    reply_of(late)
    lane: LaneSender = sender(Lane.BROADCAST)
    for _ in range(100):
        lane.tick()
    assert Delivery.objects.get(contact_id=late, occurrence=1).reason == "answered"
    version_id = issue_of(broadcast).letters.get(is_again=False).version_id
    assert letter_figures([version_id])[version_id].replied == 2


def reply_of(contact_id: int) -> None:
    delivery = Delivery.objects.get(contact_id=contact_id, occurrence=0)
    record_event(NewEvent("message.replied", contact_id, {"delivery": delivery.pk}))
    react_to_all()


def test_what_never_arrived_is_not_sent_again(time: Time) -> None:
    broadcast, silent, _loud = silent_and_loud(time)
    Delivery.objects.filter(contact_id=silent[0]).update(bounced_at=clock.now())
    Delivery.objects.filter(contact_id=silent[1]).update(state=State.UNKNOWN)
    time.pass_by(hours=24)
    work()
    assert again(broadcast) == silent[2:]


def test_a_farewell_is_put_down_to_the_last_letter(time: Time) -> None:
    broadcast, silent, _loud = silent_and_loud(time)
    time.pass_by(days=2)
    withdraw_consent(silent[0], "email", "newsletter", via="link")
    react_to_all()
    time.pass_by(days=6)
    withdraw_consent(silent[1], "email", "newsletter", via="link")
    react_to_all()
    version_id = issue_of(broadcast).letters.get(is_again=False).version_id
    assert letter_figures([version_id])[version_id].farewells == 1
