"""How regularly topics are written about, and how much was helped for what was asked."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest

from jouren.contacts.actions import merge_contacts
from jouren.contacts.models import Contact, Topic
from jouren.contacts.queries import alias_ids
from jouren.events.actions import NewEvent, record_event
from jouren.events.reactor import tick
from jouren.messaging.actions import create_run
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.queries import help_and_ask_of, help_and_ask_of_run, topic_paces
from jouren.messaging.sending_rules.readiness import HelpAndAsk
from jouren.messaging.vocabulary import Lane, RunKind, State
from tests.messages import published, reader
from tests.sending_rules import NEW_YORK, TOKYO, tokyo

pytestmark = pytest.mark.django_db
MONDAY = tokyo(2026, 11, 2, 8)


def went(
    version: MessageVersion,
    at: datetime,
    contact: Contact | None = None,
    *,
    kind: str = RunKind.JOURNEY,
    reference: str = "j",
    state: int = State.SENT,
) -> Delivery:
    run = create_run(kind, "x", reference)
    return Delivery.objects.create(
        run=run,
        step=uuid.uuid4(),
        contact_id=contact.pk if contact else 1,
        lane=Lane.TRIGGERED,
        state=state,
        due_at=at,
        try_at=at,
        planned_at=at,
        sent_at=at if state == State.SENT else None,
        message_version=version,
    )


def newsletter(version: MessageVersion, *moments: datetime) -> None:
    for moment in moments:
        went(version, moment, kind=RunKind.BROADCAST, reference=f"{version.pk}-{moment}")


def weekly(count: int, start: datetime = MONDAY) -> list[datetime]:
    return [start + timedelta(weeks=week) for week in range(count)]


def test_a_newsletter_that_stopped_is_silent() -> None:
    newsletter(published(), *weekly(4))
    for days, is_silent in ((14, False), (15, True)):
        (found,) = topic_paces(MONDAY + timedelta(weeks=3, days=days), TOKYO).values()
        assert (found.last, found.usual, found.is_silent) == (date(2026, 11, 23), timedelta(days=7), is_silent)


def test_the_messages_of_a_journey_do_not_hide_that_the_newsletter_stopped() -> None:
    version = published()
    newsletter(version, *weekly(3))
    for day in range(60):
        went(version, MONDAY + timedelta(days=day))
    (found,) = topic_paces(MONDAY + timedelta(days=60), TOKYO).values()
    assert (found.last, found.is_silent) == (date(2026, 11, 16), True)


def test_a_topic_without_a_newsletter_goes_by_all_its_messages() -> None:
    version = published()
    newsletter(version, *weekly(2))
    for day in (3, 5, 7):
        went(version, MONDAY + timedelta(days=day))
    assert topic_paces(MONDAY + timedelta(days=8), TOKYO)["newsletter"].usual == timedelta(days=2)


def test_what_did_not_go_out_is_no_issue() -> None:
    version = published()
    newsletter(version, *weekly(3))
    went(version, MONDAY + timedelta(weeks=9), kind=RunKind.BROADCAST, reference="x", state=State.PLANNED)
    assert topic_paces(MONDAY + timedelta(weeks=9), TOKYO)["newsletter"].last == date(2026, 11, 16)


def test_each_topic_has_its_own_pace() -> None:
    tea, _made = Topic.objects.get_or_create(key="tea", defaults={"name": "お茶"})
    newsletter(published(), *weekly(4))
    newsletter(published(topic=tea), *(MONDAY + timedelta(days=30 * month) for month in range(3)))
    paces = topic_paces(MONDAY + timedelta(days=61), TOKYO)
    assert {topic: (each.usual, each.is_silent) for topic, each in paces.items()} == {
        "newsletter": (timedelta(days=7), True),
        "tea": (timedelta(days=30), False),
    }


def test_days_are_those_of_the_shops_calendar() -> None:
    newsletter(published(), MONDAY)
    assert topic_paces(MONDAY, TOKYO)["newsletter"].last == date(2026, 11, 2)
    assert topic_paces(MONDAY, NEW_YORK)["newsletter"].last == date(2026, 11, 1)


def test_a_shop_that_sent_nothing_has_no_pace() -> None:
    assert topic_paces(MONDAY, TOKYO) == {}


def test_help_and_asks_that_reached_a_person_are_counted_across_a_merge() -> None:
    helping, asking, caring = (published(kind=kind) for kind in ("help", "ask", "care"))
    kept, gone = reader("kept@example.jp"), reader("gone@example.jp")
    for contact in (kept, gone):
        for version in (helping, helping, asking, caring):
            went(version, MONDAY, contact)
    went(helping, MONDAY, kept, state=State.FAILED)
    came_back = went(helping, MONDAY, kept)
    record_event(NewEvent("message.bounced", kept.pk, {"delivery": came_back.pk}))
    while tick():
        pass
    assert help_and_ask_of([kept.pk]) == HelpAndAsk(2, 1)
    merge_contacts(kept.pk, gone.pk)
    assert help_and_ask_of(alias_ids(kept.pk)) == HelpAndAsk(4, 2)
    assert help_and_ask_of([10**9]) == HelpAndAsk()


def test_help_and_asks_of_a_journey_are_what_it_sent() -> None:
    helping, asking = published(), published(kind="ask")
    for number in range(6):
        went(helping, MONDAY)
        went(asking, MONDAY, state=State.SENT if number % 2 else State.SUPPRESSED)
    went(asking, MONDAY, reference="another")
    assert help_and_ask_of_run(RunKind.JOURNEY, "j") == HelpAndAsk(6, 3)
    assert help_and_ask_of_run(RunKind.JOURNEY, "none") == HelpAndAsk()
