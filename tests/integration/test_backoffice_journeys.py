"""Journeys in the back office: written, previewed, published with clear refusals, looked at, paused."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from wagtail.test.utils.form_data import nested_form_data, streamfield

from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import DayOff, Enrolment, EnrolmentState, Journey
from jouren.messaging.models import Message
from tests.backoffice import make_person, owner_client, staff_client
from tests.messages import draft, published, reader

pytestmark = pytest.mark.django_db


def form(message: Message | None = None, steps: list[Any] | None = None, **changed: Any) -> dict[str, str]:
    """The editor's form: a purchase brings people in, one message goes."""
    blocks = steps if steps is not None else [("send", {"message": str(message.pk) if message else ""})]
    written = streamfield(blocks)
    for number in range(len(blocks)):
        written[f"{number}"]["id"] = str(uuid.uuid4())  # as the editor gives them
    data = {
        "name": "Welcome",
        "description": "",
        "trigger": streamfield([("purchase", {"kind": "", "product": ""})]),
        "entry": streamfield([]),
        "reentry": "once",
        "precedence": "2",
        "steps": written,
        "goal": streamfield([]),
        "exits": streamfield([]),
        "conversion": streamfield([]),
        "conversion_days": "30",
        "zone": "Asia/Tokyo",
    }
    return nested_form_data(data | changed)


def wait_block(days: int = 2) -> tuple[str, dict[str, str]]:
    return "wait", {"amount": str(days), "unit": "days"}


def live_journey(*steps: dict[str, Any], **fields: Any) -> Journey:
    """A published journey whose trigger is a purchase."""
    journey = Journey(name="Welcome", **fields)
    make: Any = Journey._meta.get_field
    journey.trigger = make("trigger").stream_block.to_python(
        [{"type": "event", "value": {"event": "order.paid"}, "id": str(uuid.uuid4())}]
    )
    journey.steps = make("steps").stream_block.to_python(list(steps))
    journey.save()
    journey.save_revision().publish()
    return Journey.objects.get(pk=journey.pk)


def step(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": kind, "value": value, "id": str(uuid.uuid4())}


def test_a_journey_is_written_and_published_in_the_editor() -> None:
    message = published(stage=4).message
    answer = owner_client().post("/admin/journeys/add/", form(message) | {"action-publish": "1"})
    assert answer.status_code == 302
    journey = Journey.objects.get()
    assert journey.live
    assert [version.number for version in journey.versions.all()] == [1]


def test_an_unfinished_journey_is_kept_as_a_draft() -> None:
    answer = owner_client().post("/admin/journeys/add/", form(steps=[], trigger=streamfield([])))
    assert answer.status_code == 302
    journey = Journey.objects.get()
    assert (journey.live, journey.versions.count()) == (False, 0)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"steps": []}, "The journey has no steps yet."),
        ({"trigger": streamfield([])}, "Say who enters: choose one trigger."),
        ({"zone": "Mars/Base"}, "“Mars/Base” is not a time zone"),
    ],
)
def test_what_cannot_run_is_refused_at_its_field_and_nothing_is_published(changed: Any, sentence: str) -> None:
    message = published().message
    answer = owner_client().post("/admin/journeys/add/", form(message, **changed) | {"action-publish": "1"})
    assert answer.status_code == 200
    (field,) = changed
    assert sentence in " ".join(map(str, answer.context["form"].errors[field]))
    assert sentence in answer.content.decode().replace("\\u201c", "“").replace("\\u201d", "”")
    assert not Journey.objects.exists()


def test_a_message_that_was_never_published_is_refused_by_name() -> None:
    message = draft(name="Not yet")
    message.live = False
    message.save()
    answer = owner_client().post("/admin/journeys/add/", form(message) | {"action-publish": "1"})
    assert answer.status_code == 200
    assert "The message “Not yet” is not published yet." in str(answer.context["form"].errors["steps"])


def test_republishing_something_broken_leaves_the_running_version() -> None:
    message = published(stage=4).message
    browser = owner_client()
    browser.post("/admin/journeys/add/", form(message) | {"action-publish": "1"})
    journey = Journey.objects.get()
    answer = browser.post(f"/admin/journeys/edit/{journey.pk}/", form(steps=[]) | {"action-publish": "1"})
    assert answer.status_code == 200
    assert "no steps yet" in str(answer.context["form"].errors["steps"])
    assert [(version.number, version.live) for version in journey.versions.all()] == [(1, True)]


@pytest.mark.parametrize(
    ("mode", "parts"),
    [
        ("flow", ["Begins with", "Purchase", "Send “お知らせ”", "Wait 2 days", "The end of the journey."]),
        ("days", ["Gets “お知らせ”", "Day 0", "Day 2"]),
    ],
)
def test_the_preview_follows_what_is_typed(mode: str, parts: list[str]) -> None:
    message = published().message
    browser = owner_client()
    data = form(steps=[("send", {"message": str(message.pk)}), wait_block(2)])
    assert browser.post("/admin/journeys/preview/", data).json()["is_valid"]
    page = browser.get("/admin/journeys/preview/", {"mode": mode}).content.decode()
    for part in parts:
        assert part in page, part


