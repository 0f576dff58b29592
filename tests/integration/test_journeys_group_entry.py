"""The people of a segment are put into a journey: each once, by the rules that hold for one by hand."""

from __future__ import annotations

import uuid
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError
from procrastinate.contrib.django.models import ProcrastinateJob

from jouren.contacts.actions import add_tag, erase_contact, leave_in_peace, remove_tag, suppress
from jouren.contacts.models import Contact
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from jouren.journeys import group_entry
from jouren.journeys.actions import enrol_by_hand, retire_versions
from jouren.journeys.group_entry import GroupProblem, Reach, Stop, enter_journey, go_on, reach_of, take_up_lost
from jouren.journeys.models import Enrolment, GroupEntry, Journey
from jouren.journeys.pausing import pause_journey
from jouren.journeys.tasks import enter_segment
from tests.backoffice import make_person, owner_client, staff_client
from tests.segmenting import filled, keep, tagged
from tests.walking import Time, live_journey, make_message, make_reader, send, wait, walks, work

pytestmark = pytest.mark.django_db

BY_HAND = [{"type": "by_hand", "value": None}]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_entry, "BATCH", 2)


def tea_lovers(count: int) -> tuple[Segment, list[Contact]]:
    people = [make_person(number) for number in range(count)]
    for person in people:
        add_tag(person.pk, "tea")
    return filled("Tea", tagged("tea")), people


def journey_of(**fields: Any) -> Journey:
    return live_journey([wait(7)], BY_HAND, **fields)


def asked(journey: Journey, segment: Segment) -> GroupEntry:
    return enter_journey(journey, segment, uuid.uuid4())


def jobs() -> int:
    return ProcrastinateJob.objects.filter(task_name=enter_segment.name).count()


def counted(entry: GroupEntry) -> tuple[int, int, bool, str]:
    entry.refresh_from_db()
    return entry.seen, entry.entered, entry.finished_at is not None, entry.stopped_by


def test_staff_see_how_many_confirm_and_everybody_enters_once(time: Time, small_batches: None) -> None:
    segment, people = tea_lovers(5)
    journey = journey_of(entries_per_hour=60)
    enrol_by_hand(journey, [people[0].pk])
    browser = staff_client("contacts.view_segment", "contacts.change_contact", "journeys.change_journey")
    shown = browser.get(f"/admin/segments/{segment.pk}/").content.decode()
    assert f'href="/admin/segments/{segment.pk}/enter/"' in shown
    url = f"/admin/segments/{segment.pk}/enter/"
    assert f'value="{journey.pk}"' in browser.get(url).content.decode()
    page = browser.get(url, {"journey": journey.pk})
    text = page.content.decode()
    assert "5 people are in this segment now." in text
    assert "At most 4 people can enter “Welcome”." in text
    assert "At most 60 people begin in an hour" in text
    pressed = {"journey": journey.pk, "token": str(page.context["token"])}
    answer = browser.post(url, pressed, follow=True)
    assert "are on their way into “Welcome”" in answer.content.decode()
    assert "On its way:" in answer.content.decode()
    assert Enrolment.objects.count() == 1
    browser.post(url, pressed)
    entry = GroupEntry.objects.get()
    assert jobs() == 1
    go_on(entry.pk)
    assert counted(entry) == (5, 4, True, "")
    assert [len(walks(person)) for person in people] == [1] * 5
    begin = sorted(Enrolment.objects.values_list("due_at", flat=True))
    assert [(later - first).total_seconds() for first, later in pairwise(begin)] == [60.0] * 4
    assert "4 of 5 people entered." in browser.get(f"/admin/segments/{segment.pk}/").content.decode()
    browser.post(url, pressed)
    assert GroupEntry.objects.count() == 1


