"""Any edits of any small journey, in the database: nobody is lost, nobody is told twice, and all goes as foretold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.core import clock
from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand, freeze_version
from jouren.journeys.compiler import compile_journey
from jouren.journeys.engine import Walker
from jouren.journeys.impact import impact_of
from jouren.journeys.models import Enrolment, EnrolmentState, Inside, Journey, JourneyVersion
from jouren.journeys.passage import passage
from jouren.journeys.pausing import How, Resumption, pause_journey, resume_journey
from jouren.messaging.models import Delivery, Message
from tests.examples import examples
from tests.walking import Time, live_journey, make_message, make_reader, send, step

pytestmark = pytest.mark.django_db

SENDS, WAITS = ("s1", "s2", "s3", "s4"), ("w1", "w2", "w3")
steps = st.lists(st.sampled_from([*SENDS, *WAITS, "fork"]), unique=True, min_size=1, max_size=6)
inner = st.lists(st.sampled_from(["i1", "iw", "i2"]), unique=True)
texts = st.tuples(steps, inner, st.integers(1, 3))
pauses = st.none() | st.sampled_from(How)
edits = st.lists(st.tuples(texts, st.integers(0, 40), st.sampled_from(Inside), pauses), min_size=1, max_size=4)


@contextmanager
def undone() -> Iterator[None]:
    """What one example wrote is gone before the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def write(journey: Journey, text: tuple[list[str], list[str], int], messages: dict[str, Message]) -> Journey:
    names, inside, days = text

    def one(name: str) -> dict[str, Any]:
        if name == "fork":
            value = {"event": "message.clicked", "message": None, "amount": days, "unit": "days", "then": []}
            return step("wait_event", {**value, "otherwise": [one(each) for each in inside]}, name)
        return step("wait", {"amount": days, "unit": "days"}, name) if "w" in name else send(messages[name], name)

    field = journey._meta.get_field("steps")
    journey.steps = field.stream_block.to_python([one(name) for name in names])  # type: ignore[union-attr]
    journey.save()
    return journey


def advance_all() -> None:
    while engine.tick():
        pass


def walker_of(walk: Enrolment) -> Walker:
    step = str(walk.step) if walk.step else None
    return Walker(
        walk.pk, walk.version_id, walk.contact_id, 1, step, walk.arrived_at, walk.entered_at, walk.heard_path, ""
    )


def check_the_move(journey: Journey, inside: Inside) -> None:
    """Publish, and see that the database moved everybody as the rule says, and sent at once what was foretold."""
    origin = JourneyVersion.objects.filter(journey=journey).latest("number")
    compiled = compile_journey(journey)
    way, now = passage(origin.compiled, compiled), clock.now()
    on_origin = Enrolment.objects.filter(state=EnrolmentState.ACTIVE, version=origin)
    expected = {walk.pk: way.carry(walker_of(walk), 0, now) for walk in on_origin}
    impact = impact_of(journey, compiled, [origin])
    before = Delivery.objects.count()
    version = freeze_version(journey, inside=inside)
    if inside == Inside.MOVE and version != origin:
        moved = Enrolment.objects.in_bulk(expected)
        assert {pk: walker_of(walk)._replace(version_id=0) for pk, walk in moved.items()} == expected
        advance_all()
        assert Delivery.objects.count() - before == impact.sent_at_once
    advance_all()


@given(texts, edits)
@examples(12)
def test_nobody_is_lost_and_nobody_is_told_twice(
    monkeypatch: pytest.MonkeyPatch, first: Any, edits: list[tuple[Any, int, Inside, How | None]]
) -> None:
    time = Time()
    monkeypatch.setattr(clock, "now", lambda: time.now)
    with undone():
        messages = {name: make_message(name) for name in (*SENDS, "i1", "i2")}
        journey = live_journey([step("wait", {"amount": 1, "unit": "days"}, "w1")])
        freeze_version(write(journey, first, messages))
        for number, (text, hours, inside, how) in enumerate(edits):
            enrol_by_hand(journey, [make_reader(2 * number).pk, make_reader(2 * number + 1).pk])
            advance_all()
            time.pass_by(hours=hours)
            advance_all()
            write(journey, text, messages)
            if how is None:
                check_the_move(journey, inside)
                continue
            pause_journey(journey)
            freeze_version(journey, inside=inside)
            time.pass_by(hours=hours)
            resume_journey(journey, Resumption(how, hours=5, days=1))
            advance_all()
        for _day in range(60):
            time.pass_by(days=1)
            advance_all()
        walks = Enrolment.objects.values_list("state", "version__number")
        assert {state for state, _number in walks} == {EnrolmentState.FINISHED}
        told = list(Delivery.objects.values_list("contact_id", "message_version__name"))
        assert len(told) == len(set(told))
