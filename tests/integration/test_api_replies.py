"""Replies over HTTP: about a message of ours, once, and of whoever had got it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from jouren.api.keys import make_key
from jouren.contacts.actions import attach_identity, erase_contact
from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.events.queries import events_of
from jouren.messaging.models import Delivery
from jouren.messaging.replies import look
from jouren.messaging.tracking import make_token
from tests.imap_server import scripted_mailbox
from tests.integration.test_api_events import order, post
from tests.messages import published, reader
from tests.reacting import react_to_all
from tests.sending import plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    return make_key("desk")


@pytest.fixture
def delivery() -> Delivery:
    (delivery,) = plan(published(), reader("hana@example.jp"))
    return delivery


def reply(delivery: Delivery, number: int = 1, **changes: Any) -> dict[str, Any]:
    event = {
        "type": "message.replied",
        "contact": {"email": "Hana@example.jp"},
        "key": f"<r{number}@phone.example>",
        "payload": {"in_reply_to": message_id(delivery)},
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def message_id(delivery: Delivery) -> str:
    return f"<{make_token(delivery.pk)}@mail.example.jp>"


def test_a_reply_is_told_about_the_delivery_that_it_answers(key: str, delivery: Delivery) -> None:
    at = (clock.now() - timedelta(hours=1)).replace(microsecond=0)
    assert post(key, [reply(delivery, occurred_at=at.isoformat())]) == ("202", {"recorded": 1, "ignored": 0})
    (event,) = events_of([delivery.contact_id], types=["message.replied"])
    assert event.payload == {
        "delivery": delivery.pk,
        "message": delivery.message_version.message_id,
        "title": "お知らせ",
    }
    react_to_all()
    delivery.refresh_from_db()
    assert delivery.first_replied_at == event.occurred_at == at


def test_orders_and_replies_may_come_in_one_request(key: str, delivery: Delivery) -> None:
    assert post(key, [order(1), reply(delivery), order(2)]) == ("202", {"recorded": 3, "ignored": 0})


def test_a_reply_counts_once_whoever_tells_of_it(key: str, delivery: Delivery, settings: Any) -> None:
    assert post(key, [reply(delivery), reply(delivery)]) == ("202", {"recorded": 1, "ignored": 1})
    assert post(make_key("other"), [reply(delivery)]) == ("202", {"recorded": 0, "ignored": 1})
    with scripted_mailbox() as mailbox:
        settings.JOUREN = replace(settings.JOUREN, replies=mailbox.address)
        for number in (1, 2):
            mailbox.put(
                f"From: hana@example.jp\nMessage-ID: <r{number}@phone.example>\nIn-Reply-To: {message_id(delivery)}\n\n"
            )
        look(django_settings.JOUREN.replies, at_once=True)
    assert post(key, [reply(delivery, 2)]) == ("202", {"recorded": 0, "ignored": 1})
    assert len(events_of([delivery.contact_id], types=["message.replied"])) == 2


def test_the_contact_may_be_left_out(key: str, delivery: Delivery) -> None:
    assert post(key, [reply(delivery, contact=None)]) == ("202", {"recorded": 1, "ignored": 0})


def test_the_contact_may_be_named_by_any_identity(key: str, delivery: Delivery) -> None:
    attach_identity(delivery.contact_id, "shop", "C-1")
    assert post(key, [reply(delivery, contact={"shop": "C-1"})]) == ("202", {"recorded": 1, "ignored": 0})


def test_imported_replies_count_and_move_nobody(key: str, delivery: Delivery) -> None:
    assert post(key, [reply(delivery, historical=True)]) == ("202", {"recorded": 1, "ignored": 0})
    react_to_all()
    delivery.refresh_from_db()
    assert delivery.first_replied_at is not None


def test_who_was_erased_replies_no_more(key: str, delivery: Delivery) -> None:
    erase_contact(delivery.contact_id)
    assert post(key, [reply(delivery)]) == ("202", {"recorded": 0, "ignored": 1})


NOT_OURS = (
    "events[1].payload.in_reply_to must be the Message-ID of a message that Jouren sent, as it stands in the reply's "
    "In-Reply-To header."
)
NOT_THEIRS = (
    "events[1].contact is not the person who got that message. Leave contact out when somebody answers from another "
    "address: the reply counts for whoever got the message."
)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"payload": {}}, 'events[1].payload must be {"in_reply_to": "<…@…>"}.'),
        ({"payload": {"in_reply_to": "<a@b>", "text": "…"}}, 'events[1].payload must be {"in_reply_to": "<…@…>"}.'),
        ({"payload": {"in_reply_to": "<a@b>"}}, NOT_OURS),
        ({"payload": {"in_reply_to": 7}}, NOT_OURS),
        ({"key": None}, "events[1].key must be the reply's own Message-ID, such as <…@…>."),
        ({"key": "r1"}, "events[1].key must be the reply's own Message-ID, such as <…@…>."),
        ({"contact": {"email": "nobody@example.jp"}}, NOT_THEIRS),
        ({"contact": {"email": "taro@example.jp"}}, NOT_THEIRS),
        (
            {"occurred_at": "yesterday"},
            "events[1].occurred_at must be like 2026-11-22T09:30:00+09:00, with a time zone.",
        ),
        ({"historical": "yes"}, "events[1].historical must be true or false."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_recorded(
    key: str, delivery: Delivery, changes: dict[str, Any], error: str
) -> None:
    reader("taro@example.jp")
    people = Contact.objects.count()
    assert post(key, [order(9), reply(delivery, **changes)]) == ("422", {"error": error})
    assert events_of([delivery.contact_id], types=["message.replied"]) == []
    assert Contact.objects.count() == people
