"""Who stands where in a series while its author inserts, removes and moves items: no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jouren.journeys import engine
from jouren.journeys.models import EnrolmentState
from jouren.journeys.program import NEVER, Condition, Facts, Go, Leave, Proceed, Program, Stay
from jouren.journeys.series.order import SeriesOrder, Slot, lay_out, without_empty
from jouren.journeys.series.reading import SeriesRead
from jouren.journeys.series.rhythm import Rhythm
from jouren.journeys.steps.series import LATE, SendItem, SendSeries
from jouren.journeys.versions import LoadedVersion

TOKYO = ZoneInfo("Asia/Tokyo")
SEVEN = datetime(2026, 11, 19, 22, tzinfo=UTC)  # 7:00 in Tokyo
DAY = timedelta(days=1)
MORNINGS = Rhythm(time(7), at_once=False)
STEP, SERIES = "step", 1


def items(text: str) -> list[tuple[str, int]]:
    return [(item, 1) for item in text]


def published(*orders: str) -> list[Slot]:
    """A series that was published in these orders, one after the other; a letter is an item."""
    slots: list[Slot] = []
    for order in orders:
        slots = lay_out(slots, items(order), SEVEN - 9 * DAY)
    return slots


def ahead_of(slots: Sequence[Slot], place: str | None, got: str) -> str:
    """What somebody gets from now on who stands at the slot of that id and got these items."""
    order = SeriesOrder(MORNINGS, slots)
    index = order.index_of(place)
    index = order.furthest(got) if index is None else index
    coming = ""
    while slot := order.following(index, got):
        coming += str(slot.item)
        index = order.index_of(slot.id) or 0
    return coming


def told(slots: Sequence[Slot]) -> str:
    """Slots as a text: an item's letter, ' behind one that was moved, - for an empty slot."""
    return "".join((slot.item + "'" * slot.is_moved) if slot.item else "-" for slot in slots)


@pytest.mark.parametrize(
    ("former", "order", "slots"),
    [
        ("", "ABC", "ABC"),
        ("ABC", "ABC", "ABC"),
        ("ABC", "ABCD", "ABCD"),
        ("ABC", "AXBC", "AXBC"),
        ("ABC", "AC", "A-C"),
        ("ABC", "AXC", "A-XC"),
        ("ABCDE", "ACDBE", "A-CDB'E"),
        ("ABCDE", "DABCE", "D'ABC-E"),
        ("ABC", "ACB", "A-CB'"),
        ("ABC", "XYZ", "---XYZ"),
    ],
)
def test_publishing_keeps_the_slots_of_as_many_items_as_it_can(former: str, order: str, slots: str) -> None:
    assert told(published(former, order)) == slots


@pytest.mark.parametrize(
    ("orders", "got", "coming"),
    [
        (["ABCD"], "AB", "CD"),
        (["ABCD", "XABCD"], "AB", "CD"),  # inserted before: not made up for
        (["ABCD", "ABXCD"], "AB", "XCD"),
        (["ABCD", "ABCDX"], "ABCD", "X"),
        (["ABCD", "ACD"], "AB", "CD"),  # theirs is gone: what followed it
        (["ABCD", "ABC"], "ABCD", ""),
        (["ABCD", "ABCX"], "ABCD", "X"),
        (["ABCDE", "ABDEC"], "ABC", "DE"),  # theirs is moved to the end: they stay where they were
        (["ABCDE", "ABDEC"], "AB", "DEC"),
        (["ABCDE", "BCDAE"], "AB", "CDE"),  # moved behind them, but got before
        (["ABCDE", "ADBCE"], "AB", "CE"),  # moved before them: not made up for
        (["ABC", "ACB"], "AB", "C"),
        (["ABC", "CBA"], "A", "CB"),
        (["ABC", "CBA", "ABC"], "A", "BC"),
        (["ABC", "XYZ"], "ABC", "XYZ"),
        (["ABC", "AC", "AXC"], "AB", "XC"),
    ],
)
def test_people_go_on_from_where_they_were(orders: list[str], got: str, coming: str) -> None:
    slots = published(*orders)
    assert ahead_of(slots, got[-1], got) == coming


def test_whoever_comes_to_a_series_again_goes_on_behind_the_furthest_they_got() -> None:
    assert ahead_of(published("ABCD"), None, "") == "ABCD"
    assert ahead_of(published("ABCD"), None, "AB") == "CD"
    assert ahead_of(published("ABCD", "AXBCD"), None, "AB") == "CD"
    assert ahead_of(published("ABCD", "BCDA"), "of another series", "AB") == "CD"


def test_empty_slots_are_dropped_where_nobody_stands() -> None:
    slots = published("ABCD", "ACD", "AD")
    assert told(slots) == "A--D"
    assert told(without_empty(slots, {"B"})) == "A-D"
    assert ahead_of(without_empty(slots, {"B"}), "B", "AB") == "D"


def test_an_item_that_was_moved_stays_known_as_such_when_its_first_slot_is_dropped() -> None:
    slots = without_empty(published("ABC", "BCA"), ())
    moved_again = lay_out(slots, items("ABC"), SEVEN)
    assert told(moved_again) == "A'BC-"


# --- the step -------------------------------------------------------------------------------------------------------


def decide(step: SendSeries, slots: Sequence[Slot], now: datetime, goal: Condition | None = None, **facts: Any) -> Any:
    known = {"values": (), "entered_at": SEVEN, "arrived_at": SEVEN, **facts}
    known["series"] = SeriesRead(SeriesOrder(known.pop("rhythm", MORNINGS), slots), known.pop("got", ()))
    return step.decide(Program(None, TOKYO, goal=goal), Facts(**known), now)


GO_ON = SendSeries(STEP, SERIES, None, False, "next")
WAIT = SendSeries(STEP, SERIES, None, True, "next")


def test_who_has_just_come_is_looked_at_again_before_anything_is_sent() -> None:
    assert GO_ON.decide(Program(None, TOKYO), Facts((), SEVEN, SEVEN), SEVEN) == Stay(SEVEN)


def test_the_first_item_goes_at_once_or_at_the_first_moment() -> None:
    noon = SEVEN + timedelta(hours=5)
    letter = SendItem("A", 1, "email", None, STEP, 1)
    assert decide(GO_ON, published("AB"), noon, arrived_at=noon) == Stay(SEVEN + DAY)
    assert decide(GO_ON, published("AB"), noon, arrived_at=noon, rhythm=Rhythm(time(7))) == Proceed(letter, "A", noon)


def test_the_steps_own_rhythm_counts_before_that_of_the_series() -> None:
    own = SendSeries(STEP, SERIES, Rhythm(time(20), days=2), False, None)
    assert decide(own, published("AB"), SEVEN, place="A") == Stay(SEVEN + 2 * DAY + timedelta(hours=13))


def test_an_item_on_time_counts_from_its_moment_and_one_that_is_late_from_now() -> None:
    letter = SendItem("B", 1, "email", None, STEP, 2)
    due = SEVEN + DAY
    for late in (timedelta(0), timedelta(hours=5)):
        assert decide(GO_ON, published("ABC"), due + late, place="A") == Proceed(letter, "B", due)
    assert decide(GO_ON, published("ABC"), due + LATE, place="A") == Proceed(letter, "B", due + LATE)


def test_after_a_standstill_one_item_goes_and_the_next_the_day_after() -> None:
    week_later = SEVEN + 7 * DAY - timedelta(minutes=1)  # 6:59
    sent = decide(GO_ON, published("ABCD"), week_later, place="A")
    assert (sent.place, sent.since) == ("B", week_later)
    assert decide(GO_ON, published("ABCD"), week_later, place="B", arrived_at=sent.since) == Stay(SEVEN + 8 * DAY)


def test_goal_and_exits_are_asked_before_each_item_and_not_while_waiting() -> None:
    def reached(values: Any, now: datetime) -> bool:
        return True

    assert decide(GO_ON, published("AB"), SEVEN, goal=reached, place="A") == Stay(SEVEN + DAY)
    assert decide(GO_ON, published("AB"), SEVEN + DAY, goal=reached, place="A") == Leave("goal_reached")


def test_after_the_last_item_people_go_on_or_wait_for_more() -> None:
    assert decide(GO_ON, published("AB"), SEVEN, place="B") == Go("next")
    assert decide(GO_ON, published("AB"), SEVEN, place="B", got=None) == Go("next")
    assert decide(WAIT, published("AB"), SEVEN, place="B") == Stay(NEVER)


def test_what_is_added_for_those_who_wait_goes_at_the_next_moment_of_the_rhythm() -> None:
    months_later = SEVEN + 90 * DAY + timedelta(hours=8)
    slots = lay_out(published("AB"), items("ABC"), months_later)
    assert decide(WAIT, slots, months_later, place="B") == Stay(SEVEN + 91 * DAY)
    early = months_later - timedelta(hours=9)
    slots = lay_out(published("AB"), items("ABC"), early)
    assert decide(WAIT, slots, early, place="B") == Stay(SEVEN + 90 * DAY)


def test_whether_a_moved_item_was_got_is_looked_up_before_it_is_decided() -> None:
    slots = published("ABC", "BCA")
    assert decide(GO_ON, slots, SEVEN + DAY, place="C", got=None) == Stay(SEVEN + DAY)
    assert decide(GO_ON, slots, SEVEN + DAY, place="C", got={"A"}) == Go("next")
    assert decide(GO_ON, slots, SEVEN + DAY, place="C").place not in {"A", "B", "C"}


def test_a_series_that_is_gone_is_passed_by() -> None:
    gone = Facts((), SEVEN, SEVEN, series=SeriesRead(None), place="A")
    assert GO_ON.decide(Program(None, TOKYO), gone, SEVEN) == Go("next")


# --- anything an author and the days may do --------------------------------------------------------------------------


@dataclass
class Reader:
    """Somebody who walks through the series. ``due`` (what they are to get still) is known by the test alone."""

    walker: engine.Walker
    due: list[str]
    got: list[str] = field(default_factory=list)
    state: int = EnrolmentState.ACTIVE
    is_placed: bool = True  # the item they got last was not moved since
    since_publishing: list[str] = field(default_factory=list)


class SeriesLives(RuleBasedStateMachine):
    """An author edits and publishes, days go by, people come; what they get is compared with what is promised."""

    def __init__(self) -> None:
        super().__init__()
        self.step = SendSeries(STEP, SERIES, None, False, None)
        self.now = SEVEN
        self.made = 0
        self.draft: list[str] = []
        self.live: list[str] = []
        self.slots: list[Slot] = []
        self.edits: list[tuple[str, str]] = []
        self.readers: list[Reader] = []

    def _new_item(self) -> str:
        self.made += 1
        return f"item{self.made}"

    @initialize(count=st.integers(1, 8))
    def first_publishing(self, count: int) -> None:
        self.draft = [self._new_item() for _ in range(count)]
        self.publish()

    @rule(where=st.integers(0, 20))
    def insert(self, where: int) -> None:
        item = self._new_item()
        self.draft.insert(where % (len(self.draft) + 1), item)
        self.edits.append(("insert", item))

    @precondition(lambda self: len(self.draft) > 1)
    @rule(which=st.integers(0, 20))
    def remove(self, which: int) -> None:
        item = self.draft.pop(which % len(self.draft))
        self.edits.append(("remove", item))

    @precondition(lambda self: len(self.draft) > 2)
    @rule(which=st.integers(0, 20), where=st.integers(0, 20))
    def move(self, which: int, where: int) -> None:
        former = list(self.draft)
        item = self.draft.pop(which % len(self.draft))
        self.draft.insert(where % (len(self.draft) + 1), item)
        if self.draft != former:
            neighbours = abs(former.index(item) - self.draft.index(item)) == 1
            # Of two neighbours that change places nobody can tell which one was moved: the one that now stands behind.
            self.edits.append(("move", max(former, key=self._went_back(former)) if neighbours else item))

    def _went_back(self, former: list[str]) -> Any:
        return lambda item: self.draft.index(item) - former.index(item)

    @rule()
    def publish(self) -> None:
        former = self.slots
        self.slots = lay_out(self.slots, [(item, 1) for item in self.draft], self.now)
        assert [slot.item for slot in SeriesOrder(MORNINGS, self.slots).items()] == self.draft
        assert [slot.id for slot in self.slots if slot.id in {each.id for each in former}] == [
            slot.id for slot in former
        ]
        for reader in self.readers:
            reader.since_publishing = []
            if reader.state != EnrolmentState.ACTIVE:
                continue
            if len(self.edits) == 1:
                ((kind, item),) = self.edits
                reader.due = self._promised(reader, kind, item)
            elif self.edits:
                reader.due = self._coming(reader)
                # Of several moves nobody can tell which items were moved and which stayed.
                reader.is_placed &= "move" not in {kind for kind, _item in self.edits}
        self.live, self.edits = list(self.draft), []

    def _promised(self, reader: Reader, kind: str, item: str) -> list[str]:
        """What somebody is to get after one edit, by the rules as people are told them."""
        if kind == "move" and reader.got and item == reader.got[-1]:
            reader.is_placed = False
        left = {each for each in reader.due if each != item}
        if kind != "remove" and item not in reader.got and self._is_ahead(reader, item, left):
            left.add(item)
        return [each for each in self.draft if each in left]

    def _is_ahead(self, reader: Reader, item: str, left: set[str]) -> bool:
        at = self.draft.index(item)
        if not reader.got:
            return True
        if reader.is_placed and reader.got[-1] in self.draft:
            return at > self.draft.index(reader.got[-1])
        if left & {*self.draft[at + 1 : at + 2], *self.draft[at - 1 : at]}:
            return True
        return item in self._coming(reader)  # whatever they stood at is gone: beside what they passed either will do

    def _coming(self, reader: Reader) -> list[str]:
        order = SeriesOrder(MORNINGS, self.slots)
        index = order.index_of(reader.walker.place)
        index = -1 if index is None else index
        coming: list[str] = []
        while slot := order.following(index, set(reader.got)):
            coming.append(str(slot.item))
            index = order.index_of(slot.id) or 0
        return coming

    @rule()
    def somebody_comes(self) -> None:
        number = len(self.readers) + 1
        walker = engine.Walker(number, 1, number, 1, STEP, self.now, self.now, None, "")
        self.readers.append(Reader(walker, list(self.live)))

    @rule(days=st.integers(1, 3))
    def days_go_by(self, days: int) -> None:
        for _ in range(days):
            self.now += DAY
            self._tick()

    def _tick(self) -> None:
        order = SeriesOrder(MORNINGS, self.slots)
        for reader in self.readers:
            sent_before, is_due = len(reader.got), bool(reader.due)
            for _ in range(3):  # one to be looked at again, at most, and one to go on
                if reader.state == EnrolmentState.ACTIVE:
                    self._walk(reader, order)
            sent = reader.got[sent_before:]
            assert len(sent) == is_due
            reader.since_publishing += sent

    def _walk(self, reader: Reader, order: SeriesOrder) -> None:
        index = order.index_of(reader.walker.place)
        asked = reader.got if index is None else set(order.doubtful(index)) & set(reader.got)
        program = Program(STEP, TOKYO, {STEP: self.step}, series={STEP: SERIES})
        version = LoadedVersion(1, 1, 1, "", program)
        move = engine.walk(reader.walker, version, (), (), self.now, series=SeriesRead(order, asked))
        for effect in move.effects:
            assert effect.id == reader.due.pop(0)
            reader.got.append(effect.id)
            reader.is_placed = True
        if move.state == EnrolmentState.FINISHED:
            assert reader.due == []
        reader.state = move.state
        reader.walker = reader.walker._replace(step=move.step, arrived_at=move.arrived_at, place=move.place)

    @invariant()
    def nobody_gets_an_item_twice(self) -> None:
        for reader in self.readers:
            assert len(set(reader.got)) == len(reader.got)

    @invariant()
    def what_goes_out_between_two_publishings_keeps_the_order(self) -> None:
        for reader in self.readers:
            places = [self.live.index(item) for item in reader.since_publishing]
            assert places == sorted(places)

    def teardown(self) -> None:
        for _ in range(len(self.live) + 2):
            self.now += DAY
            self._tick()
        for reader in self.readers:
            assert reader.state == EnrolmentState.FINISHED
            assert reader.due == []


TestSeriesLives = SeriesLives.TestCase
TestSeriesLives.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
