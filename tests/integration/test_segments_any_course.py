"""Whatever happens to people in whatever order, and however time passes, segments hold whom a fresh count finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from jouren.contacts import actions
from jouren.contacts.errors import BadSegment, ContactNotFound, SegmentInUse
from jouren.contacts.models import Contact, Problem
from jouren.contacts.segments import filling, rechecking
from jouren.contacts.segments.actions import delete_segment, save_segment
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import sizes
from jouren.core import clock
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.orders.actions import record_order
from jouren.pyramid.actions import change_stage
from tests.examples import examples
from tests.segmenting import ask, bought, counted, keep, members, tagged
from tests.walking import START, Time, newsletter

CONDITIONS: list[Callable[[list[Segment]], Any]] = [
    lambda known: bought(),
    lambda known: bought(within_days=2),
    lambda known: bought(within_days=3, times=2),
    lambda known: {"not": bought(within_days=1)},
    lambda known: ask("events.count", "eq", 1, type="order.paid", within_days=2),
    lambda known: ask(
        "events.count",
        "gte",
        1,
        type="order.paid",
        where=[{"field": "amount", "op": "gte", "value": 200}],
        within_days=3,
    ),
    lambda known: {"all": [bought(), tagged("a")]},
    lambda known: {"any": [tagged("b"), ask("orders.last_at", "within_last_days", 2)]},
    lambda known: ask("orders.last_at", "older_than_days", 2),
    lambda known: ask("orders.total", "gte", 300),
    lambda known: ask("messages.sent", "eq", 0, within_days=1),
    lambda known: ask("messages.clicked", "gte", 1),
    lambda known: ask("pyramid.stage", "gte", 3),
    lambda known: ask("pyramid.stage_since", "within_last_days", 1),
    lambda known: ask("contact.open_problem_count", "gte", 1),
    lambda known: ask("consent", "is", True, channel="email", topic="newsletter"),
    lambda known: {"not": ask("suppressed", "is", True)},
    lambda known: ask("contact.created_at", "older_than_days", 2),
    lambda known: ask("contact.attribute", "anniversary_within_days", 1, key="day"),
    lambda known: ask("contact.attribute", "anniversary_this_month", False, key="day"),
    lambda known: {"all": [ask("segment", "is", True, segment=each.pk) for each in known[:2]]} if known else bought(),
    lambda known: {"not": ask("segment", "is", True, segment=known[-1].pk)} if known else tagged("a"),
]
conditions = st.sampled_from(CONDITIONS)
who, which = st.integers(0, 2), st.integers(0, 2)
DAYS = ["1980-11-23", "1992-02-29", "2000-12-01", "1999-11-20"]
passing = st.sampled_from([{"microseconds": 1}, {"hours": 9}, {"hours": 15}, {"days": 1}, {"days": 2}, {"days": 33}])
steps = st.one_of(
    st.tuples(st.just("buy"), who, st.integers(0, 4), st.booleans(), st.sampled_from([100, 200])),
    st.tuples(st.just("tag"), who, st.sampled_from("ab"), st.booleans()),
    st.tuples(st.just("message"), who, st.sampled_from(["message.sent", "message.clicked"])),
    st.tuples(st.just("stage"), who, st.integers(2, 5)),
    st.tuples(st.just("problem"), who, st.booleans()),
    st.tuples(st.just("consent"), who, st.booleans()),
    st.tuples(st.just("suppress"), who, st.booleans()),
    st.tuples(st.just("day"), who, st.sampled_from(DAYS)),
    st.tuples(st.just("wait"), passing),
    st.tuples(st.just("wait"), passing),
    st.tuples(st.just("define"), which, conditions),
    st.tuples(st.just("delete"), which),
    st.tuples(st.just("merge"), who, who),
    st.tuples(st.just("erase"), who),
    st.tuples(st.just("come")),
    st.tuples(st.just("work"), st.sampled_from([reactor.tick, rechecking.tick, filling.tick, keep])),
)


class Course:
    """People, segments and a clock, to which things happen."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.people: list[Contact] = []
        self.number = 0
        for _ in range(3):
            self.come()

    def happen(self, kind: str, *details: Any) -> None:
        getattr(self, kind)(*details)

    def segments(self) -> list[Segment]:
        return list(Segment.objects.filter(deleted_at=None).order_by("pk"))

    def come(self) -> None:
        if len(self.people) < 5:
            self.people.append(actions.create_contact())

    def pk(self, position: int) -> int | None:
        contact = self.people[position]
        contact.refresh_from_db()
        return contact.pk if contact.is_present else None

    def buy(self, position: int, days_ago: int, is_old: bool, amount: int) -> None:
        if pk := self.pk(position):
            self.number += 1
            at = self.time.now - timedelta(days=days_ago)
            record_order(pk, str(self.number), "regular", amount, occurred_at=at, historical=is_old)

    def tag(self, position: int, text: str, is_added: bool) -> None:
        if pk := self.pk(position):
            (actions.add_tag if is_added else actions.remove_tag)(pk, text)

    def message(self, position: int, type: str) -> None:
        payload = {"delivery": 1, "message": 1, "title": "x"}
        payload |= {"channel": "email"} if type == "message.sent" else {"url": "x", "by": "human"}
        if pk := self.pk(position):
            record_event(NewEvent(type, pk, payload))

    def stage(self, position: int, stage: int) -> None:
        if pk := self.pk(position):
            change_stage(pk, stage)

    def problem(self, position: int, is_noted: bool) -> None:
        if not (pk := self.pk(position)):
            return
        if is_noted:
            actions.note_problem(pk, "肩こり")
        elif problem := Problem.objects.filter(contact=pk, solved_at=None).first():
            actions.solve_problem(problem.pk)

    def consent(self, position: int, is_granted: bool) -> None:
        if not (pk := self.pk(position)):
            return
        if is_granted:
            text = actions.keep_consent_text("I want it.")
            actions.grant_consent(pk, "email", "newsletter", text=text, via="form")
        else:
            actions.withdraw_consent(pk, "email", "newsletter", via="form")

    def suppress(self, position: int, is_on: bool) -> None:
        if not (pk := self.pk(position)):
            return
        if is_on:
            actions.suppress(pk, "manual")
        else:
            actions.lift_suppression(pk, reason="manual")

    def day(self, position: int, day: str) -> None:
        if pk := self.pk(position):
            actions.set_attributes(pk, {"day": day})

    def define(self, position: int, condition: Callable[[list[Segment]], Any]) -> None:
        known = self.segments()
        changed = known[position] if position < len(known) else None
        self.number += 1
        try:
            save_segment(changed.name if changed else f"S{self.number}", condition(known), segment=changed)
        except BadSegment as error:
            assert error.field == "condition"

    def delete(self, position: int) -> None:
        known = self.segments()
        if position < len(known):
            try:
                delete_segment(known[position])
            except SegmentInUse as error:
                assert error.uses

    def merge(self, first: int, second: int) -> None:
        try:
            actions.merge_contacts(self.people[first].pk, self.people[second].pk)
        except ContactNotFound:
            assert self.pk(first) is None or self.pk(second) is None

    def erase(self, position: int) -> None:
        actions.erase_contact(self.people[position].pk)

    def work(self, tick: Callable[[], object]) -> None:
        tick()

    def wait(self, duration: dict[str, float]) -> None:
        self.time.pass_by(**duration)


