"""Two senders, one person, one message a day: the database decides which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, connections, transaction

from jouren.contacts.actions import suppress, withdraw_consent
from jouren.contacts.models import SuppressionReason
from jouren.core import clock
from jouren.core.config import SmtpAddress
from jouren.core.loops import wait_until
from jouren.messaging import sender as sender_module
from jouren.messaging.actions import cancel_run, hold_run, plan_deliveries
from jouren.messaging.models import Delivery, Hold
from jouren.messaging.queries import is_sending
from jouren.messaging.sender import LaneSender
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.queries import load_rules
from jouren.messaging.sending_rules.terms import Action, Cap, Rules, Unit
from jouren.messaging.vocabulary import Lane, State
from tests.at_once import somebody_waits_for_a_lock
from tests.messages import planned, published, reader
from tests.sending_rules import TOKYO
from tests.smtp_server import ScriptedServer, scripted_server

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 50


@pytest.fixture
def server(settings: Any) -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", running.port))
        yield running


def send_all(lane: Lane, start: threading.Barrier | None = None) -> None:
    """Work as a sender with a database connection of its own until nothing is due any more."""
    sender = LaneSender(lane)
    try:
        if start is not None:
            start.wait()
        assert wait_until(lambda: not sender.tick() and not is_sending(), 60, step=0.01)
    finally:
        sender.close()
        connections.close_all()


def plan_many(lanes: tuple[Lane, Lane], most: int, action: Action) -> None:
    save_rules(Rules(TOKYO, caps=(Cap(0, most, Unit.DAYS, 1, action=action),)))
    version, contact = published(), reader("a@example.jp")
    plan_deliveries(
        [planned(version, contact, lane=lanes[number % 2], occurrence=number) for number in range(MANY)], clock.now()
    )


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("lanes", [(Lane.TRIGGERED, Lane.TRIGGERED), (Lane.TRIGGERED, Lane.BROADCAST)])
@pytest.mark.parametrize("action", list(Action))
def test_of_fifty_due_at_once_as_many_go_as_are_allowed(
    server: ScriptedServer, lanes: tuple[Lane, Lane], most: int, action: Action
) -> None:
    plan_many(lanes, most, action)
    start = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(send_all, lane, start) for lane in lanes]:
            done.result()
    assert server.recipients == ["a@example.jp"] * most
    sent = set(Delivery.objects.filter(state=State.SENT).values_list("pk", flat=True))
    assert len(sent) == most
    cap = load_rules().caps[0]
    stopped = Delivery.objects.exclude(pk__in=sent)
    is_kept = action == Action.DEFER
    assert set(stopped.values_list("state", "reason")) == {(State.PLANNED if is_kept else State.SUPPRESSED, cap.reason)}
    assert Hold.objects.count() == MANY - most
    assert all(set(counted) == sent for counted in Hold.objects.values_list("counted", flat=True))


@contextmanager
def paused_before_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The first sender stops when it has marked what it will send and not committed. Gives (it stands there, go on)."""
    stands, go_on, write = threading.Event(), threading.Event(), sender_module.Ledger.write

    def write_and_wait(self: Any) -> None:
        is_sending = any(state == State.ATTEMPTING for _id, state, *_rest in self._rows)
        write(self)
        if is_sending and not stands.is_set():
            stands.set()
            assert go_on.wait(30)

    monkeypatch.setattr(sender_module.Ledger, "write", write_and_wait)
    try:
        yield stands, go_on
    finally:
        go_on.set()


