"""A replay of a journey that never ran says what the engine does with it, also where its steps change people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jouren.contacts.models import Contact
from jouren.journeys.models import Enrolment, Journey
from jouren.pyramid.models import PyramidChange
from tests.examples import examples
from tests.messages import published, reader
from tests.replaying import live_through, replayed, stored, told, undone
from tests.walking import START, Time, live_journey, send, step

pytestmark = [pytest.mark.django_db]

DAYS_AFTER = 0
"""In place of a number: they come in three days after such an event."""

lives = st.lists(
    st.tuples(
        st.integers(0, 12 * 24 * 60),
        st.just(0),
        st.sampled_from(["trial", "regular", "sign_up", "withdraw", "undo", "placed on 1", "placed on 4"]),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda deed: deed[0],
).map(sorted)
changes = st.lists(
    st.sampled_from(
        [
            ("suppress", {"channel": "", "reason": "enough"}),
            ("suppress", {"channel": "email", "reason": ""}),
            ("stage", {"stage": "1", "reason": "by hand"}),
            ("stage", {"stage": "2", "reason": "by hand"}),
            ("stage", {"stage": "4", "reason": "by hand"}),
            ("add_tag", {"tag": "tea"}),
            ("remove_tag", {"tag": "tea"}),
        ]
    ),
    min_size=1,
    max_size=3,
)
triggers = st.sampled_from(
    [
        [("order.paid", 1)],
        [("registration.confirmed", 1)],
        [("order.paid", 1), ("registration.confirmed", 1)],
        [("contact.came_back", 1), ("order.paid", 1)],
        [("stage.entered", 1)],
        [("order.paid", 2), ("stage.entered", 3)],
        [("registration.confirmed", 1), ("contact.came_back", 2)],
        [("registration.confirmed", 1), ("stage.entered", DAYS_AFTER)],
    ]
)


def make_journey(changing: list[tuple[str, dict[str, Any]]], events: list[tuple[str, int]]) -> Journey:
    """Changes people, tells what they are from then on by which messages they get, and listens to what changes."""
    asks, helps = published(name="Ask", kind="ask").message, published(name="Help").message
    assert asks is not None and helps is not None

    def tells(place: int) -> list[dict[str, Any]]:
        facts = [("left_in_peace", "is", True), ("pyramid.stage", "gte", 4), ("contact.tags", "contains", "tea")]
        return [
            step(
                "branch",
                {
                    "when": {"all": [{"fact": fact, "op": op, "value": value}]},
                    "then": [send(asks, f"{place} {fact}")],
                    "otherwise": [send(helps, f"{place} not {fact}")],
                },
                f"{place} asks {fact}",
            )
            for fact, op, value in facts
        ]

    steps = []
    for place, (kind, value) in enumerate(changing):
        heard = {"message": None, "amount": 2, "unit": "days", "then": [], "otherwise": []}
        event = ["contact.came_back", "order.paid", "stage.entered"][place]
        steps += [
            step(kind, value, f"{place} {kind}"),
            *tells(2 * place),
            step("wait_event", {"event": event, **heard}, f"{place} listens"),
            *tells(2 * place + 1),
        ]
    return live_journey(
        steps,
        [_trigger(event, times) for event, times in events],
        reentry="again",
    )


def _trigger(event: str, times: int) -> dict[str, Any]:
    if times == DAYS_AFTER:
        return {"type": "after_event", "value": {"event": event, "offset": 3, "at": "09:00", "where": []}}
    return {"type": "event", "value": {"event": event, "times": times}}


def walked(contact: Contact) -> list[tuple[Any, ...]]:
    return [
        (walk.entered_at, walk.ended_at, walk.reason)
        for walk in Enrolment.objects.filter(contact_id=contact.pk).order_by("occurrence")
    ]


def placings(contact: Contact) -> set[datetime]:
    return set(PyramidChange.objects.filter(contact=contact, event_id=None).values_list("at", flat=True))


@examples(14)
@example(
    deeds=[(10, 0, "sign_up"), (4000, 0, "placed on 4")],
    changing=[("stage", {"stage": "4", "reason": "by hand"})],
    events=[("stage.entered", 1)],
)
@example(
    deeds=[(10, 0, "sign_up"), (9000, 0, "trial")],
    changing=[("suppress", {"channel": "", "reason": ""}), ("suppress", {"channel": "email", "reason": ""})],
    events=[("registration.confirmed", 1), ("contact.came_back", 2)],
)
@example(
    deeds=[(10, 0, "sign_up"), (4320, 0, "regular")],
    changing=[("stage", {"stage": "4", "reason": "by hand"})],
    events=[("registration.confirmed", 1), ("stage.entered", DAYS_AFTER)],
)
@given(deeds=lives, changing=changes, events=triggers)
def test_a_replay_of_a_journey_that_never_ran_says_what_the_engine_does(
    time: Time,
    deliver: Callable[[], None],
    deeds: list[tuple[int, int, str]],
    changing: list[tuple[str, dict[str, Any]]],
    events: list[tuple[str, int]],
) -> None:
    with undone():
        time.now = START
        person = reader("a@example.jp")
        make_journey(changing, events)
        live_through(deeds, [person], time, deliver)
        became, walks = stored(person), walked(person)
    with undone():
        time.now = START
        person = reader("a@example.jp")
        live_through(deeds, [person], time, deliver)
        assert not stored(person)
        # What staff would have done to somebody elsewhere is not known: only where they really moved them.
        assume(len(placings(person)) == sum(deed.startswith("placed") for _minute, _who, deed in deeds))
        replay = replayed(make_journey(changing, events)).get(person.pk)
    happened = replay.happened if replay else []
    assert told(happened) == became
    began = [each.at for each in happened if each.what == "entered"]
    ends = {each.walk: (each.at, each.detail) for each in happened if each.what in {"finished", "left"}}
    ended = [(at, *ends.get(number, (None, ""))) for number, at in enumerate(began, start=1)]
    assert ended == [(entered, ended, reason) for entered, ended, reason in walks]


@pytest.mark.parametrize(
    ("deeds", "changing", "events"),
    [
        (
            [(10, 0, "sign_up")],
            [("stage", {"stage": "4", "reason": "by hand"})],
            [("registration.confirmed", 1), ("stage.entered", 5)],
        ),
        (
            [(10, 0, "sign_up"), (5000, 0, "trial")],
            [("suppress", {"channel": "", "reason": "enough"})],
            [("registration.confirmed", 1), ("contact.came_back", 2)],
        ),
        (
            [(10, 0, "sign_up"), (5000, 0, "regular")],
            [("add_tag", {"tag": "tea"}), ("stage", {"stage": "2", "reason": "by hand"})],
            [("registration.confirmed", 1), ("tag.added", 2)],
        ),
    ],
)
def test_what_steps_really_did_a_moment_later_is_told_once(
    time: Time,
    deliver: Callable[[], None],
    deeds: list[tuple[int, int, str]],
    changing: list[tuple[str, dict[str, Any]]],
    events: list[tuple[str, int]],
) -> None:
    """The journey ran, and its workers were late: what its steps did stands in the log after the replay does it."""
    time.now = START
    person = reader("a@example.jp")
    journey = make_journey(changing, events)
    live_through(deeds, [person], time, deliver, late=timedelta(seconds=1))
    replay = replayed(journey)[person.pk]
    assert [row[:2] for row in told(replay.happened)] == [row[:2] for row in stored(person)]
    assert len([each for each in replay.happened if each.what == "entered"]) == len(walked(person))
