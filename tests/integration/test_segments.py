"""Segments: who is in them follows from what happened and what time it is, told exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from jouren.conditions.errors import ConditionError
from jouren.contacts import actions
from jouren.contacts.errors import BadSegment, SegmentInUse
from jouren.contacts.models import Contact
from jouren.contacts.segments import filling, rechecking
from jouren.contacts.segments.actions import delete_segment, register_segment_use, save_segment, uses_of
from jouren.contacts.segments.models import Segment
from jouren.contacts.segments.queries import growth, people_in_segment, segments_of, sizes
from jouren.events import reactor
from jouren.events.actions import NewEvent, record_event
from jouren.orders.actions import record_order
from tests.segmenting import ask, bought, counted, filled, in_segment, keep, members, moves, tagged
from tests.walking import Time, buy

pytestmark = pytest.mark.django_db


def person(**details: object) -> Contact:
    return actions.create_contact(**details)


def test_a_new_segment_holds_whom_its_condition_holds_for_and_nobody_entered(time: Time) -> None:
    buyer, other = person(), person()
    buy(buyer)
    segment = filled("Buyers", bought())
    assert members(segment) == [buyer.pk]
    assert sizes([segment.pk])[segment.pk].people == 1
    assert moves(buyer.pk) == moves(other.pk) == []
    assert [member.since for member in people_in_segment(segment.pk)] == [None]


def test_an_event_brings_somebody_in_and_another_takes_them_out(time: Time) -> None:
    segment = filled("Tagged", tagged("vip"))
    contact = person()
    actions.add_tag(contact.pk, "vip")
    keep()
    assert members(segment) == [contact.pk]
    assert [(each.name, each.since) for each in segments_of(contact.pk)] == [("Tagged", time.now)]
    time.pass_by(days=1)
    actions.remove_tag(contact.pk, "vip")
    keep()
    assert members(segment) == []
    assert moves(contact.pk) == [("entered", "Tagged", False), ("left", "Tagged", False)]
    assert [(day.entered, day.left) for day in growth(segment.pk)] == [(0, 1), (1, 0)]
    assert sizes([segment.pk])[segment.pk].people == 0


def test_an_event_that_no_segment_asks_for_has_nobody_looked_at(time: Time) -> None:
    filled("Tagged", tagged("vip"))
    contact = person()
    keep()
    buy(contact)
    with connection.execute_wrapper(_no_facts):
        reactor.tick()


def _no_facts(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    assert "contacts_segment_standing" not in sql
    return execute(sql, params, many, context)


def test_time_alone_takes_somebody_out_at_the_moment_and_looks_at_nobody_else(time: Time) -> None:
    segment = filled("Lately", bought(within_days=7))
    early, late, never = person(), person(), person()
    buy(early)
    keep()
    time.pass_by(days=1)
    buy(late)
    keep()
    assert rechecking.next_due() == time.now + timedelta(days=6)
    time.now += timedelta(days=6, microseconds=-1)
    assert rechecking.tick() == 0
    time.now += timedelta(microseconds=1)
    assert rechecking.tick() == 1
    assert members(segment) == [late.pk]
    keep()
    assert moves(early.pk) == [("entered", "Lately", False), ("left", "Lately", False)]
    assert moves(never.pk) == []


def test_a_third_purchase_within_the_window_counts_by_its_own_time(time: Time) -> None:
    segment = filled("Often", bought(within_days=10, times=2))
    contact = person()
    buy(contact, "1")
    time.pass_by(days=4)
    buy(contact, "2")
    keep()
    assert members(segment) == [contact.pk]
    time.pass_by(days=4)
    buy(contact, "3")
    keep()
    time.pass_by(days=5)
    keep()
    assert members(segment) == [contact.pk], "the second and the third are 9 and 5 days old"
    time.pass_by(days=1)
    keep()
    assert members(segment) == []


def test_a_birthday_comes_and_goes_at_midnight_of_the_shop(time: Time) -> None:
    actions.define_attribute("birthday", "date", "誕生日")
    contact = person()
    actions.set_attributes(contact.pk, {"birthday": "1980-12-01"})
    segment = filled("Birthday", ask("contact.attribute", "anniversary_within_days", 0, key="birthday"))
    assert members(segment) == []
    time.now = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)
    keep()
    assert members(segment) == []
    time.now = datetime(2026, 11, 30, 15, tzinfo=UTC)
    keep()
    assert members(segment) == [contact.pk]
    time.now = datetime(2026, 12, 1, 15, tzinfo=UTC)
    keep()
    assert members(segment) == []
    assert rechecking.next_due() == datetime(2027, 11, 30, 15, tzinfo=UTC)


def test_imported_history_changes_who_is_in_but_is_told_as_history(time: Time) -> None:
    segment = filled("Buyers", bought())
    contact = person()
    record_order(contact.pk, "1", "regular", 1000, occurred_at=time.now - timedelta(days=90), historical=True)
    keep()
    assert members(segment) == [contact.pk]
    assert moves(contact.pk) == [("entered", "Buyers", True)]


def test_somebody_new_is_looked_at_for_all_segments(time: Time) -> None:
    segment = filled("Japanese", ask("contact.language", "eq", "ja"))
    contact = person()
    (batched,) = actions.resolve_contacts([("email", "taro@example.jp")])
    keep()
    assert members(segment) == [contact.pk, batched]


def test_an_event_that_nobody_else_reacts_to_is_heard_while_a_segment_asks(time: Time) -> None:
    contact = person()
    segment = filled("Written to", ask("messages.sent", "gte", 1))
    record_event(
        NewEvent("message.sent", contact.pk, {"delivery": 1, "message": 1, "title": "Hello", "channel": "email"})
    )
    keep()
    assert members(segment) == [contact.pk]


def test_a_segment_of_segments_follows_them(time: Time) -> None:
    buyers = filled("Buyers", bought())
    best = filled("Best", {"all": [in_segment(buyers), tagged("vip")]})
    others = filled("Others", {"not": in_segment(best)})
    contact = person()
    actions.add_tag(contact.pk, "vip")
    keep()
    assert (members(best), members(others)) == ([], [contact.pk])
    buy(contact)
    keep()
    assert (members(buyers), members(best), members(others)) == ([contact.pk], [contact.pk], [])
    save_segment("Buyers", bought(times=2), segment=buyers)
    keep()
    assert (members(buyers), members(best), members(others)) == ([], [], [contact.pk])


def test_a_circle_is_refused_and_names_the_way_round(time: Time) -> None:
    first = filled("First", bought())
    second = filled("Second", in_segment(first))
    third = filled("Third", {"any": [tagged("x"), {"not": in_segment(second)}]})
    with pytest.raises(BadSegment, match="“First” → “Third” → “Second” → “First”") as refused:
        save_segment("First", in_segment(third), segment=first)
    assert refused.value.field == "condition"
    first.refresh_from_db()
    assert first.condition == bought()
    with pytest.raises(BadSegment, match="“First” → “First”"):
        save_segment("First", {"not": in_segment(first)}, segment=first)


@pytest.mark.parametrize(
    "condition", [None, {}, {"fact": "nothing", "op": "is", "value": 1}, ask("segment", "is", True)]
)
def test_a_condition_that_cannot_be_asked_is_refused(condition: object) -> None:
    with pytest.raises(ConditionError):
        save_segment("Nobody", condition)
    assert not Segment.objects.exists()


def test_a_name_is_there_once_until_its_segment_is_deleted(time: Time) -> None:
    segment = filled("Buyers", bought())
    with pytest.raises(BadSegment, match="another segment of the name “Buyers”"):
        save_segment(" Buyers ", bought())
    delete_segment(segment)
    assert filled("Buyers", bought()).pk != segment.pk


def test_a_segment_in_use_is_not_deleted(time: Time) -> None:
    buyers = filled("Buyers", bought())
    best = filled("Best", in_segment(buyers))
    assert [(use.kind, use.name, use.id) for use in uses_of(buyers.pk)] == [("segment", "Best", best.pk)]
    with pytest.raises(SegmentInUse, match="“Buyers” is still in use: “Best”"):
        delete_segment(buyers)
    delete_segment(best)
    delete_segment(buyers)
    keep()
    assert not Segment.objects.exists()


def test_a_deleted_segment_leaves_nothing(time: Time) -> None:
    segment = filled("Lately", bought(within_days=7))
    contact = person()
    buy(contact)
    keep()
    delete_segment(segment)
    buy(contact, "2")
    person()
    keep()
    tables = ("contacts_segment", *(f"contacts_segment_{each}" for each in ("standing", "waiting", "tally", "day")))
    with connection.cursor() as cursor:
        for table in (*tables, "events_listened"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert (table, cursor.fetchone()) == (table, (0,))


def test_a_change_of_the_condition_refills_and_nobody_entered_or_left(time: Time) -> None:
    once, twice = person(), person()
    segment = filled("Buyers", bought(times=2))
    buy(once)
    buy(twice)
    buy(twice, "2")
    keep()
    since = time.now
    time.pass_by(days=1)
    save_segment("Buyers", bought(), segment=segment)
    keep()
    assert members(segment) == [once.pk, twice.pk]
    assert [member.since for member in people_in_segment(segment.pk)] == [since, None]
    assert moves(once.pk) == []
    assert moves(twice.pk) == [("entered", "Buyers", False)]


def test_a_change_of_the_name_alone_refills_nothing(time: Time) -> None:
    segment = filled("Buyers", bought())
    save_segment("Customers", bought(), segment=segment, description="They bought.")
    segment.refresh_from_db()
    assert (segment.name, segment.version, segment.is_filled) == ("Customers", 1, True)


def test_a_save_does_not_undo_what_the_filler_did_meanwhile(time: Time) -> None:
    opened = save_segment("Buyers", bought())
    stale = Segment.objects.get(pk=opened.pk)
    keep()
    saved = save_segment("Customers", bought(), segment=stale)
    saved.refresh_from_db()
    assert saved.is_filled


def test_what_happens_while_a_segment_is_filled_waits_and_is_looked_at(time: Time) -> None:
    before, meanwhile = person(), person()
    buy(before)
    keep()
    segment = save_segment("Buyers", bought())
    buy(meanwhile)
    while reactor.tick():
        pass
    assert members(segment) == []
    keep()
    assert members(segment) == [before.pk, meanwhile.pk] == counted(segment)


@pytest.mark.parametrize("part", [1, 2, 3, 100])
def test_a_fill_in_parts_is_the_same(time: Time, monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    monkeypatch.setattr(filling, "WRITTEN_AT_ONCE", part)
    monkeypatch.setattr(filling, "_NEXT", f"FETCH FORWARD {part} FROM jouren_segment_fill")
    people = [person() for _ in range(6)]
    for contact in people[::2]:
        actions.add_tag(contact.pk, "a")
    for contact in people[1::2]:
        actions.add_tag(contact.pk, "b")
    segment = filled("Tagged", tagged("a"))
    assert members(segment) == [contact.pk for contact in people[::2]]
    save_segment("Tagged", tagged("b"), segment=segment)
    keep()
    assert members(segment) == [contact.pk for contact in people[1::2]]
    assert sizes([segment.pk])[segment.pk].people == 3


def test_of_two_merged_people_one_is_in_and_did_not_enter_anew(time: Time) -> None:
    segment = filled("Buyers", bought())
    kept, gone = person(), person()
    buy(gone)
    keep()
    actions.merge_contacts(kept.pk, gone.pk)
    keep()
    assert members(segment) == [kept.pk]
    assert sizes([segment.pk])[segment.pk].people == 1
    assert moves(kept.pk) == [("entered", "Buyers", True)]
    assert [move for move in moves(kept.pk, gone.pk) if not move[2]] == [("entered", "Buyers", False)]


def test_a_merge_that_makes_two_purchases_brings_in_live(time: Time) -> None:
    segment = filled("Often", bought(times=2))
    kept, gone = person(), person()
    buy(kept)
    buy(gone)
    keep()
    actions.merge_contacts(kept.pk, gone.pk)
    keep()
    assert members(segment) == [kept.pk]
    assert moves(kept.pk) == [("entered", "Often", False)]


def test_an_erased_person_is_in_no_segment(time: Time) -> None:
    segment = filled("Everybody", ask("contact.language", "eq", "ja"))
    contact = person()
    keep()
    actions.erase_contact(contact.pk)
    assert members(segment) == []
    keep()
    assert members(segment) == []
    assert sizes([segment.pk]).get(segment.pk, None) is None or sizes([segment.pk])[segment.pk].people == 0
    assert moves(contact.pk) == [("entered", "Everybody", False), ("left", "Everybody", True)]


def test_a_condition_that_cannot_be_asked_any_more_hinders_no_other(time: Time) -> None:
    Segment.objects.create(name="Old", condition=ask("gone", "is", True), changed_at=time.now)
    segment = filled("Buyers", bought())
    contact = person()
    buy(contact)
    keep()
    assert members(segment) == [contact.pk]
    assert not rechecking.is_busy()


def test_rooms_tell_where_they_use_a_segment(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    from jouren.contacts.segments import actions as segment_actions

    monkeypatch.setattr(segment_actions, "_use_finders", {})
    segment = filled("Buyers", bought())
    register_segment_use("tests", lambda segment_id: [segment_actions.Use("journey", "Welcome", segment_id)])
    with pytest.raises(SegmentInUse, match="“Buyers” is still in use: “Welcome”"):
        delete_segment(segment)