def is_waiting_for_a_person() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_the_second_sender_waits_for_the_first_and_counts_what_it_sends(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_many((Lane.TRIGGERED, Lane.BROADCAST), 1, Action.SKIP)
    Delivery.objects.filter(occurrence__gt=1).delete()
    first, second = Delivery.objects.order_by("occurrence")
    with ThreadPoolExecutor(2) as pool, paused_before_commit(monkeypatch) as (stands, go_on):
        done: list[Future[None]] = [pool.submit(send_all, Lane.TRIGGERED)]
        assert stands.wait(30)
        done.append(pool.submit(send_all, Lane.BROADCAST))
        assert wait_until(is_waiting_for_a_person, 30)
        second.refresh_from_db()
        assert second.state == State.PLANNED
        go_on.set()
        for each in done:
            each.result()
    assert server.recipients == ["a@example.jp"]
    for delivery, state in ((first, State.SENT), (second, State.SUPPRESSED)):
        delivery.refresh_from_db()
        assert delivery.state == state
    assert Hold.objects.get().counted == [first.pk]


def test_two_senders_with_the_same_people_do_not_wait_in_a_circle(server: ScriptedServer) -> None:
    save_rules(Rules(TOKYO, caps=(Cap(0, 1, Unit.DAYS, 1, action=Action.SKIP),)))
    version = published()
    contacts = [reader(f"r{number}@example.jp") for number in range(40)]
    for lane, people in ((Lane.TRIGGERED, contacts), (Lane.BROADCAST, contacts[::-1])):
        plan_deliveries([planned(version, person, lane=lane, occurrence=lane) for person in people], clock.now())
    start = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(send_all, lane, start) for lane in (Lane.TRIGGERED, Lane.BROADCAST)]:
            done.result()
    assert sorted(server.recipients) == sorted(f"r{number}@example.jp" for number in range(40))
    assert Delivery.objects.filter(state=State.SUPPRESSED).count() == 40


TAKE_BACK: dict[str, Callable[[Delivery], object]] = {
    "unsubscribes": lambda it: withdraw_consent(it.contact_id, "email", "newsletter", via="preferences"),
    "complains": lambda it: suppress(it.contact_id, SuppressionReason.COMPLAINT, channel="email"),
    "run is cancelled": lambda it: cancel_run(it.run_id),
    "run is put on hold": lambda it: hold_run(it.run_id),
}


@pytest.mark.parametrize("take_back", TAKE_BACK.values(), ids=TAKE_BACK)
def test_who_takes_a_message_back_waits_for_what_is_begun_so_that_nothing_begins_afterwards(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, take_back: Callable[[Delivery], object]
) -> None:
    plan_deliveries([planned(published(), reader("a@example.jp"))], clock.now())
    delivery = Delivery.objects.get()

    def take_it_back() -> int:
        try:
            take_back(delivery)
            return Delivery.objects.get(pk=delivery.pk).state
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool, paused_before_commit(monkeypatch) as (stands, go_on):
        sending = pool.submit(send_all, Lane.TRIGGERED)
        assert stands.wait(30)
        taken_back = pool.submit(take_it_back)
        assert somebody_waits_for_a_lock()
        go_on.set()
        sending.result()
        assert taken_back.result() != State.PLANNED
    assert server.recipients == ["a@example.jp"]


@pytest.mark.parametrize("take_back", TAKE_BACK.values(), ids=TAKE_BACK)
def test_a_message_that_is_being_taken_back_is_not_waited_for_and_does_not_go(
    server: ScriptedServer, take_back: Callable[[Delivery], object]
) -> None:
    for address in ("a@example.jp", "b@example.jp"):
        plan_deliveries([planned(published(), reader(address))], clock.now())
    delivery = Delivery.objects.order_by("pk")[0]
    others = Delivery.objects.exclude(pk=delivery.pk)
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        take_back(delivery)
        done = pool.submit(send_until, lambda: not others.exclude(state=State.SENT).exists())
        done.result(30)
    assert server.recipients == ["b@example.jp"]
    send_until(lambda: True)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) in {(State.SUPPRESSED, 0), (State.PLANNED, 0)}
    assert server.recipients == ["b@example.jp"]


def send_until(is_enough: Callable[[], bool]) -> None:
    """Work as a sender until it is enough, for some rounds at least."""
    sender = LaneSender(Lane.TRIGGERED)
    try:
        rounds = iter(range(10**9))
        assert wait_until(lambda: bool(sender.tick() or True) and next(rounds) > 5 and is_enough(), 30, step=0.01)
    finally:
        sender.close()
        connections.close_all()
