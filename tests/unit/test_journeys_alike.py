"""People of a batch who go the same way are decided once, and each still goes the way that is theirs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jouren.journeys.engine import Move, Walker, walk
from jouren.journeys.program import Program, Step
from jouren.journeys.steps.changing import Suppress
from jouren.journeys.steps.ending import Exit
from jouren.journeys.steps.forking import Branch, Split
from jouren.journeys.steps.listening import Path, WaitEvent
from jouren.journeys.steps.sending import Send
from jouren.journeys.steps.tagging import AddTag
from jouren.journeys.steps.waiting import Wait, WaitBest, WaitUntil
from jouren.journeys.versions import LoadedVersion

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
NAMES = ("a", "b", "c", "d", "e")

# The second condition cannot be looked up: facts may be lists.
tests = st.sampled_from([lambda values, now: bool(values[0]), lambda values, now: "vip" in (values[1] or ())])


@st.composite
def steps(draw: st.DrawFn, name: str) -> Step:
    """A step that leads only to later ones: a journey is a tree."""
    later = st.sampled_from([*NAMES[NAMES.index(name) + 1 :], None])
    following = draw(later)
    others = draw(later)
    path = Path("order.paid", {}, (), "", others)
    return draw(
        st.sampled_from(
            [
                Send(name, 1, "email", following),
                AddTag(name, "vip", following),
                Suppress(name, "email", "uninterested", following),
                Exit(name, "over"),
                Wait(name, draw(st.sampled_from([60, 86_400])), following),
                WaitUntil(name, draw(st.integers(0, 2)), time(8), False, following),
                WaitBest(name, following),
                WaitEvent(name, (path,), 3_600, following),
                Branch(name, ((draw(tests), others),), following),
                *[Split(name, (50, 100), (others, following))] * 3,
            ]
        )
    )


values = st.sampled_from([(1, ("vip",)), (1, ("vip",)), (1, ("vip",)), (0, None), (None, ["vip"])])


@st.composite
def walkers(draw: st.DrawFn, number: int) -> tuple[Walker, tuple[Any, ...], Any]:
    """Somebody, what is known of them, and their best hour."""
    entered_at = NOON - timedelta(days=draw(st.integers(0, 3)))
    arrived_at = NOON - timedelta(seconds=draw(st.sampled_from([0, 61, 90_000, 90_001])))
    heard = draw(st.sampled_from([None, 0]))
    skips = draw(st.booleans())
    best = draw(st.sampled_from([None, (7, TOKYO), (21, TOKYO)]))
    step = draw(st.sampled_from("aab"))
    return Walker(number, 1, number, 1, step, arrived_at, entered_at, heard, "", skips), draw(values), best


def became(move: Move) -> tuple[Any, ...]:
    """All that is written of a move."""
    when = (move.arrived_at, move.due_at, move.waits_for)
    done = (move.effects, move.left_out, move.trail)
    return (move.walker, move.state, move.step, *when, move.reason, *done, move.skips, move.place)


@given(st.tuples(*(steps(name) for name in NAMES)), st.tuples(*(walkers(number) for number in range(8))))
@settings(max_examples=150)
def test_whoever_walks_with_others_comes_to_where_they_would_alone(
    way: tuple[Step, ...], people: tuple[tuple[Walker, tuple[Any, ...], Any], ...]
) -> None:
    version = LoadedVersion(1, 1, 1, "", Program("a", TOKYO, {step.id: step for step in way}))
    alike: dict[Any, Move] = {}
    for walker, known, best in people:
        together = walk(walker, version, known, (), NOON, best=best, alike=alike)
        assert became(together) == became(walk(walker, version, known, (), NOON, best=best))


def test_many_who_know_the_same_are_decided_once() -> None:
    asked = []

    def counts(values: tuple[Any, ...], now: datetime) -> bool:
        asked.append(values)
        return bool(values[0])

    way = (Wait("a", 60, "b"), Branch("b", ((counts, "c"),), None), Send("c", 1, "email", None))
    version = LoadedVersion(1, 1, 1, "", Program("a", TOKYO, {step.id: step for step in way}))
    alike: dict[Any, Move] = {}
    moves = [
        walk(
            Walker(n, 1, n, 1, "a", NOON - timedelta(hours=n + 1), NOON, None, ""),
            version,
            (n % 2,),
            (),
            NOON,
            alike=alike,
        )
        for n in range(100)
    ]
    assert [len(move.effects) for move in moves] == [0, 1] * 50
    assert asked == [(0,), (1,)]


@pytest.mark.parametrize(
    ("step", "one", "other"),
    [
        (WaitUntil("b", 3, time(8), False, "c"), {"entered_at": NOON}, {"entered_at": NOON - timedelta(days=1)}),
        (WaitBest("b", "c"), {"best": (7, TOKYO)}, {"best": (21, TOKYO)}),
        (Split("b", (50, 100), ("c", "d")), {"contact_id": 1}, {"contact_id": 2}),
    ],
)
def test_steps_that_ask_who_somebody_is_are_decided_for_each(
    step: Step, one: dict[str, Any], other: dict[str, Any]
) -> None:
    way = (Wait("a", 60, "b"), step, Wait("c", 60, None), Wait("d", 60, None))
    version = LoadedVersion(1, 1, 1, "", Program("a", TOKYO, {each.id: each for each in way}))
    alike: dict[Any, Move] = {}
    moves = []
    for person in (one, other):
        who = {name: value for name, value in person.items() if name != "best"}
        walker = Walker(1, 1, 1, 1, "a", NOON - timedelta(hours=1), NOON, None, "")._replace(**who)
        moves.append(walk(walker, version, (), (), NOON, best=person.get("best"), alike=alike))
    assert (moves[0].step, moves[0].due_at) != (moves[1].step, moves[1].due_at)
