"""Senders that are killed, and senders that work side by side: counted at the mail server."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter

import pytest

from jouren.core import clock
from jouren.core.loops import wait_until
from jouren.messaging.actions import PlannedDelivery, create_run, plan_deliveries
from jouren.messaging.models import Delivery, RelaySettings
from jouren.messaging.slots import DEFAULT_IN_FLIGHT, most_of, slots_of
from jouren.messaging.vocabulary import Lane, RunKind, State
from tests.faults.crowd import address_of, make_people, query
from tests.faults.judging import is_settled, judge, settle
from tests.faults.scale import SCALE
from tests.faults.workers import Workers
from tests.messages import published
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = SCALE.people
MESSAGE = "News"


def plan_for_everybody(lane: Lane, *, kind: str = "help") -> set[tuple[str, str]]:
    """Returns what all are to get."""
    version = published(name=MESSAGE, kind=kind)
    contact_ids = make_people(PEOPLE)
    run, step, now = create_run(RunKind.BROADCAST, "test"), uuid.uuid4(), clock.now()
    plan_deliveries([PlannedDelivery(run.pk, step, id_, 0, version.pk, "email", lane, now) for id_ in contact_ids], now)
    return {(address_of(number), MESSAGE) for number in range(1, PEOPLE + 1)}


def test_transactional_letters_of_a_killed_sender_go_at_most_once_more(
    server: ScriptedServer, workers: Workers
) -> None:
    plan_for_everybody(Lane.TRANSACTIONAL, kind="transactional")
    workers.start_sender(Lane.TRANSACTIONAL)
    assert wait_until(lambda: len(server.letters) >= PEOPLE // 10, SCALE.patience, 0.01)
    workers.kill()
    assert not is_settled(query)
    workers.start_sender(Lane.TRANSACTIONAL)
    settle(query)
    got = Counter(server.recipients)
    assert len(got) == PEOPLE
    twice = [address for address, count in got.items() if count > 1]
    assert {got[address] for address in twice} <= {2}
    assert len(twice) <= most_of(Lane.TRANSACTIONAL, DEFAULT_IN_FLIGHT)
    assert Delivery.objects.filter(state=State.SENT).count() == PEOPLE
    ids = Counter(data.partition(b"Message-ID: ")[2].partition(b"\r\n")[0] for _to, data in server.letters)
    assert set(ids.values()) <= {1, 2}
    assert len(ids) == PEOPLE


def test_senders_side_by_side_share_the_work_and_keep_to_the_bound(server: ScriptedServer, workers: Workers) -> None:
    wanted, most = plan_for_everybody(Lane.BROADCAST), 0
    for _ in range(3):
        workers.start_sender(Lane.BROADCAST)
    while not is_settled(query):
        most = max(most, Delivery.objects.filter(state=State.ATTEMPTING).count())
        time.sleep(0.01)
    assert 0 < most <= len(slots_of(Lane.BROADCAST, DEFAULT_IN_FLIGHT))
    assert Delivery.objects.filter(state=State.SENT, attempts=1).count() == PEOPLE
    judge(query, server, wanted, bound=0)


def test_killed_senders_of_few_connections_leave_exactly_their_bound_unknown(
    server: ScriptedServer, workers: Workers
) -> None:
    relay = RelaySettings.objects.create(connections=4, letters=20)
    bound = len(slots_of(Lane.BROADCAST, relay.connections)) * relay.letters
    assert (bound, relay.in_flight) == (40, 80)
    wanted, go_on = plan_for_everybody(Lane.BROADCAST), threading.Event()

    def keep_waiting(verb: str, _address: str) -> None:
        if verb == "." and len(server.letters) >= PEOPLE // 5:
            go_on.wait(SCALE.patience)

    server.script = keep_waiting
    for _ in range(2):
        workers.start_sender(Lane.BROADCAST)
    attempting = Delivery.objects.filter(state=State.ATTEMPTING)
    # Each of the two holds one of the two connections, and each is full.
    assert wait_until(lambda: len(server.letters) >= PEOPLE // 5 and attempting.count() == bound, SCALE.patience)
    workers.kill(2)
    go_on.set()
    assert attempting.count() == bound
    workers.start_sender(Lane.BROADCAST)
    settle(query)
    assert judge(query, server, wanted, bound=bound).unknown == bound
