"""Tags: words that the shop puts on people."""

from __future__ import annotations

import pytest
from wagtail.models import ModelLogEntry

from jouren.conditions.queries import contact_ids
from jouren.contacts.actions import add_tag, create_contact, erase_contact, merge_contacts, remove_tag
from jouren.contacts.actions.tagging import MOST_TAGS
from jouren.contacts.errors import BadValue, ContactNotFound
from jouren.contacts.models import Contact, Tag
from jouren.contacts.queries import known_tags
from jouren.contacts.timeline import timeline
from jouren.events.queries import events_of
from tests.backoffice import make_person, owner, owner_client, staff_client

pytestmark = pytest.mark.django_db


def tags_of(contact: Contact) -> list[str]:
    return list(contact.tags.order_by("text").values_list("text", flat=True))


def told(contact: Contact) -> list[str]:
    return [entry.sentence for entry in reversed(timeline(contact.pk, types=["tag.added", "tag.removed"]))]


def test_a_tag_is_there_once_and_goes_once() -> None:
    person = create_contact()
    assert add_tag(person.pk, " ＶＩＰ ")
    assert not add_tag(person.pk, "VIP")
    assert tags_of(person) == ["VIP"]
    assert remove_tag(person.pk, "VIP")
    assert not remove_tag(person.pk, "VIP")
    assert told(person) == ["Tagged “VIP”.", "The tag “VIP” was taken off."]


@pytest.mark.parametrize("text", ["", "  ", "x" * 51, "a,b", "a、b", "\x00"])
def test_what_is_no_tag_is_refused(text: str) -> None:
    person = create_contact()
    with pytest.raises(BadValue):
        add_tag(person.pk, text)
    assert tags_of(person) == []


def test_a_person_has_a_hundred_tags_at_most() -> None:
    person = create_contact()
    for number in range(MOST_TAGS):
        add_tag(person.pk, f"t{number}")
    with pytest.raises(BadValue, match="100 tags"):
        add_tag(person.pk, "one more")


def test_nobody_has_no_tags() -> None:
    with pytest.raises(ContactNotFound):
        add_tag(10**9, "VIP")


def test_who_carries_a_tag_can_be_asked_for() -> None:
    vip, other, neither = (create_contact() for _ in range(3))
    add_tag(vip.pk, "VIP")
    add_tag(vip.pk, "お茶会")
    add_tag(other.pk, "お茶会")
    ask = {"fact": "contact.tags", "op": "contains"}
    assert contact_ids(ask | {"value": "VIP"}) == [vip.pk]
    assert contact_ids(ask | {"op": "contains_any", "value": ["VIP", "お茶会"]}) == [vip.pk, other.pk]
    assert contact_ids(ask | {"op": "contains_all", "value": ["VIP", "お茶会"]}) == [vip.pk]
    assert contact_ids(ask | {"op": "empty", "value": True}) == [neither.pk]
    assert known_tags() == ["VIP", "お茶会"]
    assert known_tags(limit=1) == ["VIP"]


def test_merging_joins_tags_and_erasing_forgets_them() -> None:
    kept, gone = create_contact(), create_contact()
    for person, tag in ((kept, "VIP"), (gone, "VIP"), (gone, "お茶会")):
        add_tag(person.pk, tag)
    merge_contacts(kept.pk, gone.pk)
    assert tags_of(kept) == ["VIP", "お茶会"]
    erase_contact(kept.pk)
    assert not Tag.objects.exists()
    assert [event.payload for event in events_of([kept.pk], types=["tag.added"])] == [{}]


def test_staff_tags_a_person_on_their_page_and_the_log_says_so() -> None:
    person = make_person()
    browser = owner_client()
    url = f"/admin/people/{person.public_id}/"
    page = browser.post(f"{url}tag/", {"text": "<b>VIP</b>"}, follow=True).content.decode()
    assert "The tag “&lt;b&gt;VIP&lt;/b&gt;” was added." in page
    assert "<b>VIP</b>" not in page
    assert "This person has that tag already." in browser.post(f"{url}tag/", {"text": "<b>VIP</b>"}, follow=True).text
    assert "A tag holds no comma" in browser.post(f"{url}tag/", {"text": "a,b"}, follow=True).text
    assert "was taken off" in browser.post(f"{url}untag/", {"text": "<b>VIP</b>"}, follow=True).text
    assert tags_of(person) == []
    acts = ModelLogEntry.objects.filter(object_id=str(person.pk), action__contains="tag").values_list(
        "action", flat=True
    )
    assert sorted(acts) == ["contacts.add_tag", "contacts.remove_tag"]


def test_seeing_people_does_not_allow_to_tag_them() -> None:
    person = make_person()
    add_tag(person.pk, "VIP", by=owner())
    viewer = staff_client("contacts.view_contact")
    page = viewer.get(f"/admin/people/{person.public_id}/").text
    assert "VIP" in page
    assert "untag/" not in page
    assert viewer.post(f"/admin/people/{person.public_id}/untag/", {"text": "VIP"}).status_code == 302
    assert tags_of(person) == ["VIP"]
