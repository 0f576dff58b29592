"""The mail server dies between DATA and 250, refuses everybody for a while, keeps senders waiting: at most one copy."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from jouren.core.loops import wait_until
from jouren.journeys.models import Enrolment, EnrolmentState
from jouren.messaging.models import Delivery
from jouren.messaging.slots import DEFAULT_IN_FLIGHT, slots_of
from jouren.messaging.vocabulary import Lane, State
from tests.faults.crowd import Crowd, address_of, query, set_clock
from tests.faults.judging import judge, settle
from tests.faults.scale import SCALE, dice
from tests.smtp_server import HANG_UP, ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)
IN_FLIGHT = len(slots_of(Lane.TRIGGERED, DEFAULT_IN_FLIGHT))


@pytest.mark.parametrize("keeps", [True, False], ids=["after it kept the letter", "before it kept the letter"])
def test_a_server_that_dies_before_its_250_leaves_one_copy_at_most(
    server: ScriptedServer, loops: Callable[[], None], keeps: bool
) -> None:
    """It breaks all its lines at once, each time at the end of some letter, and is away for a moment."""
    crowd, lots = Crowd(SCALE.people), dice("server dies")
    # With each death letters are lost or put off: so many as all would never come.
    points = sorted(lots.sample(range(1, SCALE.people // 2), SCALE.kills))
    deaths = threading.Semaphore(0)

    def die(verb: str, _address: str) -> bytes | None:
        if verb != "." or not points or len(server.letters) < points[0]:
            return None
        with server.lock:
            if not points or len(server.letters) < points[0]:
                return None
            del points[0]
        server.die()
        deaths.release()
        return HANG_UP if keeps else b"421 dying"

    server.script = die
    crowd.buy(1, crowd.numbers)
    loops()
    for _ in range(SCALE.kills):
        assert deaths.acquire(timeout=SCALE.patience)
        server.rise()
    settle(query)
    let_time_pass(is_nothing_planned, hours=1)
    account = judge(query, server, crowd.first_letters, bound=SCALE.kills * IN_FLIGHT)
    # At each death the letter at whose end it came is of unknown fate.
    assert account.unknown >= SCALE.kills


def test_a_storm_of_refusals_and_stalls_gives_everybody_one_letter(
    server: ScriptedServer, loops: Callable[[], None]
) -> None:
    """421, 450 and 451 to recipient, data and letter, and answers that are good but long in coming."""
    crowd, lots = Crowd(SCALE.people), dice("storm")
    verbs, answers = ("RCPT", "DATA", "."), (b"421 too many", b"451 greylisted", b"450 busy")
    troubles = {address_of(number): (lots.choice(verbs), lots.choice(answers), 2) for number in crowd.numbers[::3]}
    stalls = {address_of(number) for number in crowd.numbers[1 :: SCALE.people // 8]}
    met: Counter[str] = Counter()

    def storm(verb: str, address: str) -> bytes | None:
        if verb == "." and address in stalls:
            time.sleep(SCALE.stall)
        place, answer, times = troubles.get(address, ("", b"", 0))
        with server.lock:
            if verb != place or met[address] >= times:
                return None
            met[address] += 1
        return answer

    server.script = storm
    crowd.buy(1, crowd.numbers)
    loops()
    assert wait_until(lambda: len(server.letters) > 0, SCALE.patience)
    settle(query)
    let_time_pass(is_nothing_planned, hours=1)
    assert set(met.values()) == {2}
    judge(query, server, crowd.first_letters, bound=0)


def test_a_poison_letter_ends_by_itself_and_holds_up_nobody(server: ScriptedServer, loops: Callable[[], None]) -> None:
    """One breaks the line each time, one is refused for now for ever, one for good."""
    crowd = Crowd(SCALE.people)
    deadly, greylisted, refused = 2, 3, 4
    answers = {
        (".", address_of(deadly)): HANG_UP,
        ("RCPT", address_of(greylisted)): b"451 later",
        ("RCPT", address_of(refused)): b"550 5.1.1 no such user",
    }
    server.script = lambda verb, address: answers.get((verb, address))
    crowd.buy(1, crowd.numbers)
    loops()
    assert wait_until(lambda: len(server.letters) >= SCALE.people - 2, SCALE.patience)
    settle(query)
    crowd.buy(2, crowd.twice)
    settle(query)
    let_time_pass(lambda: is_nothing_planned() and is_nobody_on_the_way(), hours=13)
    wanted = crowd.letters(quick=False)
    failed = {pair for pair in wanted if pair[0] == address_of(greylisted)} | {(address_of(refused), "first")}
    withheld = {(address_of(refused), name) for name in ("again", "slow")}
    account = judge(query, server, wanted - failed - withheld, bound=3, failed=failed, withheld=withheld)
    assert account.unknown == 3
    assert server.recipients.count(address_of(deadly)) == 3


def let_time_pass(is_enough: Callable[[], bool], hours: int) -> None:
    """Put the clock forward step by step, and let all that is due then be done, until it is enough."""
    for _step in range(20):
        if is_enough():
            return
        set_clock(hours=hours)
        settle(query)
    raise AssertionError("It goes on for longer than it should.")


def is_nothing_planned() -> bool:
    return not Delivery.objects.filter(state__in=[State.PLANNED, State.ATTEMPTING]).exists()


def is_nobody_on_the_way() -> bool:
    return not Enrolment.objects.filter(state=EnrolmentState.ACTIVE).exists()
