"""A replay of the past says what the engine, the gate and the sender did when the same things happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import ReadOnlySqlTransaction

from jouren.contacts.actions import grant_consent, withdraw_consent
from jouren.contacts.models import Contact
from jouren.core.loops import wait_until
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.journeys import engine
from jouren.journeys.models import Enrolment, Journey
from jouren.journeys.replay.replay import Happening, Replay, play
from jouren.journeys.replay.sources import PastFacts, entrants, load_lives, read_only, setting_of
from jouren.journeys.versions import live_version_of
from jouren.messaging.models import Delivery, MessageVersion
from jouren.messaging.queries import is_sending, next_due
from jouren.messaging.sender import LaneSender
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Action, Cap, Quiet, Readiness, Rules, Unit
from jouren.messaging.vocabulary import Lane, State
from tests.messages import published, reader
from tests.sending_rules import NIGHT, TOKYO
from tests.walking import START, Time, live_journey, send, step, wait

pytestmark = [pytest.mark.django_db]
END = START + timedelta(days=14)

deeds = st.lists(
    st.tuples(
        st.integers(0, 12 * 24 * 60),
        st.sampled_from([0, 1]),
        st.sampled_from(["trial", "regular", "regular", "withdraw", "grant"]),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda deed: deed[0],
).map(sorted)
rules = st.builds(
    Rules,
    zone=st.just(TOKYO),
    longest_delay=st.sampled_from([timedelta(days=1), timedelta(days=3)]),
    quiet=st.sampled_from([None, NIGHT, Quiet(NIGHT.start, NIGHT.end, Action.SKIP)]),
    caps=st.sampled_from(
        [
            (),
            (Cap(0, 1, Unit.DAYS, 1),),
            (Cap(0, 1, Unit.DAY),),
            (Cap(0, 2, Unit.WEEK, action=Action.SKIP), Cap(0, 1, Unit.HOURS, 30)),
        ]
    ),
    readiness=st.sampled_from([None, Readiness(1), Readiness(2)]),
)
ways = st.fixed_dictionaries(
    {
        "reentry": st.sampled_from(["once", "again", "after", "keyed"]),
        "times": st.sampled_from([1, 1, 2]),
        "goal": st.sampled_from([None, 2, 3]),
        "entry": st.sampled_from([None, 3]),
        "days": st.integers(1, 3),
    }
)


@pytest.fixture
def deliver(sender: Callable[..., LaneSender]) -> Iterator[Callable[[], None]]:
    """Lets everything that is due now go out."""
    made = sender(Lane.TRIGGERED)
    yield lambda: wait_until(lambda: not made.tick() and not is_sending(), 60, step=0.002) or None


def happen(contact: Contact, number: int, deed: str) -> None:
    if deed == "withdraw":
        withdraw_consent(contact.pk, "email", "newsletter", via="staff")
    elif deed == "grant":
        grant_consent(contact.pk, "email", "newsletter", via="form")
    else:
        paid = {"order": str(number), "kind": deed, "amount": 1000, "currency": "JPY", "products": ["tea"]}
        record_event(NewEvent("order.paid", contact.pk, paid, source=f"shop-{contact.pk}"))


def pass_until(moment: datetime, time: Time, deliver: Callable[[], None]) -> None:
    """Let the workers do all that is due on the way, each at its own moment."""
    while True:
        while reactor.tick() or engine.tick():
            pass
        deliver()
        due = [at for at in (engine.next_due(), next_due()) if at is not None and at < moment]
        if not due:
            break
        time.now = min(due)
    time.now = moment


def orders_at_least(count: int) -> dict[str, Any]:
    return {"all": [{"fact": "orders.count", "op": "gte", "value": count}]}


def make_journey(way: dict[str, Any], help: MessageVersion, ask: MessageVersion) -> Journey:
    stage = {"all": [{"fact": "pyramid.stage", "op": "gte", "value": 4}]}
    assert help.message is not None and ask.message is not None
    return live_journey(
        [
            send(help.message, "first"),
            wait(way["days"], "pause"),
            step(
                "branch",
                {"when": stage, "then": [send(ask.message, "offer")], "otherwise": [send(help.message, "help")]},
                "fork",
            ),
            step(
                "wait_event",
                {
                    "event": "order.paid",
                    "message": None,
                    "amount": 2,
                    "unit": "days",
                    "then": [send(help.message, "thanks")],
                    "otherwise": [step("wait_until", {"day": 5, "at": "08:00", "business": True}, "morning")],
                },
                "listen",
            ),
            send(ask.message, "last"),
        ],
        [{"type": "event", "value": {"event": "order.paid", "times": way["times"]}}],
        reentry=way["reentry"],
        reentry_days=2,
        key="order" if way["reentry"] == "keyed" else "",
        entry=orders_at_least(2) if way["entry"] else None,
        goal=orders_at_least(way["goal"]) if way["goal"] else None,
    )


def told(happened: list[Happening]) -> list[tuple[Any, ...]]:
    """What became of each message of a replay, as a delivery would say it."""
    fate: dict[tuple[str, int], tuple[Any, ...]] = {}
    for each in happened:
        key = (each.step, each.walk)
        if each.what == "planned":
            fate[key] = (State.PLANNED, "", each.at)
        elif each.what == "sent":
            fate[key] = (State.SENT, "", each.at)
        elif each.what == "stopped":
            fate[key] = (State.SUPPRESSED, each.detail, None)
        elif each.what == "held":
            fate[key] = (State.PLANNED, each.detail, each.until)
    return sorted((*key, *what) for key, what in fate.items())


def stored(contact: Contact) -> list[tuple[Any, ...]]:
    return sorted(
        (
            str(row.step),
            row.occurrence,
            State(row.state),
            row.reason,
            None if row.state == State.SUPPRESSED else row.try_at,
        )
        for row in Delivery.objects.filter(contact_id=contact.pk)
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=deeds, rules=rules, way=ways)
def test_a_replay_says_what_the_engine_did(
    time: Time,
    deliver: Callable[[], None],
    deeds: list[tuple[int, int, str]],
    rules: Rules,
    way: dict[str, Any],
) -> None:
    sandbox = transaction.atomic()
    sandbox.__enter__()
    try:
        time.now = START
        save_rules(rules)
        people = [reader("a@example.jp"), reader("b@example.jp")]
        journey = make_journey(way, published(name="Help"), published(name="Ask", kind="ask"))
        for number, (minute, who, deed) in enumerate(deeds):
            pass_until(START + timedelta(minutes=minute, seconds=7), time, deliver)
            happen(people[who], number, deed)
        pass_until(END, time, deliver)

        version = live_version_of(journey.pk)
        assert version is not None
        with read_only():
            setting = setting_of(version, START, END - timedelta(seconds=1))
            replays = {life.contact_id: Replay(setting, life) for life in load_lives(setting, entrants(setting))}
            play(replays.values(), PastFacts(version.program, END))
        for contact in people:
            happened = replays[contact.pk].happened if contact.pk in replays else []
            assert told(happened) == stored(contact)
            walks = Enrolment.objects.filter(contact_id=contact.pk).order_by("occurrence")
            ends = {each.walk: each for each in happened if each.what in {"finished", "left"}}
            assert [each.at for each in happened if each.what == "entered"] == [walk.entered_at for walk in walks]
            assert [(ends[walk.occurrence].at, ends[walk.occurrence].detail) for walk in walks if walk.ended_at] == [
                (walk.ended_at, walk.reason) for walk in walks if walk.ended_at
            ]
            assert len(ends) == sum(walk.ended_at is not None for walk in walks)
    finally:
        transaction.set_rollback(True)
        sandbox.__exit__(None, None, None)


def test_nothing_can_be_written_while_it_plays(hello: Any) -> None:
    contact = reader("a@example.jp")
    with pytest.raises(ReadOnlySqlTransaction), read_only():
        record_event(NewEvent("problem.noted", contact.pk, {"problem": 1}))
