"""Edits of a journey meet workers: what each waits for, and what each guarantees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

import pytest
from django.db import IntegrityError, connection, connections, transaction

from jouren.contacts.models import Contact
from jouren.core.loops import wait_until
from jouren.events import reactor
from jouren.journeys import actions, engine, reactions
from jouren.journeys.actions import enrol_by_hand, freeze_version
from jouren.journeys.models import Enrolment, EnrolmentState, Inside, Journey, JourneyVersion, Pause
from jouren.journeys.pausing import How, PauseProblem, Resumption, pause_journey, resume_journey
from jouren.journeys.versions import load_version
from jouren.journeys.writers import DatabaseWriter
from jouren.messaging.models import Delivery, Message
from tests.programs import key
from tests.walking import (
    START,
    Time,
    buy,
    got,
    live_journey,
    make_message,
    make_reader,
    rewrite,
    send,
    step,
    wait,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]
T = TypeVar("T")
PATIENCE = 30


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def aside(pool: ThreadPoolExecutor, work: Callable[[], T]) -> Future[T]:
    """Do it on a connection of its own."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return pool.submit(run)


class Halt:
    """A place at which one thread stands until another lets it go."""

    def __init__(self) -> None:
        self._reached, self._go = Event(), Event()

    def __call__(self) -> None:
        self._reached.set()
        assert self._go.wait(PATIENCE)

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE)

    def let_go(self) -> None:
        self._go.set()


