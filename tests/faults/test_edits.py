"""What the shop and its readers do while letters go out: edit, pause, delete, unsubscribe, complain."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from jouren.contacts.actions import suppress, withdraw_consent
from jouren.contacts.models import SuppressionReason
from jouren.core.loops import wait_until
from jouren.journeys.actions import enrol_by_hand, freeze_version
from jouren.journeys.models import Entries
from jouren.journeys.pausing import How, Resumption, pause_journey, resume_journey
from jouren.messaging.models import Delivery
from jouren.messaging.vocabulary import State
from tests.at_once import at_once, meanwhile
from tests.faults.crowd import Crowd, address_of, query, set_clock
from tests.faults.judging import judge, settle
from tests.faults.scale import SCALE, dice
from tests.smtp_server import ScriptedServer
from tests.walking import rewrite, wait

pytestmark = pytest.mark.django_db(transaction=True)


STANDS = """
SELECT identity.value, version.name FROM messaging_delivery AS delivery
JOIN contacts_identity AS identity ON identity.contact_id = delivery.contact_id
JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id
"""


def arrived(server: ScriptedServer, count: float) -> bool:
    """Wait until so many letters have arrived."""
    return wait_until(lambda: len(server.letters) >= count, SCALE.patience, 0.01)


def test_edits_and_a_pause_in_mid_run_neither_lose_nor_repeat_a_letter(
    server: ScriptedServer, loops: Callable[[], None]
) -> None:
    """While the first letter goes out it is put between two waits; then the journey stands still for a while.

    Whoever stands at the letter when it is put there is sent it and waits: nobody is at the fork early.
    """
    people, crowd = SCALE.people, Crowd(SCALE.people)
    journey, (first, before, *rest) = crowd.journey, crowd.steps()
    loops()
    with meanwhile(lambda: crowd.buy(1, crowd.numbers), SCALE.patience):
        assert arrived(server, people * 0.1)
        freeze_version(rewrite(journey, before, first, wait(1, "behind"), *rest))
        pause_journey(journey, entries=Entries.HOLD)
        begun = set(query(f"{STANDS} WHERE delivery.state <> 0"))
    settle(query)
    stood_at = len(server.letters)
    assert stood_at == len(begun)
    set_clock(days=1, hours=1)
    settle(query)
    assert len(server.letters) == stood_at
    crowd.buy(2, crowd.twice)
    settle(query)
    resume_journey(journey, Resumption(How.AT_ONCE))
    for _day in range(4):
        set_clock(days=1)
        settle(query)
    judge(query, server, crowd.letters(quick=False), bound=0)


def test_who_enters_by_several_ways_at_once_walks_once(server: ScriptedServer, loops: Callable[[], None]) -> None:
    """By what they did, and by two colleagues who press the same button."""
    crowd = Crowd(SCALE.people)
    loops()
    by_hand = partial(enrol_by_hand, crowd.journey, crowd.ids)
    at_once(by_hand, lambda: crowd.buy(1, crowd.numbers), by_hand)
    settle(query)
    judge(query, server, crowd.first_letters, bound=0)
    assert query("SELECT count(*) FROM journeys_enrolment") == [(SCALE.people,)]


def test_a_journey_deleted_in_mid_run_starts_no_letter_afterwards(
    server: ScriptedServer, loops: Callable[[], None]
) -> None:
    crowd = Crowd(SCALE.people)
    loops()
    with meanwhile(lambda: crowd.buy(1, crowd.numbers), SCALE.patience):
        assert arrived(server, SCALE.people * 0.2)
        crowd.journey.delete()
        begun = set(query(f"{STANDS} WHERE delivery.state <> 0"))
    settle(query)
    sent = set(query(f"{STANDS} WHERE delivery.state = 2"))
    withheld = set(query(f"{STANDS} WHERE delivery.state = 5 AND delivery.reason = 'cancelled'"))
    assert sent <= begun
    judge(query, server, sent, bound=0, withheld=withheld)
    assert query("SELECT count(*) FROM journeys_enrolment") == [(0,)]


def test_nothing_is_begun_for_whoever_has_unsubscribed_or_complained(
    server: ScriptedServer, loops: Callable[[], None]
) -> None:
    """In the middle of a batch. What was being handed over when they said so may arrive; nothing else does."""
    crowd, lots = Crowd(SCALE.people), dice("unsubscribe")
    leavers = lots.sample(list(crowd.numbers), SCALE.people // 3)
    withheld = set()
    loops()
    with meanwhile(lambda: crowd.buy(1, crowd.numbers), SCALE.patience):
        for number in leavers:
            contact_id = crowd.ids[number - 1]
            if lots.random() < 0.5:
                withdraw_consent(contact_id, "email", "newsletter", via="preferences")
            else:
                suppress(contact_id, SuppressionReason.COMPLAINT, channel="email")
            if not Delivery.objects.filter(contact_id=contact_id, state__in=[State.ATTEMPTING, State.SENT]).exists():
                withheld.add((address_of(number), "first"))
    settle(query)
    assert len(withheld) > 0
    judge(query, server, crowd.first_letters - withheld, bound=0, withheld=withheld)
