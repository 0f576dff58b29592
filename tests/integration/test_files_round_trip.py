"""Journeys go out to files and come in again, here and elsewhere, without losing anything."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from jouren.contacts.actions import define_attribute
from jouren.files.exporting import export_journeys
from jouren.journeys.models import Journey
from jouren.journeys.steps import step_blocks
from jouren.journeys.triggers import TriggersBlock
from jouren.messaging.models import Message
from jouren.webhooks.models import Endpoint
from tests.capture_pages import make_form
from tests.filing import a_message, edited, elsewhere, take
from tests.walking import START, draft_journey, send, step, wait

pytestmark = pytest.mark.django_db


def test_a_journey_and_its_message_read_as_their_author_sees_them() -> None:
    hello = a_message()
    draft_journey([wait(2), send(hello, "first")], name="新規のお客様")
    files = export_journeys()
    assert sorted(files) == ["journeys/新規のお客様.yaml", "messages/ようこそ.yaml"]
    journey = files["journeys/新規のお客様.yaml"].decode()
    assert journey.splitlines()[2:] == [
        "name: 新規のお客様",
        "trigger:",
        "  - event:",
        "      event: order.paid",
        "      times: 1",
        "reentry: once",
        "steps:",
        "  - wait:",
        f"      id: {uuid.uuid5(uuid.NAMESPACE_OID, 'wait')}",
        "      amount: 2",
        "      unit: days",
        "  - send:",
        f"      id: {uuid.uuid5(uuid.NAMESPACE_OID, 'first')}",
        "      message: ようこそ",
        "zone: Asia/Tokyo",
    ]
    print(files["messages/ようこそ.yaml"].decode())


def test_elsewhere_it_becomes_the_same_and_is_written_with_equal_bytes() -> None:
    draft_journey([wait(2), send(a_message())])
    files = export_journeys()
    elsewhere()
    done = take(files)
    assert {each.file: each.state for each in done.documents} == dict.fromkeys(files, "new")
    assert export_journeys() == files
    assert take(files).is_idle