def halt_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, once: bool = True) -> Halt:
    """Have the first call of ``owner.name`` stand before it begins."""
    halt, original, calls = Halt(), getattr(owner, name), []

    def halted(*args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1 or not once:
            halt()
        return original(*args, **options)

    monkeypatch.setattr(owner, name, halted)
    return halt


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def wait_for_the_waiting() -> None:
    assert wait_until(somebody_waits_for_a_lock, PATIENCE, step=0.01)


def enter(journey: Journey, count: int) -> list[int]:
    return enrol_by_hand(journey, [make_reader(number).pk for number in range(count)])


def test_a_pause_waits_for_those_who_are_on_their_way_and_stops_them_at_their_next_step(
    one: Message, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([send(one), wait(1)])
    people = enter(journey, 3)
    halt = halt_before(monkeypatch, DatabaseWriter, "write")
    advancing = aside(pool, engine.tick)
    halt.wait_until_reached()
    pausing = aside(pool, lambda: pause_journey(journey))
    wait_for_the_waiting()
    assert not Delivery.objects.exists()
    halt.let_go()
    assert advancing.result(PATIENCE) == 3
    pausing.result(PATIENCE)
    assert list(Delivery.objects.order_by("contact_id").values_list("contact_id", flat=True)) == people
    assert {(str(walk.step), walk.due_at) for walk in Enrolment.objects.all()} == {(key("wait"), None)}
    assert engine.next_due() is None


def test_who_walks_on_while_their_step_is_taken_away_is_not_set_back(
    one: Message, two: Message, time: Time, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = make_message("Last")
    journey = live_journey([wait(1, "first"), send(one, "a"), wait(5, "second"), send(two, "b"), send(last, "c")])
    enter(journey, 2)
    work()
    time.pass_by(days=1)
    halt = halt_before(monkeypatch, DatabaseWriter, "write")
    advancing = aside(pool, engine.tick)
    halt.wait_until_reached()
    rewrite(journey, send(one, "a"), wait(5, "second"), send(last, "c"))
    publishing = aside(pool, lambda: freeze_version(journey))
    wait_for_the_waiting()
    halt.let_go()
    advancing.result(PATIENCE)
    version = publishing.result(PATIENCE)
    assert {(walk.version_id, str(walk.step)) for walk in Enrolment.objects.all()} == {(version.pk, key("second"))}
    time.pass_by(days=5)
    work()
    assert sorted(Delivery.objects.values_list("message_version__name", flat=True)) == ["Last", "Last", "One", "One"]


def test_who_comes_in_while_a_journey_is_paused_stands_still_as_soon_as_anybody_looks(
    one: Message, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([send(one), wait(1)])
    person = make_reader()
    buy(person)
    halt = halt_before(monkeypatch, reactions, "wake")
    entering = aside(pool, reactor.tick)
    halt.wait_until_reached()
    pause_journey(journey)
    halt.let_go()
    assert entering.result(PATIENCE)
    assert walks(person)[0].due_at == START
    work()
    assert got(person) == []
    assert (walks(person)[0].due_at, walks(person)[0].held_due_at) == (None, START)
    resume_journey(journey, Resumption(How.AT_ONCE))
    work()
    assert got(person) == ["One"]


def test_who_comes_in_while_a_journey_is_published_begins_on_one_of_the_two_versions(
    one: Message, two: Message, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([send(one, "a")])
    person = make_reader()
    buy(person)
    halt = halt_before(monkeypatch, reactions, "wake")
    entering = aside(pool, reactor.tick)
    halt.wait_until_reached()
    freeze_version(rewrite(journey, send(two, "b")))
    halt.let_go()
    entering.result(PATIENCE)
    work()
    assert got(person) == ["One"]
    assert walks(person)[0].state == EnrolmentState.FINISHED


def test_two_publishings_at_once_make_two_versions_and_everybody_is_on_the_second(
    one: Message, two: Message, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enter(journey, 5)
    work()
    drafts = [Journey.objects.get(pk=journey.pk) for _draft in range(2)]
    for number, draft in enumerate(drafts):
        field = draft._meta.get_field("steps")
        draft.steps = field.stream_block.to_python([wait(8 - number), send(two, "b")])  # type: ignore[union-attr]
    halt = halt_before(monkeypatch, actions, "wake")
    first = aside(pool, lambda: freeze_version(drafts[0]))
    halt.wait_until_reached()
    second = aside(pool, lambda: freeze_version(drafts[1]))
    wait_for_the_waiting()
    halt.let_go()
    assert [first.result(PATIENCE).number, second.result(PATIENCE).number] == [2, 3]
    assert list(JourneyVersion.objects.filter(live=True).values_list("number", flat=True)) == [3]
    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {3}


def test_an_event_that_was_heard_before_a_publishing_opens_the_way_it_opened_then(
    one: Message, two: Message, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([first_of(("order.paid", one, "a"), ("message.clicked", two, "b"))], BY_HAND)
    (person_id,) = enter(journey, 1)
    work()
    buy(Contact.objects.get(pk=person_id))
    halt = halt_before(monkeypatch, reactions, "live_versions")
    hearing = aside(pool, reactor.tick)
    halt.wait_until_reached()
    rewrite(journey, first_of(("message.clicked", two, "b"), ("order.paid", one, "a")))
    publishing = aside(pool, lambda: freeze_version(journey))
    wait_for_the_waiting()
    halt.let_go()
    hearing.result(PATIENCE)
    publishing.result(PATIENCE)
    work()
    assert list(Delivery.objects.values_list("message_version__name", flat=True)) == ["One"]


def test_an_event_that_comes_during_a_publishing_is_heard_by_the_new_version(
    one: Message, two: Message, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey = live_journey([first_of(("order.paid", one, "a"), ("message.clicked", two, "b"))], BY_HAND)
    (person_id,) = enter(journey, 1)
    work()
    rewrite(journey, first_of(("message.clicked", two, "b"), ("order.paid", one, "a")))
    halt = halt_before(monkeypatch, actions, "wake")
    publishing = aside(pool, lambda: freeze_version(journey))
    halt.wait_until_reached()
    buy(Contact.objects.get(pk=person_id))
    hearing = aside(pool, reactor.tick)
    wait_for_the_waiting()
    halt.let_go()
    publishing.result(PATIENCE)
    hearing.result(PATIENCE)
    assert Enrolment.objects.get().heard_path == 1
    work()
    assert list(Delivery.objects.values_list("message_version__name", flat=True)) == ["One"]


def test_of_several_who_resume_at_once_one_is_told_that_it_is_done(one: Message, pool: ThreadPoolExecutor) -> None:
    journey = live_journey([wait(1), send(one)])
    enter(journey, 2)
    pause_journey(journey)
    resuming = [aside(pool, lambda: resume_journey(journey, Resumption(How.SHIFT))) for _who in range(3)]
    problems = [each.exception(PATIENCE) for each in resuming]
    assert problems.count(None) == 1
    assert [type(problem) for problem in problems if problem is not None] == [PauseProblem] * 2
    assert Enrolment.objects.filter(due_at=None).count() == 0


def test_an_edit_that_waits_in_a_circle_with_a_worker_is_done_again(one: Message, pool: ThreadPoolExecutor) -> None:
    journey = live_journey([wait(1), send(one)])
    enter(journey, 2)
    low, high = Enrolment.objects.order_by("id").values_list("id", flat=True)
    holds_high, goes_on = Event(), Event()

    def worker() -> None:
        with transaction.atomic():
            Enrolment.objects.select_for_update().get(pk=high)
            holds_high.set()
            assert goes_on.wait(PATIENCE)
            with connection.cursor() as cursor:
                # So that the edit is the one to be broken off, where we may say so.
                cursor.execute(
                    "SELECT set_config('deadlock_timeout', '30s', true) WHERE current_setting('is_superuser') = 'on'"
                )
            Enrolment.objects.select_for_update().get(pk=low)

    working = aside(pool, worker)
    assert holds_high.wait(PATIENCE)
    pausing = aside(pool, lambda: pause_journey(journey))
    wait_for_the_waiting()
    goes_on.set()
    working.exception(PATIENCE)
    pausing.result(PATIENCE)
    assert Pause.objects.count() == 1
    assert Enrolment.objects.filter(due_at=None).count() == 2


def test_a_journey_that_is_deleted_while_somebody_enters_leaves_nothing_behind(
    one: Message, pool: ThreadPoolExecutor
) -> None:
    journey = live_journey([send(one)])
    version = load_version(JourneyVersion.objects.get().pk)
    person = make_reader()
    halt = Halt()

    def enter_slowly() -> None:
        with transaction.atomic():
            reactions.enrol_contacts(version, {person.pk: ""}, START)
            halt()

    entering = aside(pool, enter_slowly)
    halt.wait_until_reached()
    journey.delete()
    halt.let_go()
    assert isinstance(entering.exception(PATIENCE), IntegrityError)
    assert not Enrolment.objects.exists()
    assert not Journey.objects.exists()


def test_those_who_finish_on_an_old_version_and_those_who_move_do_not_meet(
    one: Message, two: Message, pool: ThreadPoolExecutor, time: Time
) -> None:
    """Workers advance while the journey is published, paused and resumed again and again: nobody is lost or doubled."""
    journey = live_journey([wait(1), send(one, "a"), wait(1, "w2"), send(two, "b")])
    people = enter(journey, 60)
    stop = Event()

    def work_on() -> None:
        while not stop.is_set():
            engine.tick()

    workers = [aside(pool, work_on) for _worker in range(2)]
    texts = [[wait(1), send(one, "a"), wait(2, "w2"), send(two, "b")], [send(one, "a"), wait(1, "w2"), send(two, "b")]]
    for number in range(12):
        freeze_version(rewrite(journey, *texts[number % 2]), inside=list(Inside)[number % 3])
        pause_journey(journey)
        time.pass_by(hours=7)
        resume_journey(journey, Resumption(list(How)[number % 4], hours=1, days=300))
    time.pass_by(days=9)
    stop.set()
    for worker in workers:
        worker.result(PATIENCE)
    work()
    assert set(Enrolment.objects.values_list("state", flat=True)) == {EnrolmentState.FINISHED}
    assert Enrolment.objects.count() == len(people)
    for name in ("One", "Two"):
        assert Delivery.objects.filter(message_version__name=name).count() == len(people)


BY_HAND = [{"type": "by_hand", "value": None}]


def first_of(*ways: tuple[str, Message, str]) -> dict[str, Any]:
    paths = [
        {"name": "", "event": event, "message": None, "where": [], "keyed": False, "then": [send(message, name)]}
        for event, message, name in ways
    ]
    return step("wait_first", {"paths": paths, "amount": 5, "unit": "days", "otherwise": []}, "w")