def test_the_preview_of_what_cannot_run_says_why() -> None:
    browser = owner_client()
    browser.post("/admin/journeys/preview/", form(steps=[]))
    assert "The journey has no steps yet." in browser.get("/admin/journeys/preview/", {"mode": "flow"}).content.decode()


def test_the_preview_escapes_names() -> None:
    browser = owner_client()
    data = form(steps=[wait_block()], name="<script>alert(1)</script>")
    browser.post("/admin/journeys/preview/", data)
    page = browser.get("/admin/journeys/preview/", {"mode": "flow"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_fork_shows_both_ways() -> None:
    message = published().message
    inner = {"type": "send", "value": {"message": message.pk}, "id": str(uuid.uuid4())}
    fork = step("wait_event", event="order.paid", message=None, amount=3, unit="days", then=[inner], otherwise=[])
    journey = live_journey(fork, step("wait", amount=1, unit="days"))
    page = owner_client().get(f"/admin/journeys/inspect/{journey.pk}/").content.decode()
    page = page[page.index("Step by step") :]
    assert (
        page.index("Wait for")
        < page.index("Send “お知らせ”")
        < page.index("when the time is over")
        < page.index("Wait 1 day")
    )


def test_the_figures_count_people_and_messages_at_each_step() -> None:
    message = published().message
    journey = live_journey(step("send", message=message.pk), step("wait", amount=2, unit="days"))
    people = [reader(f"r{number}@example.jp", agrees=number < 3) for number in range(4)]
    enrol_by_hand(journey, [person.pk for person in people])
    while engine.tick():
        pass
    answer = owner_client().get(f"/admin/journeys/inspect/{journey.pk}/")
    counts = {row["step"].type: row["figures"] for row in answer.context["rows"]}
    assert (counts["send"].withheld, counts["send"].here) == (1, 0)
    assert counts["wait"].here == 4
    assert answer.context["figures"].active == 4
    assert "Running, version 1" in answer.content.decode()


def test_a_journey_that_never_ran_says_what_to_do() -> None:
    journey = Journey.objects.create(name="Draft", live=False)
    page = owner_client().get(f"/admin/journeys/inspect/{journey.pk}/").content.decode()
    assert "This journey was never published" in page


def test_the_list_shows_how_each_journey_stands_without_a_query_for_each(django_assert_max_num_queries: Any) -> None:
    message = published().message
    for _number in range(15):
        journey = live_journey(step("send", message=message.pk), step("wait", amount=2, unit="days"))
        enrol_by_hand(journey, [make_person(journey.pk).pk])
    browser = owner_client()
    browser.get("/admin/journeys/")
    with django_assert_max_num_queries(25):
        page = browser.get("/admin/journeys/").content.decode()
    assert page.count("Running, version 1") == 15


def test_unpublishing_says_what_it_does_and_stops_the_walks() -> None:
    message = published().message
    journey = live_journey(step("send", message=message.pk), step("wait", amount=2, unit="days"))
    browser = owner_client()
    url = f"/admin/journeys/unpublish/{journey.pk}/"
    assert "Nobody enters any more" in browser.get(url).content.decode()
    assert browser.post(url).status_code == 302
    journey.refresh_from_db()
    assert (journey.live, journey.versions.filter(live=True).exists()) == (False, False)
    assert "Unpublished" in browser.get("/admin/journeys/").content.decode()


def test_staff_let_a_person_enter_by_hand_once() -> None:
    journey = live_journey(step("wait", amount=2, unit="days"))
    person = make_person()
    browser = owner_client()
    url = f"/admin/people/{person.public_id}/"
    assert f'<option value="{journey.pk}">Welcome</option>' in browser.get(url).content.decode()
    page = browser.post(f"{url}enter/", {"journey": str(journey.pk)}, follow=True).content.decode()
    assert "The person has entered “Welcome”." in page
    assert Enrolment.objects.get(contact_id=person.pk).state == EnrolmentState.ACTIVE
    page = browser.post(f"{url}enter/", {"journey": str(journey.pk)}, follow=True).content.decode()
    assert "may not enter it again" in page
    assert Enrolment.objects.count() == 1


def test_entering_needs_the_right_to_change_journeys() -> None:
    journey = live_journey(step("wait", amount=2, unit="days"))
    person = make_person()
    staff = staff_client("contacts.view_contact", "contacts.change_contact")
    staff.post(f"/admin/people/{person.public_id}/enter/", {"journey": str(journey.pk)})
    assert not Enrolment.objects.exists()


def test_days_off_are_kept_in_the_settings() -> None:
    browser = owner_client()
    assert browser.post("/admin/dayoff/new/", {"day": "2026-12-30", "name": "年末休業"}).status_code == 302
    assert [str(day) for day in DayOff.objects.all()] == ["2026-12-30 年末休業"]
    assert "年末休業" in browser.get("/admin/dayoff/").content.decode()
