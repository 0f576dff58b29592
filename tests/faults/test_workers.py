"""Workers that are killed and told to end while people walk a journey: everybody gets everything once."""

from __future__ import annotations

import time

import pytest

from jouren.core.loops import wait_until
from jouren.journeys.models import EnrolmentState
from jouren.messaging.slots import DEFAULT_IN_FLIGHT, most_of
from jouren.messaging.vocabulary import Lane
from tests.at_once import meanwhile
from tests.faults.crowd import Crowd, query, set_clock
from tests.faults.judging import judge, settle
from tests.faults.scale import SCALE, dice, tell
from tests.faults.workers import ARRIVED, PLANNED, WALKS, Killer, Workers
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)
LOST_A_KILL = most_of(Lane.TRIGGERED, DEFAULT_IN_FLIGHT)


def test_workers_killed_at_any_moment_of_a_journey_write_to_everybody_once(
    workers: Workers, server: ScriptedServer
) -> None:
    """Two schedulers at a time, one or both of them killed: while people enter, are moved on, and are written to."""
    crowd, people, began = Crowd(SCALE.people), SCALE.people, time.monotonic()
    killer, third = Killer(workers, server, dice("workers killed")), SCALE.kills // 3
    workers.start(2)
    with meanwhile(lambda: crowd.buy(1, crowd.numbers), SCALE.patience):
        killer.kill(SCALE.kills - 2 * third, (WALKS, PLANNED, ARRIVED), 0, people)
    crowd.buy(2, crowd.twice)
    settle(query)
    set_clock(days=1, minutes=1)
    killer.kill(third, (PLANNED, ARRIVED), people, 2 * people)
    settle(query)
    with meanwhile(lambda: crowd.buy(3, crowd.quick), SCALE.patience):
        killer.kill(third, (PLANNED, ARRIVED), 2 * people, 2 * people + len(crowd.quick))
    settle(query)
    set_clock(days=1)
    settle(query)
    judge(query, server, crowd.letters(), bound=killer.killed * LOST_A_KILL)
    ends = query("SELECT state, count(*), count(DISTINCT contact_id) FROM journeys_enrolment GROUP BY state")
    assert ends == [(EnrolmentState.FINISHED, people, people)]
    tell(
        f"{people} people, {SCALE.kills} kill points, {killer.killed} workers killed, {time.monotonic() - began:.0f} s"
    )


def test_workers_told_to_end_while_they_send_leave_nothing_unknown(workers: Workers, server: ScriptedServer) -> None:
    crowd = Crowd(SCALE.people)
    workers.start(2)
    workers.wait_until_they_work()
    with meanwhile(lambda: crowd.buy(1, crowd.numbers), SCALE.patience):
        for share in (0.2, 0.4, 0.6, 0.8):
            assert wait_until(lambda share=share: len(server.letters) >= share * SCALE.people, SCALE.patience, 0.01)
            workers.end()
            workers.start()
            workers.wait_until_they_work()
    settle(query)
    judge(query, server, crowd.first_letters, bound=0)
