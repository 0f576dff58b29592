"""Journeys that write down attributes of people: typed when they are published, set for a batch at once."""

from __future__ import annotations

from typing import Any

import pytest

from jouren.contacts.actions import (
    create_contact,
    define_attribute,
    erase_contact,
    merge_contacts,
    set_attribute,
    set_attributes,
)
from jouren.contacts.errors import BadAttribute
from jouren.contacts.models import AttributeDefinition, Contact
from jouren.events.queries import events_of
from jouren.journeys import effects
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.preview import day_by_day
from tests.walking import Time, buy, draft_journey, live_journey, make_reader, step, walks, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]


@pytest.fixture(autouse=True)
def attributes() -> None:
    for key, kind, label in (
        ("size", "text", "Size"),
        ("points", "number", "Points"),
        ("vip", "boolean", "Special guest"),
        ("tried_on", "date", "Tried on"),
    ):
        define_attribute(key, kind, label)


def _set(key: str, value: str) -> dict[str, Any]:
    return step("set_attribute", {"attribute": key, "value": value})


def _of(contact: Contact) -> dict[str, Any]:
    contact.refresh_from_db()
    return dict(contact.attributes)


def _changes(contact: Contact) -> list[list[str]]:
    return [event.payload["what"] for event in events_of([contact.pk], types=["contact.changed"])]


def test_values_are_typed_as_their_attributes_are() -> None:
    live_journey(
        [
            _set("size", " L "),
            _set("points", "1,２00"),
            _set("vip", "はい"),
            _set("tried_on", "2026/11/03"),
            step("clear_attribute", {"attribute": "size"}),
        ]
    )
    contact = make_reader()
    set_attributes(contact.pk, {"points": 5})
    buy(contact)
    work()
    assert _of(contact) == {"points": 1200, "vip": True, "tried_on": "2026-11-03"}
    assert walks(contact)[0].state == 2


def test_today_is_the_day_in_the_journeys_zone_on_which_they_come_there(time: Time) -> None:
    live_journey([step("wait", {"amount": 15, "unit": "hours"}), _set("tried_on", "今日")])
    contact = make_reader()
    buy(contact)
    work()
    time.pass_by(hours=15)
    work()
    assert _of(contact) == {"tried_on": "2026-11-23"}, "16:00 in UTC is the next day in Tokyo"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("points", "many", "“Points” is a number; “many” is none"),
        ("points", "1e400", "cannot have this value"),
        ("vip", "perhaps", "“Special guest” is yes or no; “perhaps” is neither"),
        ("tried_on", "tomorrow", "“Tried on” is a date, written like 2026-11-22; “tomorrow” is none"),
        ("colour", "red", "There is no attribute colour"),
    ],
)
def test_a_value_of_another_type_is_refused_when_the_journey_is_published(key: str, value: str, problem: str) -> None:
    with pytest.raises(JourneyProblem, match=problem) as refused:
        compile_journey(draft_journey([_set(key, value)]))
    assert refused.value.field == "steps"


def test_an_attribute_that_is_gone_stops_those_who_come_to_it_and_says_why() -> None:
    live_journey([_set("size", "L")])
    AttributeDefinition.objects.filter(key="size").delete()
    contact = make_reader()
    buy(contact)
    work()
    (walk,) = walks(contact)
    assert (walk.state, walk.reason) == (4, "BadAttribute: There is no attribute size.")


def test_a_batch_is_set_at_once_and_only_where_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def count(contact_ids: list[int], key: str, value: object) -> list[int]:
        batches.append(len(contact_ids))
        return set_attribute(contact_ids, key, value)

    monkeypatch.setattr(effects, "set_attribute", count)
    journey = live_journey([_set("points", "7")], [{"type": "by_hand", "value": None}])
    people = [make_reader(number) for number in range(20)]
    set_attributes(people[0].pk, {"points": 7})
    enrol_by_hand(journey, [contact.pk for contact in people])
    work()
    assert [_of(contact)["points"] for contact in people] == [7] * 20
    assert [len(_changes(contact)) for contact in people] == [1] * 20
    assert batches == [20]


def test_merged_people_are_set_as_who_they_became_and_erased_ones_not_at_all() -> None:
    kept, gone, erased = (create_contact(email=f"{name}@example.jp") for name in ("kept", "gone", "erased"))
    merge_contacts(kept.pk, gone.pk)
    erase_contact(erased.pk)
    assert set_attribute([gone.pk, kept.pk, erased.pk], "points", 3) == [kept.pk]
    assert set_attribute([kept.pk], "points", 3) == []
    assert set_attribute([kept.pk], "points", None) == [kept.pk]
    assert (_of(kept), _of(erased)) == ({}, {})
    with pytest.raises(BadAttribute):
        set_attribute([kept.pk], "points", "three")


def test_the_preview_tells_what_is_written_down() -> None:
    journey = draft_journey(
        [
            _set("vip", "yes"),
            _set("tried_on", "today"),
            _set("size", "M"),
            step("clear_attribute", {"attribute": "size"}),
        ]
    )
    assert [moment.text for moment in day_by_day(compile_journey(journey))][:4] == [
        "“Special guest” is set to “yes”",
        "“Tried on” is set to the day on which they come here",
        "“Size” is set to “M”",
        "“Size” is cleared",
    ]