@pytest.mark.parametrize("missing", ["contacts.view_segment", "contacts.change_contact", "journeys.change_journey"])
def test_it_asks_for_all_that_putting_one_in_asks_for(time: Time, missing: str) -> None:
    segment, _people = tea_lovers(1)
    journey = journey_of()
    needed = {"contacts.view_segment", "contacts.change_contact", "journeys.change_journey"}
    browser = staff_client(*needed - {missing})
    browser.post(f"/admin/segments/{segment.pk}/enter/", {"journey": journey.pk, "token": str(uuid.uuid4())})
    assert not GroupEntry.objects.exists()
    assert "enter/" not in browser.get(f"/admin/segments/{segment.pk}/").content.decode()


@pytest.mark.parametrize("data", [{}, {"journey": "x"}, {"journey": "99999999999999999999"}, {"token": "1"}])
def test_what_is_no_journey_or_no_form_of_ours_begins_nothing(time: Time, data: dict[str, str]) -> None:
    segment, _people = tea_lovers(1)
    given = {"journey": str(journey_of().pk), "token": str(uuid.uuid4())} if data.get("token") else {}
    answer = owner_client().post(f"/admin/segments/{segment.pk}/enter/", given | data, follow=True)
    assert "Choose a journey." in answer.content.decode()
    assert not GroupEntry.objects.exists()


def test_a_second_press_enters_nobody_again(time: Time) -> None:
    segment, people = tea_lovers(2)
    journey = live_journey([send(make_message("Tea"))], BY_HAND, reentry="again")
    first = asked(journey, segment)
    with pytest.raises(GroupProblem, match="on their way"):
        asked(journey, segment)
    go_on(first.pk)
    work()
    # A form that was sent once does nothing any more, though everybody has finished and may enter again.
    assert enter_journey(journey, segment, first.token) == first
    go_on(first.pk)
    assert [len(walks(person)) for person in people] == [1, 1]
    # Asked for anew, the journey's own rule holds.
    go_on(asked(journey, segment).pk)
    assert [len(walks(person)) for person in people] == [2, 2]


def test_once_in_a_lifetime_holds_for_whoever_asks_anew(time: Time) -> None:
    segment, people = tea_lovers(2)
    journey = live_journey([send(make_message("Tea"))], BY_HAND)
    go_on(asked(journey, segment).pk)
    work()
    assert reach_of(journey, segment) == Reach(2, 0, None)
    again = asked(journey, segment)
    go_on(again.pk)
    assert counted(again) == (2, 0, True, "")
    assert [len(walks(person)) for person in people] == [1, 1]


@pytest.mark.parametrize(
    ("fields", "most"),
    [({"reentry": "again"}, 2), ({"reentry": "after", "reentry_days": 30}, 1), ({"reentry": "once"}, 1)],
)
def test_how_many_can_enter_is_how_many_then_do(time: Time, fields: dict[str, Any], most: int) -> None:
    segment, people = tea_lovers(3)
    journey = journey_of(**fields)
    enrol_by_hand(journey, [people[0].pk])
    time.pass_by(days=8)
    work()
    enrol_by_hand(journey, [people[1].pk])
    assert reach_of(journey, segment) == Reach(3, most, None, unreached=most)
    entry = asked(journey, segment)
    go_on(entry.pk)
    assert counted(entry) == (3, most, True, "")


def test_staff_are_told_whom_no_mail_reaches_and_who_is_left_in_peace(time: Time) -> None:
    people = [make_reader(number) for number in range(6)]
    silent = make_person(9)
    for person in (*people, silent):
        add_tag(person.pk, "tea")
    suppress(people[0].pk, "hard_bounce", channel="email")
    suppress(people[1].pk, "manual")
    leave_in_peace(people[1].pk, "in_peace", source="staff")
    leave_in_peace(people[2].pk, "in_peace", source="staff")
    segment, journey = filled("Tea", tagged("tea")), journey_of()
    assert reach_of(journey, segment) == Reach(7, 7, None, unreached=3, in_peace=1)
    enrol_by_hand(journey, [people[0].pk, people[2].pk])
    assert reach_of(journey, segment) == Reach(7, 5, None, unreached=2, in_peace=0)
    text = owner_client().get(f"/admin/segments/{segment.pk}/enter/", {"journey": journey.pk}).content.decode()
    assert "2 of them get no mail from it" in text
    assert "left in peace, and get" not in text


