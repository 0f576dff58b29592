"""Any edits of any small program, with somebody at every step: nobody is lost, and nobody is told the same twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jouren.journeys.engine import Move, Walker, advance
from jouren.journeys.models import EnrolmentState
from jouren.journeys.passage import passage
from jouren.journeys.sources import FixedFacts
from jouren.journeys.versions import LoadedVersion, load_program
from jouren.journeys.writers import Collector
from tests.programs import Written, leave, program, send, wait, wait_for

START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
# Everything that may be written, in one order; a program is what is left of it when some is taken out.
WHOLE = ("s1", "w1", "f1", "s2", "w2", "f2", "s3", "w3", "s4")
INNER = {"f1": ("a1", "v1", "a2"), "f2": ("b1", "v2", "x")}

kept = st.frozensets(st.sampled_from([*WHOLE, *INNER["f1"], *INNER["f2"]]), min_size=1)
days = st.integers(1, 3)


def written(names: frozenset[str], length: int) -> list[Written]:
    """The steps of these names, with waits of that many days."""

    def one(name: str) -> Written:
        if name[0] in "wv":
            return wait(name, length)
        if name[0] == "f":
            return wait_for(name, "order.paid", [one(each) for each in INNER[name] if each in names], [], days=length)
        return leave(name) if name == "x" else send(name)

    return [one(name) for name in WHOLE if name in names]


class Walkers:
    """People as the engine and the database keep them, without either."""

    def __init__(self, compiled: dict[str, Any]) -> None:
        self.compiled, self.now = compiled, START
        self.told: dict[int, Counter[str]] = {}
        self.walkers = [
            self.at(number, step) for number, step in enumerate([*compiled["steps"], compiled["first"]], start=1)
        ]

    def at(self, number: int, step: str) -> Walker:
        self.told[number] = Counter()
        return Walker(number, 1, number, 1, step, self.now, self.now, None, "")

    def pass_by(self, hours: int) -> None:
        """Let time pass, and everybody go on who can."""
        self.now += timedelta(hours=hours)
        version = LoadedVersion(1, 1, 1, "", load_program(self.compiled))
        collector = Collector()
        advance(self.walkers, self.now, FixedFacts(), collector, lambda _id: version)
        for move in collector.moves:
            self.told[move.walker.enrolment_id].update(effect.id for effect in move.effects if effect.tells)
        self.walkers = [self._after(move) for move in collector.moves if move.state == EnrolmentState.ACTIVE]

    def _after(self, move: Move) -> Walker:
        assert move.step in self.compiled["steps"]
        return move.walker._replace(step=move.step, arrived_at=move.arrived_at, heard=None)

    def move_to(self, compiled: dict[str, Any]) -> None:
        way = passage(self.compiled, compiled)
        self.walkers = [way.carry(walker, 1, self.now) for walker in self.walkers]
        self.compiled = compiled
        assert all(walker.step is None or walker.step in compiled["steps"] for walker in self.walkers)


edits = st.lists(st.tuples(kept, days, st.integers(0, 60)), min_size=1, max_size=4)


@given(kept.filter(lambda names: names & set(WHOLE)), edits)
def test_nobody_is_lost_whatever_is_edited(first: frozenset[str], edits: list[tuple[frozenset[str], int, int]]) -> None:
    people = Walkers(program(*written(first, 2)))
    for names, length, hours in edits:
        people.pass_by(hours)
        people.move_to(program(*written(names, length)))
    for _day in range(60):
        people.pass_by(24)
    assert people.walkers == []


@given(kept.filter(lambda names: names & set(WHOLE)), edits)
def test_a_step_that_is_not_put_back_is_done_once_even_if_the_database_would_not_see_to_it(
    first: frozenset[str], edits: list[tuple[frozenset[str], int, int]]
) -> None:
    people = Walkers(program(*written(first, 2)))
    names, gone = first, frozenset[str]()
    for wanted, length, hours in edits:
        people.pass_by(hours)
        gone |= names - wanted
        names = wanted - gone
        people.move_to(program(*written(names, length)))
    for _day in range(60):
        people.pass_by(24)
    assert all(count == 1 for told in people.told.values() for count in told.values())
