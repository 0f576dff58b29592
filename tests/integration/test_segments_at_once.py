"""Several workers, writers and fillers at once: everybody stands once, and is told of once for each change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction

from jouren.contacts import actions
from jouren.contacts.errors import BadSegment
from jouren.contacts.models import Contact
from jouren.contacts.segments import filling, rechecking
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import sizes
from jouren.events import reactor
from tests.at_once import at_once, meanwhile
from tests.segmenting import bought, counted, filled, in_segment, keep, members, moves, tagged
from tests.walking import Time, buy

pytestmark = pytest.mark.django_db(transaction=True)


def again(*ticks: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(30):
            for tick in ticks:
                tick()

    return run


def test_workers_that_react_and_recheck_at_once_tell_of_each_change_once() -> None:
    segment = filled("Tagged", tagged("vip"))
    people = [actions.create_contact() for _ in range(20)]

    def tag() -> None:
        for contact in people:
            actions.add_tag(contact.pk, "vip")

    def untag() -> None:
        for contact in people[::2]:
            actions.remove_tag(contact.pk, "vip")

    at_once(tag, untag, *[again(reactor.tick, rechecking.tick)] * 3)
    keep()
    assert members(segment) == counted(segment)
    assert sizes([segment.pk])[segment.pk].people == len(members(segment))
    for contact in people:
        told = [kind for kind, _name, _historical in moves(contact.pk)]
        assert told == ["entered", "left"] * (len(told) // 2) + ["entered"] * (len(told) % 2)
        assert bool(len(told) % 2) is (contact.pk in members(segment))


def test_two_who_recheck_at_the_moment_take_somebody_out_once(time: Time) -> None:
    segment = filled("Lately", bought(within_days=7))
    people = [actions.create_contact() for _ in range(20)]
    for contact in people:
        buy(contact)
    keep()
    time.pass_by(days=7)
    at_once(*[again(rechecking.tick)] * 4)
    assert members(segment) == []
    assert sizes([segment.pk])[segment.pk].people == 0
    for contact in people:
        assert [kind for kind, _name, _historical in moves(contact.pk)] == ["entered", "left"]


def test_what_happens_while_several_fill_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "WRITTEN_AT_ONCE", 3)
    monkeypatch.setattr(filling, "_NEXT", "FETCH FORWARD 3 FROM jouren_segment_fill")
    people = [actions.create_contact() for _ in range(20)]
    saved: list[Segment] = []

    def tag() -> None:
        for contact in people:
            actions.add_tag(contact.pk, "vip")

    def define() -> None:
        saved.append(save_segment("Tagged", tagged("vip")))
        save_segment("Tagged", {"not": tagged("vip")}, segment=saved[0])
        save_segment("Tagged", tagged("vip"), segment=saved[0])

    at_once(tag, define, *[again(reactor.tick, rechecking.tick, filling.tick)] * 2)
    keep()
    assert members(saved[0]) == [contact.pk for contact in people]
    assert sizes([saved[0].pk])[saved[0].pk].people == 20


def test_a_fill_waits_for_a_writer_who_may_not_know_of_the_segment() -> None:
    contact = actions.create_contact()
    with transaction.atomic():
        actions.add_tag(contact.pk, "vip")

        def define_and_try_to_fill() -> None:
            save_segment("Tagged", tagged("vip"))
            for _ in range(3):
                assert filling.tick() is False

        with meanwhile(define_and_try_to_fill):
            pass
    keep()
    assert members(Segment.objects.get()) == [contact.pk]


def test_two_who_save_at_once_make_no_circle() -> None:
    first, second = filled("First", bought()), filled("Second", tagged("vip"))

    def save(segment: Segment, condition: object) -> bool:
        try:
            save_segment(segment.name, condition, segment=segment)
        except BadSegment:
            return False
        return True

    answers = at_once(lambda: save(first, in_segment(second)), lambda: save(second, in_segment(first)))
    assert sorted(answers) == [False, True]


def test_a_filler_that_dies_between_two_parts_is_followed_by_one_that_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "WRITTEN_AT_ONCE", 3)
    monkeypatch.setattr(filling, "_NEXT", "FETCH FORWARD 3 FROM jouren_segment_fill")
    people = [actions.create_contact() for _ in range(10)]
    for contact in people:
        actions.add_tag(contact.pk, "vip")
    keep()
    segment = save_segment("Tagged", tagged("vip"))
    write, parts = filling._write_part, []

    def die(*place: object) -> int | None:
        parts.append(place)
        if len(parts) == 2:
            raise RuntimeError("killed")
        return write(*place)  # type: ignore[arg-type]

    monkeypatch.setattr(filling, "_write_part", die)
    with pytest.raises(RuntimeError, match="killed"):
        keep()
    assert Contact.objects.count() > len(members(segment)) > 0
    keep()
    assert members(segment) == [contact.pk for contact in people]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' AND classid = 7406011"
        )
        assert cursor.fetchone() == (0,)