def test_who_left_or_was_erased_or_came_meanwhile_is_left_out(time: Time, small_batches: None) -> None:
    segment, people = tea_lovers(5)
    journey = journey_of()
    entry = asked(journey, segment)
    time.pass_by(minutes=1)
    late = make_person(9)
    add_tag(late.pk, "tea")
    remove_tag(people[1].pk, "tea")
    keep()
    erase_contact(people[3].pk)  # and nobody has told the segment yet
    go_on(entry.pk)
    assert counted(entry) == (3, 3, True, "")
    assert [len(walks(person)) for person in [*people, late]] == [1, 0, 1, 0, 1, 0]


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_killed_after_any_batch_it_goes_on_and_enters_nobody_twice(
    time: Time, small_batches: None, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    segment, people = tea_lovers(5)
    journey = live_journey([send(make_message("Tea"))], BY_HAND, reentry="again")
    entry = asked(journey, segment)
    done = 0

    def enrol_and_die(*given: Any) -> list[int]:
        nonlocal done
        entered = enrol_by_hand(*given)
        done += 1
        if done > batches:  # they are in, and how far it came is not written yet
            raise DatabaseError("gone")
        return entered

    with monkeypatch.context() as broken:
        broken.setattr(group_entry, "enrol_by_hand", enrol_and_die)
        with pytest.raises(DatabaseError):
            go_on(entry.pk)
    work()
    assert counted(entry) == (2 * batches, 2 * batches, False, "")
    ProcrastinateJob.objects.filter(task_name=enter_segment.name)._raw_delete("default")
    take_up_lost()
    take_up_lost()
    assert jobs() == 1
    go_on(entry.pk)
    assert counted(entry) == (5, 5, True, "")
    assert [len(walks(person)) for person in people] == [1] * 5


def test_a_job_that_works_long_leaves_the_rest_to_another(time: Time, small_batches: None) -> None:
    segment, _people = tea_lovers(3)
    entry = asked(journey_of(), segment)
    go_on(entry.pk, seconds=-1)
    assert counted(entry) == (2, 2, False, "")
    assert jobs() == 2
    enter_segment(entry.pk)
    enter_segment(entry.pk)
    assert counted(entry) == (3, 3, True, "")


def change(segment: Segment, journey: Journey) -> None:
    save_segment("Tea", tagged("coffee"), segment=segment)


@pytest.mark.parametrize(
    ("happens", "stop"),
    [
        (change, Stop.CHANGED),
        (lambda segment, journey: pause_journey(journey), Stop.PAUSED),
        (lambda segment, journey: retire_versions(journey), Stop.NOT_PUBLISHED),
    ],
)
def test_what_changed_meanwhile_ends_it_and_is_said(time: Time, happens: Any, stop: Stop) -> None:
    segment, _people = tea_lovers(2)
    journey = journey_of()
    entry = asked(journey, segment)
    happens(segment, journey)
    go_on(entry.pk)
    assert counted(entry) == (0, 0, True, stop)
    assert not Enrolment.objects.exists()
    shown = owner_client().get(f"/admin/segments/{segment.pk}/").content.decode()
    assert f"Stopped, for {stop.label}" in shown


def test_a_segment_that_is_being_counted_waits(time: Time) -> None:
    segment, journey = save_segment("Tea", tagged("tea")), journey_of()
    with pytest.raises(GroupProblem, match="counted anew"):
        asked(journey, segment)
    page = owner_client().get(f"/admin/segments/{segment.pk}/enter/", {"journey": journey.pk})
    assert "counted anew" in page.content.decode()
