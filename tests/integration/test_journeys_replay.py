"""A replay of the past says what the engine, the gate and the sender did when the same things happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from psycopg.errors import ReadOnlySqlTransaction

from jouren.contacts.actions import define_attribute, set_attributes
from jouren.contacts.models import Contact
from jouren.core.lots import is_drawn
from jouren.events.actions import NewEvent, record_event
from jouren.journeys.models import Enrolment, Journey
from jouren.journeys.replay.series import series_past
from jouren.journeys.replay.sources import read_only
from jouren.journeys.series.actions import insert_messages, move_item, remove_item
from jouren.journeys.series.models import Series, every_morning
from jouren.journeys.versions import live_version_of
from jouren.messaging.models import MessageVersion
from jouren.messaging.sending_rules.actions import save_rules
from jouren.messaging.sending_rules.terms import Action, Cap, Quiet, Readiness, Rules, Unit
from tests.examples import examples
from tests.messages import published, reader
from tests.offering import make_offer
from tests.replaying import (
    END,
    assert_equal,
    happen,
    live_through,
    pass_until,
    replayed,
    undone,
)
from tests.sending_rules import NIGHT, TOKYO
from tests.series import publish, send_series
from tests.walking import START, Time, live_journey, send, step, wait

pytestmark = [pytest.mark.django_db]

deeds = st.lists(
    st.tuples(
        st.integers(0, 12 * 24 * 60),
        st.sampled_from([0, 1]),
        st.sampled_from(["trial", "regular", "regular", "withdraw", "grant", "undo", "undo"]),
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
        "ends": st.booleans(),
        "days": st.integers(1, 3),
        "offer": st.sampled_from(
            [
                None,
                {"least_stage": 4},
                {"condition": {"all": [{"fact": "orders.count", "op": "gte", "value": 3}]}},
                {"starts_at": START + timedelta(days=4)},
                {"ends_at": START + timedelta(days=6)},
            ]
        ),
    }
)


def orders_at_least(count: int) -> dict[str, Any]:
    return {"all": [{"fact": "orders.count", "op": "gte", "value": count}]}


def undone_ends(*, is_keyed: bool) -> Any:
    ending = {"event": "order.undone", "reason": "undone", "where": [], "keyed": is_keyed}
    block = Journey._meta.get_field("exits").stream_block  # type: ignore[union-attr]
    return block.to_python([{"type": "event", "value": ending}])


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
        exits=undone_ends(is_keyed=way["reentry"] == "keyed") if way["ends"] else [],
    )


@examples(14)
@given(deeds=deeds, rules=rules, way=ways)
def test_a_replay_says_what_the_engine_did(
    time: Time,
    deliver: Callable[[], None],
    deeds: list[tuple[int, int, str]],
    rules: Rules,
    way: dict[str, Any],
) -> None:
    with undone():
        time.now = START
        save_rules(rules)
        people = [reader("a@example.jp"), reader("b@example.jp")]
        shown = [("offer", {"offer": str(make_offer(**way["offer"]).pk), "if_closed": "skip"})] if way["offer"] else []
        ask = published(("text", "<p>{{ contact.name }}</p>"), *shown, name="Ask", kind="ask")
        journey = make_journey(way, published(name="Help"), ask)
        live_through(deeds, people, time, deliver)
        replays = replayed(journey)
        for contact in people:
            assert_equal(contact, replays.get(contact.pk))


rhythms = st.sampled_from(
    [
        {"at": "07:00"},
        {"at": "20:30", "days": 2},
        {"at": "07:00", "weekdays": [1, 3], "at_once": False},
        {"at": "12:00", "days": 3, "business": True, "at_once": False},
    ]
)
edits = st.lists(
    st.tuples(st.integers(0, 12 * 24 * 60), st.sampled_from(["insert", "append", "move", "remove"]), st.integers(1, 4)),
    max_size=4,
    unique_by=lambda edit: edit[0],
)


def series_of(names: Sequence[str], rhythm: dict[str, Any]) -> Series:
    """A published series of new messages."""
    messages = [published(name=name).message for name in names]
    series = Series.objects.create(name="Letters", rhythm=every_morning() | rhythm)
    insert_messages(series.pk, [message for message in messages if message is not None], by=None)
    publish(series)
    return series


def edit_series(series: Series, deed: str, number: int) -> None:
    """What its author does."""
    items = list(series.items.order_by("number"))
    if deed in {"insert", "append"}:
        message = published(name=f"{deed} {series.items.count()}").message
        assert message is not None
        insert_messages(series.pk, [message], number if deed == "insert" else None, by=None)
    elif deed == "move":
        move_item(items[number % len(items)].pk, number, by=None)
    elif len(items) > 1:
        remove_item(items[number % len(items)].pk, by=None)
    publish(series)


@examples(8)
@given(
    deeds=deeds,
    rules=rules,
    rhythm=rhythms,
    edits=edits,
    way=st.fixed_dictionaries(
        {"at_end": st.sampled_from(["go_on", "wait"]), "reentry": st.sampled_from(["once", "again"])}
    ),
)
def test_a_replay_of_a_series_moves_people_as_the_engine_did(
    time: Time,
    deliver: Callable[[], None],
    deeds: list[tuple[int, int, str]],
    rules: Rules,
    rhythm: dict[str, Any],
    edits: list[tuple[int, str, int]],
    way: dict[str, str],
) -> None:
    with undone():
        time.now = START
        save_rules(rules)
        people = [reader("a@example.jp"), reader("b@example.jp")]
        names = ("First", "Second", "Third")
        series = series_of(names, rhythm)
        ask = published(name="Ask", kind="ask").message
        assert ask is not None
        journey = live_journey(
            [send_series(series, "series", at_end=way["at_end"]), wait(1), send(ask, "last")],
            reentry=way["reentry"],
            goal=orders_at_least(3),
        )
        for minute, who, deed in sorted([*deeds, *((minute, -number, deed) for minute, deed, number in edits)]):
            pass_until(START + timedelta(minutes=minute, seconds=7), time, deliver)
            if who < 0:
                edit_series(series, deed, -who)
            else:
                happen(people[who], minute, deed)
        pass_until(END, time, deliver)
        version = live_version_of(journey.pk)
        assert version is not None
        replays = replayed(journey, series=series_past(version.program)) if edits else replayed(journey)
        for contact in people:
            assert_equal(contact, replays.get(contact.pk))


BIRTHDAY = {"fact": "contact.attribute", "argument": "birthday"}
dated = st.sampled_from(
    [
        [("date", {**BIRTHDAY, "offset": 0, "at": "09:00", "yearly": True})],
        [("date", {**BIRTHDAY, "offset": 2, "at": "10:00", "yearly": True}), ("event", {"event": "order.paid"})],
        [("date", {**BIRTHDAY, "offset": -1, "at": "09:00", "yearly": False})],
        [("date", {"fact": "orders.last_at", "argument": "", "offset": 3, "at": "09:00", "yearly": False})],
        [("date", {"fact": "orders.first_at", "argument": "", "offset": 0, "at": "18:00", "yearly": True})],
        [("date", {"fact": "contact.created_at", "argument": "", "offset": 5, "at": "06:00", "yearly": False})],
        [("date", {"fact": "pyramid.stage_since", "argument": "", "offset": 1, "at": "09:00", "yearly": False})],
        [("after_event", {"event": "order.paid", "offset": 1, "at": "09:00", "where": []})],
        [
            ("after_event", {"event": "order.paid", "offset": 2, "at": "09:00", "where": []}),
            ("date", {**BIRTHDAY, "offset": 0, "at": "09:00", "yearly": True}),
        ],
    ]
)


@examples(9)
@given(
    deeds=deeds,
    triggers=dated,
    birthdays=st.tuples(*[st.sampled_from(["", "1990-11-25", "2000-12-01", "2026-11-27"])] * 2),
    way=st.fixed_dictionaries(
        {
            "reentry": st.sampled_from(["once", "again", "after", "keyed"]),
            "entry": st.sampled_from([None, 2]),
            "holdout": st.sampled_from([None, 50]),
            "moves": st.sampled_from([False, True]),
        }
    ),
)
def test_a_replay_lets_people_in_on_their_days_as_the_engine_did(
    time: Time,
    deliver: Callable[[], None],
    deeds: list[tuple[int, int, str]],
    triggers: list[tuple[str, dict[str, Any]]],
    birthdays: tuple[str, str],
    way: dict[str, Any],
) -> None:
    keyed = way["reentry"] == "keyed"
    assume(not keyed or all("event" in value for _kind, value in triggers))
    with undone():
        time.now = START
        define_attribute("birthday", "date", "誕生日")
        people = [reader("a@example.jp"), reader("b@example.jp")]
        for contact, birthday in zip(people, birthdays, strict=True):
            if birthday:
                set_attributes(contact.pk, {"birthday": birthday})
        help = published(name="Help").message
        assert help is not None
        today = step("set_attribute", {"attribute": "birthday", "value": "today"}, "moved")
        journey = live_journey(
            [send(help, "first"), *([today] if way["moves"] else []), wait(1), send(help, "last")],
            [{"type": kind, "value": value} for kind, value in triggers],
            reentry=way["reentry"],
            reentry_days=2,
            key="order" if keyed else "",
            entry=orders_at_least(way["entry"]) if way["entry"] else None,
            holdout=way["holdout"],
        )
        live_through(deeds, people, time, deliver)
        for contact, birthday in zip(people, birthdays, strict=True):
            set_attributes(contact.pk, {"birthday": birthday or None})  # no past is kept: a replay begins with it
        replays = replayed(journey)
        for contact in people:
            assert_equal(contact, replays.get(contact.pk))


arrivals = st.lists(
    st.tuples(st.integers(0, 8 * 60), st.integers(0, 4), st.sampled_from(["trial", "regular", "withdraw"])),
    min_size=1,
    max_size=10,
    unique_by=lambda deed: deed[0],
).map(sorted)


@examples(8)
@given(
    deeds=arrivals,
    per_hour=st.sampled_from([1, 2, 7]),
    way=st.fixed_dictionaries(
        {
            "reentry": st.sampled_from(["once", "again", "keyed"]),
            "entry": st.sampled_from([None, 2]),
            "holdout": st.sampled_from([None, 50]),
            "dated": st.booleans(),
        }
    ),
)
def test_a_replay_lets_so_many_in_an_hour_as_the_engine_did(
    time: Time, deliver: Callable[[], None], deeds: list[tuple[int, int, str]], per_hour: int, way: dict[str, Any]
) -> None:
    with undone():
        time.now = START
        people = [reader(f"{name}@example.jp") for name in "abcde"]
        help = published(name="Help").message
        assert help is not None
        day_after = {"type": "after_event", "value": {"event": "order.paid", "offset": 1, "at": "09:00", "where": []}}
        stage = {"all": [{"fact": "pyramid.stage", "op": "gte", "value": 4}]}
        journey = live_journey(
            [
                send(help, "first"),
                step("wait", {"amount": 30, "unit": "minutes"}, "pause"),
                step("branch", {"when": stage, "then": [wait(1)], "otherwise": []}, "fork"),
                send(help, "last"),
            ],
            [{"type": "event", "value": {"event": "order.paid"}}, *([day_after] if way["dated"] else [])],
            reentry=way["reentry"],
            key="order" if way["reentry"] == "keyed" else "",
            entry=orders_at_least(way["entry"]) if way["entry"] else None,
            holdout=way["holdout"],
            entries_per_hour=per_hour,
        )
        live_through(deeds, people, time, deliver)
        replays = replayed(journey)
        for contact in people:
            assert_equal(contact, replays.get(contact.pk))


def test_who_waits_at_the_end_of_a_series_gets_what_is_published_then(time: Time, deliver: Callable[[], None]) -> None:
    series = series_of(["First"], {"at": "07:00"})
    journey = live_journey([send_series(series, "series", at_end="wait"), send(published(name="End").message, "end")])
    early, late = reader("a@example.jp"), reader("b@example.jp")
    happen(early, 1, "trial")
    pass_until(START + timedelta(days=3), time, deliver)
    edit_series(series, "append", 0)
    pass_until(START + timedelta(days=5), time, deliver)
    happen(late, 2, "trial")
    pass_until(END, time, deliver)
    version = live_version_of(journey.pk)
    assert version is not None
    replays = replayed(journey, series=series_past(version.program))
    seven = timedelta(hours=21)  # from START, 10:00 in Tokyo, to the next 07:00
    sent = {
        contact_id: [each.at - START for each in replay.happened if each.what == "sent"]
        for contact_id, replay in replays.items()
    }
    assert sent == {
        early.pk: [timedelta(0), timedelta(days=3) + seven],
        late.pk: [timedelta(days=5), timedelta(days=5) + seven],
    }
    for contact in (early, late):
        assert_equal(contact, replays[contact.pk])


def test_whom_the_lot_holds_back_takes_one_turn_of_the_hour(time: Time, deliver: Callable[[], None]) -> None:
    help = published(name="Help").message
    assert help is not None
    journey = live_journey([send(help, "first")], reentry="again", holdout=50, entries_per_hour=1)
    people: dict[bool, list[Contact]] = {True: [], False: []}
    while len(people[True]) < 1 or len(people[False]) < 3:
        contact = reader(f"{len(people[True])}-{len(people[False])}@example.jp")
        people[is_drawn(f"holdout:{journey.pk}", contact.pk, 50)].append(contact)
    held_out, (first, second, third) = people[True][0], people[False][:3]
    for minute, contact in enumerate([first, held_out, second, held_out, third]):
        pass_until(START + timedelta(minutes=minute), time, deliver)
        happen(contact, minute, "trial")
    pass_until(START + timedelta(days=1), time, deliver)
    replays = replayed(journey)
    began = [Enrolment.objects.get(contact_id=contact.pk).entered_at - START for contact in (first, second, third)]
    assert began == [timedelta(0), timedelta(hours=2), timedelta(hours=3)]
    for contact in (first, held_out, second, third):
        assert_equal(contact, replays.get(contact.pk))


def test_nothing_can_be_written_while_it_plays(hello: Any) -> None:
    contact = reader("a@example.jp")
    with pytest.raises(ReadOnlySqlTransaction), read_only():
        record_event(NewEvent("problem.noted", contact.pk, {"problem": 1}))
