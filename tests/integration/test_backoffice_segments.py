"""The screens of segments: their list, the editor with its live count, a segment's page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection

from jouren.conditions import queries
from jouren.contacts import actions
from jouren.contacts.segments.actions import save_segment
from jouren.contacts.segments.models import Segment
from tests.backoffice import make_person, owner_client, staff_client
from tests.segmenting import ask, bought, filled, in_segment, keep, tagged
from tests.walking import Time, buy

pytestmark = pytest.mark.django_db


UNFINISHED = ask("contact.tags", "contains", None)


def count(condition: Any, client: Any = None, **more: Any) -> dict[str, Any]:
    body = {"condition": json.dumps(condition), "count": "1", **more}
    answer = (client or owner_client()).post("/admin/conditions/check/", body)
    assert answer.status_code == 200
    return dict(answer.json())


def test_the_list_tells_sizes_and_the_last_change(time: Time) -> None:
    filled("Buyers", bought())
    buy(make_person())
    keep()
    save_segment("Fresh", tagged("vip"))
    page = owner_client().get("/admin/segments/").content.decode()
    assert "Buyers" in page
    assert "1 person" in page
    assert "22 Nov 2026" in page
    assert "Being counted" in page


def test_an_empty_list_says_what_to_do() -> None:
    page = owner_client().get("/admin/segments/").content.decode()
    assert "There is no segment yet." in page
    assert "/admin/segments/add/" in page


def test_a_segment_is_made_and_changed_with_an_entry_in_the_log(time: Time) -> None:
    browser = owner_client()
    saved = browser.post("/admin/segments/add/", {"name": "Buyers", "condition": json.dumps({"all": [bought()]})})
    segment = Segment.objects.get()
    assert saved["Location"] == f"/admin/segments/{segment.pk}/"
    assert segment.condition == {"all": [bought()]}
    keep()
    changed = {"name": "Customers", "description": "They bought.", "condition": json.dumps({"all": [bought(times=2)]})}
    browser.post(f"/admin/segments/{segment.pk}/edit/", changed)
    segment.refresh_from_db()
    assert (segment.name, segment.description, segment.version) == ("Customers", "They bought.", 2)
    from wagtail.models import ModelLogEntry

    assert list(ModelLogEntry.objects.order_by("pk").values_list("action", "label")) == [
        ("contacts.add_segment", "Buyers"),
        ("contacts.change_segment", "Customers"),
    ]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": "Buyers", "condition": json.dumps({"all": [tagged("x")]})}, "another segment of the name"),
        ({"name": "New", "condition": ""}, "There is no condition yet."),
        (
            {"name": "New", "condition": json.dumps({"all": [bought(), ask("contact.tags", "contains", None)]})},
            "Condition 2:",
        ),
        ({"name": "", "condition": json.dumps({"all": [bought()]})}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(time: Time, typed: dict[str, str], message: str) -> None:
    filled("Buyers", bought())
    page = owner_client().post("/admin/segments/add/", typed)
    assert page.status_code == 200
    assert message in page.content.decode()
    assert Segment.objects.count() == 1


def test_a_circle_is_told_while_it_is_written_and_when_it_is_saved(time: Time) -> None:
    first = filled("First", bought())
    second = filled("Second", in_segment(first))
    told = count({"all": [in_segment(second)]}, segment=str(first.pk))
    assert told["message"].startswith("A segment cannot depend on itself")
    page = segment_client().post(
        f"/admin/segments/{first.pk}/edit/", {"name": "First", "condition": json.dumps({"all": [in_segment(second)]})}
    )
    assert "A segment cannot depend on itself" in page.content.decode()


def segment_client() -> Any:
    return staff_client(
        "contacts.view_segment", "contacts.add_segment", "contacts.change_segment", "contacts.delete_segment"
    )


def test_the_editor_is_told_how_many_and_ten_of_them(time: Time) -> None:
    people = [make_person(number, family_name=f"山田{number}") for number in range(12)]
    for contact in people:
        actions.add_tag(contact.pk, "vip")
    told = count({"all": [tagged("vip")]})
    assert (told["count"], told["unit"], len(told["sample"])) == ("12", "people fit", 10)
    assert told["sample"][0] == {"name": people[0].name, "url": f"/admin/people/{people[0].public_id}/"}


def test_who_may_not_see_people_is_told_only_how_many(time: Time) -> None:
    actions.add_tag(make_person().pk, "vip")
    told = count({"all": [tagged("vip")]}, staff_client("contacts.view_segment", "contacts.change_segment"))
    assert told == {"count": "1", "unit": "person fits"}


def test_who_may_not_write_segments_is_not_told_how_many(time: Time) -> None:
    actions.add_tag(make_person().pk, "vip")
    assert count({"all": [tagged("vip")]}, staff_client("journeys.view_journey", "contacts.view_contact")) == {}


def test_a_count_that_takes_long_ends_and_says_so(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    def count_for_ever(tree: object) -> int:
        queries.hot_cursor().execute("SELECT pg_sleep(60)")
        return 0

    monkeypatch.setattr(queries, "count_contacts", count_for_ever)
    monkeypatch.setattr(queries.count_briefly, "__kwdefaults__", {"milliseconds": 20})
    assert count({"all": [tagged("vip")]}) == {
        "note": "This takes long to count. Save it: the segment is counted in the background."
    }
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_segments_page_shows_people_growth_and_use(time: Time) -> None:
    segment = filled("Buyers", bought())
    best = filled("Best", {"all": [in_segment(segment), tagged("vip")]})
    person = make_person(family_name="山田", given_name="花子")
    buy(person)
    keep()
    page = owner_client().get(f"/admin/segments/{segment.pk}/").content.decode()
    assert f'href="/admin/people/{person.public_id}/"' in page
    assert "山田 花子" in page
    assert "+1" in page
    assert f'href="/admin/segments/{best.pk}/"' in page
    assert "Yes, delete it" not in page


def test_its_people_are_paged_without_their_names_in_the_address(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    from jouren.backoffice.segments import views

    monkeypatch.setattr(views, "PAGE", 2)
    people = [make_person(number, family_name=f"山田{number}号") for number in range(5)]
    segment = filled("Everybody", ask("contact.language", "eq", "ja"))
    browser, seen, url = owner_client(), [], f"/admin/segments/{segment.pk}/"
    for after in (None, 3, 1):
        page = browser.get(url if after is None else f"{url}?after={people[after].public_id}").content.decode()
        seen.append([number for number in range(5) if f"山田{number}号" in page])
    assert seen == [[3, 4], [1, 2], [0]]


def test_who_may_not_see_people_sees_only_the_size(time: Time) -> None:
    segment = filled("Everybody", ask("contact.language", "eq", "ja"))
    make_person(family_name="山田")
    keep()
    page = staff_client("contacts.view_segment").get(f"/admin/segments/{segment.pk}/").content.decode()
    assert "Everybody" in page
    assert "山田" not in page


def test_a_segment_is_deleted_unless_something_uses_it(time: Time) -> None:
    segment = filled("Buyers", bought())
    best = filled("Best", in_segment(segment))
    browser = owner_client()
    refused = browser.post(f"/admin/segments/{segment.pk}/delete/", follow=True).content.decode()
    assert "“Buyers” is still in use: “Best”" in refused
    assert browser.post(f"/admin/segments/{best.pk}/delete/")["Location"] == "/admin/segments/"
    browser.post(f"/admin/segments/{segment.pk}/delete/")
    keep()
    assert not Segment.objects.exists()
    assert browser.get(f"/admin/segments/{segment.pk}/").status_code == 404


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_each_change_asks_for_its_own_permission(time: Time, verb: str) -> None:
    segment = filled("Buyers", bought())
    others = [f"contacts.{each}_segment" for each in ("view", "add", "change", "delete") if each != verb]
    url = {"add": "/admin/segments/add/", "change": f"/admin/segments/{segment.pk}/edit/"}.get(
        verb, f"/admin/segments/{segment.pk}/delete/"
    )
    answer = staff_client(*others).post(url, {"name": "Other", "condition": json.dumps({"all": [bought()]})})
    assert answer["Location"] == "/admin/"
    assert [each.name for each in Segment.objects.filter(deleted_at=None)] == ["Buyers"]


def test_a_segment_whose_condition_cannot_be_asked_says_so(time: Time) -> None:
    segment = Segment.objects.create(name="Old", condition={"all": [ask("gone", "is", True)]}, changed_at=time.now)
    browser = owner_client()
    assert "Not kept up to date" in browser.get("/admin/segments/").content.decode()
    page = browser.get(f"/admin/segments/{segment.pk}/").content.decode()
    assert "Nobody comes in or leaves any more" in page
    assert "There is no fact gone." in page


def test_the_catalogue_tells_what_events_say_of_themselves() -> None:
    data = owner_client().get("/admin/conditions/catalogue/").json()
    assert ["amount", "amount", "number"] in data["details"]["order.paid"]
    assert all(fact["label"] for group in data["groups"] for fact in group["facts"])


def test_a_persons_page_tells_their_segments(time: Time) -> None:
    segment = filled("Buyers", bought())
    person = make_person()
    buy(person)
    keep()
    page = owner_client().get(f"/admin/people/{person.public_id}/").content.decode()
    assert f'<a href="/admin/segments/{segment.pk}/">Buyers</a>' in page
