"""Clocks that are put forward and back, and days that are not as others: nothing early, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from jouren.core.loops import wait_until
from jouren.journeys.actions import enrol_by_hand
from jouren.messaging.models import Delivery
from tests.faults.crowd import Crowd, address_of, make_people, query, set_clock
from tests.faults.judging import judge, settle
from tests.faults.scale import SCALE
from tests.messages import published
from tests.smtp_server import ScriptedServer
from tests.walking import live_journey, send, step

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_clock_that_goes_a_day_on_and_an_hour_back_repeats_nothing_and_loses_nobody(
    server: ScriptedServer, loops: Callable[[], None]
) -> None:
    """The machine's clock, while letters go out: what was planned by the faster clock waits for the slower one."""
    crowd = Crowd(SCALE.people)
    loops()
    crowd.buy(1, crowd.numbers)
    crowd.buy(2, crowd.twice)
    settle(query)
    set_clock(days=1, minutes=1)
    assert wait_until(lambda: len(server.letters) >= SCALE.people * 1.3, SCALE.patience, 0.01)
    set_clock(hours=-1)
    settle(query)
    stood_at = len(server.letters)
    assert stood_at < 2 * SCALE.people
    set_clock(hours=1)
    settle(query)
    assert len(server.letters) == 2 * SCALE.people
    set_clock(days=1)
    settle(query)
    judge(query, server, crowd.letters(quick=False), bound=0)


def put_clock_to(moment: datetime) -> None:
    # By the database: for a moment, this process may still know how far the clock was before it was last moved.
    ((ahead,),) = query("SELECT coalesce((SELECT offset_seconds FROM core_clock WHERE id = 1), 0)")
    set_clock(seconds=(moment - datetime.now(UTC)).total_seconds() - float(ahead))


PEOPLE = 20
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


@pytest.mark.parametrize(
    ("zone", "entered", "at", "due"),
    [
        # 8 March 2026: at two o'clock it is three. A letter for half past two goes at the first moment after the gap.
        (NEW_YORK, datetime(2026, 3, 7, 20, tzinfo=UTC), "02:30", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        # 1 November 2026: it is half past one twice. The first counts, the second brings no other letter.
        (NEW_YORK, datetime(2026, 10, 31, 20, tzinfo=UTC), "01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        # The day after 28 February 2028 is the 29th; in Tokyo it begins at three in the afternoon of the day before.
        (TOKYO, datetime(2028, 2, 28, 1, tzinfo=UTC), "00:00", datetime(2028, 2, 28, 15, tzinfo=UTC)),
        (NEW_YORK, datetime(2028, 2, 28, 20, tzinfo=UTC), "23:59", datetime(2028, 3, 1, 4, 59, tzinfo=UTC)),
    ],
    ids=["the gap", "the fold", "29 February in Tokyo", "29 February in New York"],
)
def test_on_odd_days_everybody_gets_one_letter_and_not_before_its_time(
    server: ScriptedServer, loops: Callable[[], None], zone: str, entered: datetime, at: str, due: datetime
) -> None:
    message = published(name="morning", subject="morning").message
    wait = step("wait_until", {"day": 1, "at": at, "business": False}, "wait")
    journey = live_journey([wait, send(message, "morning")], zone=zone)
    put_clock_to(entered)
    enrol_by_hand(journey, make_people(PEOPLE))
    loops()
    settle(query)
    put_clock_to(due - timedelta(minutes=2))
    settle(query)
    assert server.letters == []
    wanted = {(address_of(number), "morning") for number in range(1, PEOPLE + 1)}
    for later in (timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)):
        put_clock_to(due + later)
        settle(query)
        judge(query, server, wanted, bound=0)
    assert Delivery.objects.filter(sent_at__gte=due, sent_at__lt=due + timedelta(hours=1)).count() == PEOPLE