@pytest.mark.django_db
@examples(40)
@given(
    first=st.lists(conditions, min_size=1, max_size=3),
    course=st.lists(steps, min_size=1, max_size=25),
    is_kept=st.booleans(),
)
def test_segments_hold_whom_a_fresh_count_finds(
    monkeypatch: pytest.MonkeyPatch, first: list[Any], course: list[tuple[Any, ...]], is_kept: bool
) -> None:
    """``is_kept``: workers keep up with every step, so that what they told can be held against who is in."""
    time = Time(START)
    monkeypatch.setattr(clock, "now", lambda: time.now)
    with transaction.atomic():
        newsletter()
        actions.define_attribute("day", "date", "day")
        running = Course(time)
        for position, condition in enumerate(first):
            running.define(position, condition)
        keep()
        for step in course:
            running.happen(*step)
            if is_kept:
                keep()
                check(running)
        keep()
        check(running)
        transaction.set_rollback(True)


def check(running: Course) -> None:
    known = running.segments()
    told = sizes([segment.pk for segment in known])
    for segment in known:
        found = members(segment)
        assert found == counted(segment), segment.condition
        assert (told[segment.pk].people if segment.pk in told else 0) == len(found)
        for contact_id, moves in moves_of(segment).items():
            assert all(one != other for one, other in pairwise(moves)), "entered or left twice"
            assert not moves or moves[-1] is (contact_id in found)
    assert not rechecking.is_busy()


def moves_of(segment: Segment) -> dict[int, list[bool]]:
    """Of each person, whether they entered or left, in order, while the segment had its present condition."""
    found: dict[int, list[bool]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT contact_id, type = 'segment.entered' FROM events_event WHERE type LIKE 'segment.%%'"
            " AND payload -> 'segment' = to_jsonb(%s::bigint) AND payload -> 'version' = to_jsonb(%s::bigint)"
            " ORDER BY id",
            [segment.pk, segment.version],
        )
        for contact_id, entered in cursor.fetchall():
            found.setdefault(contact_id, []).append(entered)
    return found
