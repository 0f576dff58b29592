"""Senders that are killed, and senders that work side by side: counted at the mail server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from jouren.core import clock
from jouren.core.loops import wait_until
from jouren.messaging.actions import PlannedDelivery, create_run, plan_deliveries
from jouren.messaging.models import Delivery, RelaySettings
from jouren.messaging.slots import DEFAULT_IN_FLIGHT, most_of, slots_of
from jouren.messaging.vocabulary import Lane, RunKind, State
from tests.messages import published
from tests.smtp_server import ScriptedServer, scripted_server

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 2000

_MAKE_PEOPLE = """
WITH people AS (
    INSERT INTO contacts_contact (family_name, given_name) SELECT '山田', 'n' || n FROM generate_series(1, %s) AS n
    RETURNING id
), addresses AS (
    INSERT INTO contacts_identity (contact_id, kind, value) SELECT id, 'email', 'p' || id || '@example.jp' FROM people
), consents AS (
    INSERT INTO contacts_consent (contact_id, channel, topic, is_granted, since)
    SELECT id, 'email', 'newsletter', true, now() FROM people
)
SELECT id FROM people
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def start_sender(server: ScriptedServer) -> Iterator[Callable[[Lane], subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(lane: Lane) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "DATABASE_URL": _database_url(),
            "JOUREN_EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sender_process", lane.name], stdin=subprocess.PIPE, env=environment
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def _database_url() -> str:
    at: dict[str, Any] = settings.DATABASES["default"]
    user = quote(at["USER"]) + (f":{quote(at['PASSWORD'])}" if at["PASSWORD"] else "")
    return f"postgresql://{user}@/{connection.settings_dict['NAME']}?host={quote(at['HOST'], safe='')}" + (
        f"&port={at['PORT']}" if at["PORT"] else ""
    )


def plan_for_everybody(lane: Lane, *, kind: str = "help") -> None:
    version = published(kind=kind)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_PEOPLE, [PEOPLE])
        contact_ids = [row[0] for row in cursor.fetchall()]
    run, step, now = create_run(RunKind.BROADCAST, "test"), uuid.uuid4(), clock.now()
    plan_deliveries([PlannedDelivery(run.pk, step, id_, 0, version.pk, "email", lane, now) for id_ in contact_ids], now)


def is_settled() -> bool:
    return not Delivery.objects.filter(state__in=[State.PLANNED, State.ATTEMPTING]).exists()


def addresses(state: State) -> set[str]:
    return {f"p{id_}@example.jp" for id_ in Delivery.objects.filter(state=state).values_list("contact_id", flat=True)}


def sent_events() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM events_event WHERE type = 'message.sent'")
        return int(cursor.fetchone()[0])


def test_a_killed_sender_sends_nothing_twice_and_loses_no_more_than_its_slots(
    server: ScriptedServer, start_sender: Callable[[Lane], subprocess.Popen[bytes]]
) -> None:
    plan_for_everybody(Lane.BROADCAST)
    for arrived in (300, 1000):
        victim = start_sender(Lane.BROADCAST)
        assert wait_until(lambda arrived=arrived: len(server.letters) >= arrived, 30)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    assert not is_settled()
    start_sender(Lane.BROADCAST)
    assert wait_until(is_settled, 60)
    got = Counter(server.recipients)
    sent, unknown = addresses(State.SENT), addresses(State.UNKNOWN)
    assert set(got.values()) == {1}
    assert sent <= got.keys() <= sent | unknown
    assert len(sent) + len(unknown) == PEOPLE
    assert len(unknown) <= 2 * most_of(Lane.BROADCAST, DEFAULT_IN_FLIGHT)
    assert sent_events() == len(sent)


def test_transactional_letters_of_a_killed_sender_go_at_most_once_more(
    server: ScriptedServer, start_sender: Callable[[Lane], subprocess.Popen[bytes]]
) -> None:
    plan_for_everybody(Lane.TRANSACTIONAL, kind="transactional")
    victim = start_sender(Lane.TRANSACTIONAL)
    assert wait_until(lambda: len(server.letters) >= 100, 30)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    start_sender(Lane.TRANSACTIONAL)
    assert wait_until(is_settled, 60)
    got = Counter(server.recipients)
    assert len(got) == PEOPLE
    twice = [address for address, count in got.items() if count > 1]
    assert {got[address] for address in twice} <= {2}
    assert len(twice) <= most_of(Lane.TRANSACTIONAL, DEFAULT_IN_FLIGHT)
    assert Delivery.objects.filter(state=State.SENT).count() == PEOPLE
    ids = Counter(data.partition(b"Message-ID: ")[2].partition(b"\r\n")[0] for _to, data in server.letters)
    assert set(ids.values()) <= {1, 2}
    assert len(ids) == PEOPLE


def test_senders_side_by_side_share_the_work_and_keep_to_the_bound(
    server: ScriptedServer, start_sender: Callable[[Lane], subprocess.Popen[bytes]]
) -> None:
    plan_for_everybody(Lane.BROADCAST)
    most = 0
    for _ in range(3):
        start_sender(Lane.BROADCAST)
    while not is_settled():
        most = max(most, Delivery.objects.filter(state=State.ATTEMPTING).count())
        time.sleep(0.01)
    assert 0 < most <= len(slots_of(Lane.BROADCAST, DEFAULT_IN_FLIGHT))
    assert set(Counter(server.recipients).values()) == {1}
    assert len(server.letters) == PEOPLE
    assert Delivery.objects.filter(state=State.SENT, attempts=1).count() == PEOPLE
    assert sent_events() == PEOPLE


def test_killed_senders_of_few_connections_leave_exactly_their_bound_unknown(
    server: ScriptedServer, start_sender: Callable[[Lane], subprocess.Popen[bytes]]
) -> None:
    relay = RelaySettings.objects.create(connections=4, letters=20)
    bound = len(slots_of(Lane.BROADCAST, relay.connections)) * relay.letters
    assert (bound, relay.in_flight) == (40, 80)
    plan_for_everybody(Lane.BROADCAST)
    victims = [start_sender(Lane.BROADCAST) for _ in range(2)]
    attempting = Delivery.objects.filter(state=State.ATTEMPTING)
    # Each of the two holds one of the two connections, and each is full.
    assert wait_until(lambda: len(server.letters) >= 400 and attempting.count() == bound, 30)
    for victim in victims:
        victim.send_signal(signal.SIGKILL)
    for victim in victims:
        victim.wait()
    assert attempting.count() == bound
    start_sender(Lane.BROADCAST)
    assert wait_until(is_settled, 60)
    got = Counter(server.recipients)
    sent, unknown = addresses(State.SENT), addresses(State.UNKNOWN)
    assert set(got.values()) == {1}
    assert sent <= got.keys() <= sent | unknown
    assert len(unknown) == bound
    assert len(sent) == PEOPLE - bound
    assert sent_events() == len(sent)
