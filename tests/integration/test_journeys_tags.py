"""Journeys that put tags on people and take them off: for a batch at once, once for each person."""

from __future__ import annotations

from typing import Any

import pytest

from jouren.contacts.actions import add_tag, create_contact, erase_contact, merge_contacts, tag_contacts, untag_contacts
from jouren.contacts.actions.tagging import MOST_TAGS
from jouren.contacts.errors import BadValue
from jouren.contacts.models import Contact
from jouren.events.queries import events_of
from jouren.journeys import effects
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.preview import day_by_day
from tests.walking import buy, draft_journey, live_journey, make_message, make_reader, send, step, walks, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("time")]
HAND = [{"type": "by_hand", "value": None}]


def _add(tag: str) -> dict[str, Any]:
    return step("add_tag", {"tag": tag})


def _remove(tag: str) -> dict[str, Any]:
    return step("remove_tag", {"tag": tag})


def _tags(contact: Contact) -> list[str]:
    return sorted(contact.tags.values_list("text", flat=True))


def _told(contact: Contact) -> list[str]:
    return [event.type for event in events_of([contact.pk], types=["tag.added", "tag.removed"])]


def test_tags_are_put_on_and_taken_off_as_the_shop_writes_them_by_hand() -> None:
    live_journey([_add("ＶＩＰ "), _add("紅茶"), _remove("見込み"), _remove("never had")])
    contact = make_reader()
    add_tag(contact.pk, "見込み")
    buy(contact)
    work()
    assert _tags(contact) == ["VIP", "紅茶"]
    assert walks(contact)[0].state == 2


def test_a_later_step_sees_the_tag() -> None:
    has_tag = {"fact": "contact.tags", "op": "contains", "value": "tea"}
    ways = {"when": [{"type": "test", "value": has_tag}], "then": [_add("yes")], "otherwise": [_add("no")]}
    live_journey([_add("tea"), step("branch", ways)])
    contact = make_reader()
    buy(contact)
    work()
    assert _tags(contact) == ["tea", "yes"]


def test_a_batch_is_tagged_at_once_and_only_where_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def count(contact_ids: list[int], text: str) -> list[int]:
        batches.append(len(contact_ids))
        return tag_contacts(contact_ids, text)

    monkeypatch.setattr(effects, "tag_contacts", count)
    journey = live_journey([_add("tea")], HAND)
    people = [make_reader(number) for number in range(20)]
    add_tag(people[0].pk, "tea")
    enrol_by_hand(journey, [contact.pk for contact in people])
    work()
    assert [_tags(contact) for contact in people] == [["tea"]] * 20
    assert [_told(contact) for contact in people] == [["tag.added"]] * 20
    assert batches == [20]


def test_whoever_has_a_hundred_tags_stops_there_and_nobody_else_does() -> None:
    journey = live_journey([_add("tea")], HAND)
    full, other = make_reader(1), make_reader(2)
    for number in range(MOST_TAGS):
        add_tag(full.pk, f"t{number}")
    enrol_by_hand(journey, [full.pk, other.pk])
    work()
    assert _tags(other) == ["tea"]
    assert (walks(full)[0].state, walks(full)[0].reason) == (4, "BadValue: A person has 100 tags at most.")


@pytest.mark.parametrize("tag", ["a,b", "茶、菓子", " "])
def test_a_tag_that_nobody_can_have_is_refused_when_the_journey_is_published(tag: str) -> None:
    with pytest.raises(JourneyProblem, match="A tag ") as refused:
        compile_journey(draft_journey([_add(tag)]))
    assert refused.value.field == "steps"


def test_merged_people_are_tagged_as_who_they_became_and_erased_ones_not_at_all() -> None:
    kept, gone, erased = (create_contact(email=f"{name}@example.jp") for name in ("kept", "gone", "erased"))
    merge_contacts(kept.pk, gone.pk)
    erase_contact(erased.pk)
    assert tag_contacts([gone.pk, kept.pk, erased.pk], "tea") == [kept.pk]
    assert tag_contacts([kept.pk], "tea") == []
    assert (_tags(kept), _tags(erased)) == (["tea"], [])
    assert untag_contacts([gone.pk], "tea") == [kept.pk]
    assert untag_contacts([gone.pk], "tea") == []
    with pytest.raises(BadValue):
        tag_contacts([kept.pk], "")


def test_the_preview_tells_which_tags() -> None:
    journey = draft_journey([_add("tea"), send(make_message("one")), _remove("tea")])
    told = [moment.text for moment in day_by_day(compile_journey(journey))]
    assert (told[0], told[2]) == ("The tag “tea” is added", "The tag “tea” is taken off")
