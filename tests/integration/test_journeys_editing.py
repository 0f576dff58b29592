"""A running journey is edited: who moves, who finishes on the old version, who gets what, and that it was foretold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from wagtail.models import ModelLogEntry

from jouren.content.schedule import publish_due
from jouren.core import clock
from jouren.journeys import engine
from jouren.journeys.actions import NotPublished, enrol_by_hand, freeze_version, move_to_current, retire_versions
from jouren.journeys.compiler import compile_journey
from jouren.journeys.history import (
    VersionLost,
    older_with_people,
    people_on_versions,
    published_versions,
    restore_version,
)
from jouren.journeys.impact import Impact, Missing, impact_of
from jouren.journeys.models import Enrolment, EnrolmentState, Inside, Journey, JourneyVersion, PublishChoice
from jouren.journeys.queries import figures
from jouren.messaging.gate import Question, Verdict, ask, load_gate_facts
from jouren.messaging.models import Delivery, Message
from tests.programs import key
from tests.walking import (
    START,
    Time,
    buy,
    got,
    live_journey,
    make_message,
    make_reader,
    rewrite,
    send,
    step,
    wait,
    walks,
    work,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


def wait_for(event: str, name: str, then: list[Any], otherwise: list[Any], days: int = 5) -> dict[str, Any]:
    value = {"event": event, "message": None, "amount": days, "unit": "days", "then": then, "otherwise": otherwise}
    return step("wait_event", value, name)


def goal(number: int) -> dict[str, Any]:
    return {"fact": "orders.count", "op": "gte", "value": number}


def edit(journey: Journey, *steps: dict[str, Any], inside: Inside = Inside.MOVE, **streams: Any) -> JourneyVersion:
    return freeze_version(rewrite(journey, *steps, **streams), inside=inside)


def foretell(journey: Journey, *steps: dict[str, Any], **options: Any) -> Impact:
    """What publishing these steps would do to those on the version that is live."""
    origin = JourneyVersion.objects.filter(journey=journey).latest("number")
    return impact_of(journey, compile_journey(rewrite(journey, *steps)), [origin], **options)


def readers(count: int) -> list[int]:
    return [make_reader(number).pk for number in range(count)]


def test_whoever_may_finish_on_the_old_version_does_and_new_people_get_the_new_one(
    one: Message, two: Message, time: Time
) -> None:
    journey = live_journey([wait(2), send(one, "a")])
    early, late = make_reader(1), make_reader(2)
    buy(early, "1")
    work()
    edit(journey, wait(3), send(two, "b"), inside=Inside.FINISH)
    buy(late, "2")
    work()
    assert [walks(person)[0].version.number for person in (early, late)] == [1, 2]
    time.pass_by(days=2)
    work()
    assert (got(early), got(late)) == (["One"], [])
    time.pass_by(days=1)
    work()
    assert (got(early), got(late)) == (["One"], ["Two"])
    assert walks(early)[0].state == EnrolmentState.FINISHED


def test_moving_leaves_those_alone_who_were_to_finish_on_an_older_version(one: Message, two: Message) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(3))
    edit(journey, wait(9), send(two, "b"), inside=Inside.FINISH)
    (newcomer,) = enrol_by_hand(journey, [make_reader(9).pk])
    edit(journey, wait(8), send(two, "b"))
    assert [(version.number, people) for version, people in older_with_people(people_on_versions(journey))] == [(1, 3)]
    assert Enrolment.objects.get(contact_id=newcomer).version.number == 3


def test_everybody_can_be_moved_each_from_the_version_they_are_on(one: Message, two: Message) -> None:
    journey = live_journey([wait(9, "gone"), send(one, "a")])
    first = make_reader(1)
    enrol_by_hand(journey, [first.pk])
    work()
    edit(journey, wait(9, "other"), send(two, "b"), inside=Inside.FINISH)
    second = make_reader(2)
    enrol_by_hand(journey, [second.pk])
    work()
    edit(journey, send(one, "a"), send(two, "b"), inside=Inside.MOVE_ALL)
    work()
    assert (got(first), got(second)) == (["One", "Two"], ["Two"])
    assert set(Enrolment.objects.values_list("version__number", "state")) == {(3, EnrolmentState.FINISHED)}


def test_those_on_older_versions_can_be_moved_later(one: Message, two: Message, time: Time) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(3))
    work()
    edit(journey, wait(1), send(two, "b"), inside=Inside.FINISH)
    time.pass_by(days=2)
    assert move_to_current(journey) == 3
    work()
    assert list(Delivery.objects.values_list("message_version__name", flat=True)) == ["Two"] * 3
    entry = ModelLogEntry.objects.get(action="journeys.move")
    assert entry.data == {"version": 2, "people": 3, "from": [1]}
    assert entry.formatter.format_message(entry) == "Moved 3 people to version 2"
    assert move_to_current(journey) == 0
    retire_versions(journey)
    with pytest.raises(NotPublished):
        move_to_current(journey)


def test_publishing_what_is_live_can_still_move_everybody(one: Message, two: Message) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(2))
    version = edit(journey, wait(9), send(two, "b"), inside=Inside.FINISH)
    assert freeze_version(journey, inside=Inside.MOVE_ALL) == version
    assert set(Enrolment.objects.values_list("version_id", flat=True)) == {version.pk}


def test_an_unchanged_step_is_not_looked_at_again(one: Message, two: Message) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(2))
    work()
    edit(journey, wait(9), send(two, "b"))
    assert engine.is_busy() is False
    assert engine.next_due() == START + timedelta(days=9)


def test_events_wake_people_by_the_version_they_are_on(one: Message, two: Message, time: Time) -> None:
    journey = live_journey([wait_for("message.clicked", "w", [send(one, "a")], [])])
    person = make_reader()
    enrol_by_hand(journey, [person.pk])
    work()
    edit(journey, wait_for("order.paid", "w", [send(two, "b")], []), inside=Inside.FINISH)
    buy(person)
    work()
    assert got(person) == []
    move_to_current(journey)
    buy(person, "2")  # before anybody has looked at the person in the new version
    work()
    assert got(person) == ["Two"]


def test_what_was_heard_opens_the_way_that_waits_for_it_now(one: Message, two: Message) -> None:
    def first_of(*ways: tuple[str, Message, str]) -> dict[str, Any]:
        paths = [
            {"name": "", "event": event, "message": None, "where": [], "keyed": False, "then": [send(message, name)]}
            for event, message, name in ways
        ]
        return step("wait_first", {"paths": paths, "amount": 5, "unit": "days", "otherwise": []}, "w")

    bought, clicked = ("order.paid", one, "a"), ("message.clicked", two, "b")
    by_hand = [{"type": "by_hand", "value": None}]
    journey = live_journey([first_of(bought, clicked)], by_hand)
    person = make_reader()
    enrol_by_hand(journey, [person.pk])
    work()
    retire_versions(journey)
    buy(person)
    work()
    edit(journey, first_of(clicked, bought))
    work()
    assert got(person) == ["One"]
    assert walks(person)[0].state == EnrolmentState.FINISHED


def test_goal_and_exits_are_asked_of_the_version_a_person_is_on(one: Message) -> None:
    journey = live_journey([send(one, "a"), wait(5)])
    rewrite(journey, send(one, "a"), wait(5), goal=goal(5))
    freeze_version(journey)
    early, late = make_reader(1), make_reader(2)
    enrol_by_hand(journey, [early.pk])
    work()
    edit(journey, send(one, "a"), wait(5), goal=goal(1), inside=Inside.FINISH)
    enrol_by_hand(journey, [late.pk])
    work()
    for person in (early, late):
        buy(person, str(person.pk))
    work()
    run_id, version_id = Delivery.objects.values_list("run_id", "message_version_id")[0]
    facts = load_gate_facts([Question(person.pk, version_id, run_id, "email") for person in (early, late)])
    assert ask(facts, START, is_sending=True) == [None, Verdict("journey_left")]


def test_figures_can_be_those_of_one_version(one: Message, two: Message) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(3))
    work()
    version = edit(journey, wait(8), send(two, "b"), inside=Inside.FINISH)
    enrol_by_hand(journey, [make_reader(9).pk])
    work()
    assert figures(journey).steps[key("wait")].here == 4
    assert figures(journey, version.pk).steps[key("wait")].here == 1
    assert figures(journey, version.pk).active == 4


def test_a_journey_with_people_on_many_versions_can_be_deleted(one: Message, two: Message) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(2))
    edit(journey, wait(9), send(two, "b"), inside=Inside.FINISH)
    run = journey.versions.get(live=True).run
    Journey.objects.filter(pk=journey.pk).delete()  # as a list deletes those that are ticked
    run.refresh_from_db()
    assert run.cancelled_at == START
    assert not Enrolment.objects.exists()


def test_a_step_that_is_deleted_and_restored_is_not_done_again(one: Message, two: Message, time: Time) -> None:
    journey = live_journey([send(one, "a"), wait(1), send(two, "b")])
    had, fresh = make_reader(1), make_reader(2)
    enrol_by_hand(journey, [had.pk])
    work()
    edit(journey, wait(1), send(two, "b"))
    # It comes back behind where the person stands, so that they come to it once more.
    edit(journey, wait(1), send(two, "b"), send(one, "a"))
    enrol_by_hand(journey, [fresh.pk])
    time.pass_by(days=1)
    work()
    assert got(had) == ["One", "Two"]
    assert got(fresh) == ["Two", "One"]
    assert not Enrolment.objects.exclude(state=EnrolmentState.FINISHED).exists()


def test_the_impact_names_who_is_sent_something_at_once(one: Message, two: Message, time: Time) -> None:
    journey = live_journey([wait(4), send(one, "a"), wait(4, "after"), send(two, "b")])
    waiting = readers(3)
    enrol_by_hand(journey, waiting)
    work()
    time.pass_by(days=2)
    late = make_reader(9).pk
    enrol_by_hand(journey, [late])
    work()
    shorter = [wait(1), send(one, "a"), wait(4, "after"), send(two, "b")]
    impact = foretell(journey, *shorter)
    (sending,) = impact.sendings.values()
    assert (sending.step, sending.people, sending.first) == (key("a"), 3, waiting)
    assert (impact.people, impact.touched, dict(impact.over)) == (4, 4, {key("wait"): 3})
    assert dict(impact.standing) == {key("wait"): 4}
    assert (impact.missing, dict(impact.ends), impact.is_about) == ([], {}, False)
    assert not Delivery.objects.exists()
    freeze_version(journey)
    work()
    assert list(Delivery.objects.order_by("contact_id").values_list("contact_id", flat=True)) == waiting


def test_a_wait_that_takes_anothers_place_counts_the_time_waited(one: Message, time: Time) -> None:
    journey = live_journey([wait(4), send(one, "a")])
    enrol_by_hand(journey, readers(1))
    work()
    time.pass_by(days=2)
    edit(journey, wait(3, "instead"), send(one, "a"))
    work()
    assert Enrolment.objects.get().due_at == START + timedelta(days=3)


def test_the_impact_counts_who_would_not_come_to_what(one: Message, two: Message) -> None:
    journey = live_journey([wait(4), send(one, "a"), wait(4, "after"), send(two, "b")])
    enrol_by_hand(journey, readers(3))
    work()
    new = send(make_message("New"), "new")
    impact = foretell(journey, new, wait(4), wait(4, "after"), send(two, "b"))
    assert sorted(impact.missing, key=lambda missing: missing.is_new) == [
        Missing(key("a"), 3, False),
        Missing(key("new"), 3, True),
    ]
    assert impact.sendings == {}


def test_the_impact_tells_who_would_finish_or_leave(one: Message) -> None:
    journey = live_journey([wait(4), send(one, "a")])
    enrol_by_hand(journey, readers(3))
    work()
    assert foretell(journey, send(one, "a")).ends == {(EnrolmentState.FINISHED, ""): 3}
    leaving = step("exit", {"reason": "enough"}, "x")
    edit(journey, wait(4), leaving)
    assert foretell(journey, leaving).ends == {(EnrolmentState.LEFT, "enough"): 3}


def test_what_somebody_has_had_is_not_counted_as_sent_at_once(one: Message, two: Message, time: Time) -> None:
    journey = live_journey([send(one, "a"), wait(4), send(two, "b")])
    enrol_by_hand(journey, readers(2))
    work()
    time.pass_by(days=2)
    impact = foretell(journey, wait(1), send(one, "a"), send(two, "b"))
    assert {step: sending.people for step, sending in impact.sendings.items()} == {key("b"): 2}


def test_of_too_many_people_a_part_is_walked_and_scaled_up(one: Message) -> None:
    journey = live_journey([wait(4), send(one, "a")])
    enrol_by_hand(journey, readers(30))
    work()
    impact = foretell(journey, send(one, "a"), most=10)
    assert (impact.is_about, impact.touched, impact.sent_at_once) == (True, 30, 30)
    assert len(impact.sendings[key("a")].first) == 10
    assert foretell(journey, send(one, "a"), most=30).is_about is False


def test_what_follows_a_step_that_changes_people_is_found_but_said_to_be_about(one: Message) -> None:
    stage = step("stage", {"stage": "3", "reason": "x"}, "s")
    journey = live_journey([wait(4), stage, send(one, "a")])
    enrol_by_hand(journey, readers(2))
    work()
    impact = foretell(journey, stage, send(one, "a"))
    assert (impact.sent_at_once, impact.is_about) == (2, True)


def test_a_journey_that_goes_on_shows_who_is_overdue(one: Message, time: Time) -> None:
    journey = live_journey([wait(1), send(one, "a")])
    enrol_by_hand(journey, readers(2))
    work()
    retire_versions(journey)
    same = [wait(1), send(one, "a")]
    assert foretell(journey, *same, goes_on=True).sent_at_once == 0
    time.pass_by(days=2)
    assert foretell(journey, *same, goes_on=True).sent_at_once == 2
    freeze_version(journey)
    work()
    assert Delivery.objects.count() == 2


def publish(journey: Journey, inside: Inside | None = None) -> Journey:
    revision = journey.save_revision()
    if inside is not None:
        PublishChoice.objects.create(revision=revision, inside=inside)
    revision.publish()
    return Journey.objects.get(pk=journey.pk)


def test_a_publishing_acts_by_what_was_chosen_for_its_revision(one: Message, two: Message) -> None:
    journey = publish(live_journey([wait(9), send(one, "a")]))
    enrol_by_hand(journey, readers(1))
    journey = publish(rewrite(journey, wait(9), send(two, "b")), Inside.FINISH)
    assert Enrolment.objects.get().version.number == 1
    journey = publish(rewrite(journey, wait(9), send(one, "c")), Inside.MOVE_ALL)
    assert Enrolment.objects.get().version.number == 3
    assert [version.inside for version in journey.versions.order_by("number")] == ["move", "finish", "move_all"]


def test_a_scheduled_publishing_acts_by_what_was_chosen_when_it_was_scheduled(
    one: Message, two: Message, time: Time
) -> None:
    journey = publish(live_journey([wait(9), send(one, "a")]))
    enrol_by_hand(journey, readers(1))
    draft = rewrite(journey, wait(9), send(two, "b"))
    draft.go_live_at = clock.now() + timedelta(days=9_000)  # by the real clock too, which Wagtail asks
    draft = publish(draft, Inside.FINISH)
    assert Journey.objects.get().versions.count() == 1
    revision = draft.scheduled_revision
    moment = START - timedelta(days=9_000)
    revision.approved_go_live_at = moment
    revision.content["go_live_at"] = moment.isoformat()
    revision.save()
    publish_due()
    assert JourneyVersion.objects.get(live=True).number == 2
    assert Enrolment.objects.get().version.number == 1


def test_an_older_version_comes_back_as_a_draft_with_its_steps_identities(one: Message, two: Message) -> None:
    journey = publish(live_journey([send(one, "a"), wait(9)]))
    person = make_reader()
    enrol_by_hand(journey, [person.pk])
    work()
    journey = publish(rewrite(journey, wait(9), send(two, "b")))
    first = journey.versions.get(number=1)
    revision = restore_version(first)
    journey.refresh_from_db()
    assert journey.has_unpublished_changes
    assert journey.latest_revision == revision
    assert journey.versions.get(live=True).number == 2
    assert ModelLogEntry.objects.get(action="journeys.restore").data == {"version": 1}
    revision.publish()
    assert journey.versions.get(live=True).compiled == first.compiled
    work()
    assert got(person) == ["One"]


def test_a_version_whose_text_is_lost_cannot_come_back(one: Message) -> None:
    journey = live_journey([send(one, "a")])
    JourneyVersion.objects.update(content=None)
    with pytest.raises(VersionLost):
        restore_version(journey.versions.get())


def test_the_history_tells_what_each_version_changed_and_who_is_on_it(one: Message, two: Message) -> None:
    journey = live_journey([wait(9), send(one, "a")])
    enrol_by_hand(journey, readers(2))
    edit(journey, wait(8), send(two, "b"), inside=Inside.FINISH)
    latest, first = published_versions(journey)
    assert (latest.version.number, latest.people, first.people, first.changes) == (2, 0, 2, None)
    assert latest.changes is not None
    told = [(change.kind, change.step) for change in latest.changes.steps]
    assert told == [("changed", key("wait")), ("removed", key("a")), ("added", key("b"))]
