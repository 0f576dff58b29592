"""A broadcast whose workers are killed, and which is paused and goes on: everybody gets it once."""

from __future__ import annotations

import pytest

from jouren.broadcasts.actions import pause_broadcast, resume_broadcast, start_broadcast
from jouren.broadcasts.models import Issue
from jouren.core.loops import wait_until
from jouren.messaging.slots import DEFAULT_IN_FLIGHT, most_of
from jouren.messaging.vocabulary import Lane
from tests.broadcasting import draft_broadcast
from tests.faults.crowd import address_of, make_people, query
from tests.faults.judging import judge, settle
from tests.faults.scale import SCALE, dice, tell
from tests.faults.workers import ARRIVED, PLANNED, Killer, Workers
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)
LOST_A_KILL = most_of(Lane.BROADCAST, DEFAULT_IN_FLIGHT)


def test_a_broadcast_killed_and_paused_on_its_way_reaches_everybody_once(
    workers: Workers, server: ScriptedServer
) -> None:
    """Killed while it is planned and while it is sent, by one broadcaster or both; paused in the middle of it."""
    people, half = SCALE.people, SCALE.kills // 2
    broadcast = draft_broadcast()
    make_people(people)
    killer = Killer(workers, server, dice("broadcasters killed"))
    start_broadcast(broadcast.pk)
    workers.start(2)
    killer.kill(SCALE.kills - half, (PLANNED, ARRIVED), 0, people // 2)
    pause_broadcast(broadcast.pk)
    settle(query)
    arrived = len(server.letters)
    assert arrived < people
    resume_broadcast(broadcast.pk)
    killer.kill(half, (ARRIVED,), arrived, people)
    assert wait_until(lambda: not Issue.objects.filter(ended_at=None).exists(), SCALE.patience, 0.1)
    wanted = {(address_of(number), "お知らせ") for number in range(1, people + 1)}
    judge(query, server, wanted, bound=killer.killed * LOST_A_KILL)
    tell(f"{people} people, {SCALE.kills} kill points, {killer.killed} workers killed")
