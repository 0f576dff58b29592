"""The screens on which a running journey is published, paused, resumed, and its versions are looked at."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from wagtail import hooks
from wagtail.models import ModelLogEntry
from wagtail.test.utils.form_data import nested_form_data, streamfield

from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.journeys import engine
from jouren.journeys.actions import enrol_by_hand, freeze_version
from jouren.journeys.models import Enrolment, Inside, Journey, JourneyVersion, Pause, PublishChoice
from jouren.journeys.pausing import pause_journey
from jouren.messaging.models import Delivery, Message
from tests.backoffice import owner_client, staff_client
from tests.messages import published, reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    message = published(stage=4, name="Letter").message
    assert message is not None
    return message


def name(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def wait(days: int, key: str = "wait") -> tuple[str, dict[str, str], str]:
    return "wait", {"amount": str(days), "unit": "days"}, key


def send(message: Message, key: str = "send") -> tuple[str, dict[str, str], str]:
    return "send", {"message": str(message.pk)}, key


def form(*steps: tuple[str, dict[str, str], str], **changed: Any) -> dict[str, str]:
    """The editor's form with these steps."""
    written = streamfield([(kind, value) for kind, value, _key in steps])
    for number, (_kind, _value, key) in enumerate(steps):
        written[f"{number}"]["id"] = name(key)
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


def publish_new(browser: Client, *steps: tuple[str, dict[str, str], str]) -> Journey:
    answer = browser.post("/admin/journeys/add/", form(*steps) | {"action-publish": "1"})
    assert answer["Location"] == "/admin/journeys/", answer["Location"]
    return Journey.objects.get()


def press_publish(browser: Client, journey: Journey, *steps: tuple[str, dict[str, str], str], **changed: Any) -> str:
    """Write these steps in the editor and press “Publish”. Returns where that leads."""
    data = form(*steps, **changed) | {"action-publish": "1"}
    return str(browser.post(f"/admin/journeys/edit/{journey.pk}/", data)["Location"])


def people_inside(journey: Journey, count: int = 3) -> list[int]:
    people = [reader(f"r{number}@example.jp", family_name="山田", given_name=f"{number}子") for number in range(count)]
    enrol_by_hand(journey, [person.pk for person in people])
    while engine.tick():
        pass
    return [person.pk for person in people]


def seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def test_publishing_shows_first_what_it_would_do_and_then_does_it(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey)
    where = press_publish(browser, journey, send(message))
    assert where == f"/admin/journeys/publish/{journey.pk}/{Journey.objects.get().latest_revision_id}/"
    assert journey.versions.count() == 1
    page = browser.get(where).content.decode()
    for text in (
        "What changes against version 1",
        "removed",
        "Wait 4 days",
        "3 people stand here now.",
        "What becomes of 3 people inside",
        "At once, to 3 people: Send “Letter”",
        "山田 0子",
        "At once, the journey ends for 3 people.",
    ):
        assert text in page, text
    assert not Delivery.objects.exists()
    answer = browser.post(where, {"inside": "move", "seen": seen(page)})
    assert answer["Location"] == f"/admin/journeys/inspect/{journey.pk}/"
    version = JourneyVersion.objects.get(live=True)
    assert (version.number, version.inside, version.published_by.username) == (2, "move", "owner@example.jp")
    while engine.tick():
        pass
    assert Delivery.objects.count() == 3


def test_those_inside_can_be_left_to_finish_and_moved_later(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey)
    where = press_publish(browser, journey, send(message))
    browser.post(where, {"inside": "finish", "seen": seen(browser.get(where).content.decode())})
    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {1}
    page = browser.get(f"/admin/journeys/inspect/{journey.pk}/").content.decode()
    assert "version 1: 3" in page
    assert "Wait 4 days" in browser.get(f"/admin/journeys/inspect/{journey.pk}/?version=1").content.decode()
    page = browser.get(f"/admin/journeys/move/{journey.pk}/").content.decode()
    assert "3 people were to finish on older versions." in page
    assert "At once, to 3 people: Send “Letter”" in page
    page = browser.post(f"/admin/journeys/move/{journey.pk}/", follow=True).content.decode()
    assert "3 people were moved." in page
    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {2}
    assert "Nobody is on an older version." in browser.get(f"/admin/journeys/move/{journey.pk}/").content.decode()


def test_those_on_older_versions_are_shown_and_can_be_moved_with_the_others(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey, 2)
    where = press_publish(browser, journey, wait(5), send(message))
    browser.post(where, {"inside": "finish", "seen": seen(browser.get(where).content.decode())})
    enrol_by_hand(journey, [reader("late@example.jp").pk])
    where = press_publish(browser, journey, send(message))
    page = browser.get(where).content.decode()
    assert "Move everybody, also the 2 people on older versions" in page
    assert "At once, to 2 people: Send “Letter”" in page
    browser.post(where, {"inside": "move_all", "seen": seen(page)})
    assert set(Enrolment.objects.values_list("version__number", flat=True)) == {3}


def test_nothing_to_decide_and_nothing_to_read_is_published_at_once(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    assert press_publish(browser, journey, wait(5), send(message)) == "/admin/journeys/"
    assert JourneyVersion.objects.get(live=True).number == 2
    people_inside(journey)
    # The same again: no version, no question.
    assert press_publish(browser, journey, wait(5), send(message), description="x") == "/admin/journeys/"
    assert JourneyVersion.objects.count() == 2


def test_hints_are_shown_with_what_to_do_and_can_be_accepted(message: Message) -> None:
    browser = owner_client()
    twice = (send(message), send(message, "again"))
    answer = browser.post("/admin/journeys/add/", form(*twice) | {"action-publish": "1"})
    page = browser.get(answer["Location"]).content.decode()
    assert "Two messages in the same minute" in page
    assert "Put a wait between them" in page
    assert "Publish all the same" in page
    assert not JourneyVersion.objects.exists()
    browser.post(answer["Location"], {"seen": seen(page)})
    assert JourneyVersion.objects.get().live


def test_what_nobody_can_mean_is_refused_in_the_editor(message: Message) -> None:
    steps = (("exit", {"reason": ""}, "x"), send(message))
    answer = owner_client().post("/admin/journeys/add/", form(*steps) | {"action-publish": "1"})
    assert answer.status_code == 200
    assert "Send “Letter”: Nobody comes here" in str(answer.context["form"].errors["steps"])
    assert not Journey.objects.exists()


def test_the_preview_shows_the_hints(message: Message) -> None:
    browser = owner_client()
    browser.post("/admin/journeys/preview/", form(send(message), send(message, "again")))
    for mode in ("flow", "days"):
        page = browser.get("/admin/journeys/preview/", {"mode": mode}).content.decode()
        assert "1 thing to look at again" in page
        assert "Two messages in the same minute" in page


def test_a_draft_that_was_changed_while_it_was_looked_at_is_shown_again(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey)
    where = press_publish(browser, journey, wait(5), send(message))
    page = browser.post(where, {"inside": "move", "seen": "another"}).content.decode()
    assert "The draft was changed meanwhile." in page
    assert JourneyVersion.objects.count() == 1


def test_a_draft_that_cannot_run_any_more_leads_back_to_the_editor(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey)
    where = press_publish(browser, journey, wait(5), send(message))
    Message.objects.update(live=False)
    for ask in (browser.get, browser.post):
        answer = ask(where, follow=True)
        assert answer.redirect_chain[-1][0] == f"/admin/journeys/edit/{journey.pk}/"
        assert "is not published yet" in answer.content.decode()


def test_scheduling_keeps_the_choice_for_later(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey)
    later = (clock.now() + timedelta(days=3)).strftime("%Y-%m-%d %H:%M")
    where = press_publish(browser, journey, wait(5), send(message), go_live_at=later)
    page = browser.get(where).content.decode()
    assert "It will be published on" in page
    answer = browser.post(where, {"inside": "finish", "seen": seen(page)}, follow=True)
    assert "It will be published at the time you set." in answer.content.decode()
    assert JourneyVersion.objects.count() == 1
    assert Journey.objects.get().scheduled_revision is not None
    assert PublishChoice.objects.get().inside == Inside.FINISH


def test_other_hooks_of_publishing_are_asked(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    people_inside(journey)
    where = press_publish(browser, journey, wait(5), send(message))
    heard: list[str] = []
    with (
        hooks.register_temporarily("before_publish", lambda request, instance: heard.append("before")),
        hooks.register_temporarily("after_publish", lambda request, instance: heard.append("after")),
    ):
        browser.post(where, {"inside": "move", "seen": seen(browser.get(where).content.decode())})
    assert heard == ["before", "after"]


def test_names_are_escaped_and_shown_to_those_only_who_may_see_people(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    person = reader("x@example.jp", family_name="<script>alert(1)</script>")
    enrol_by_hand(journey, [person.pk])
    while engine.tick():
        pass
    where = press_publish(browser, journey, send(message))
    page = browser.get(where).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    page = staff_client("journeys.publish_journey").get(where).content.decode()
    assert "At once, to 1 person" in page
    assert "alert(1)" not in page


def test_pausing_and_resuming(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(1), send(message))
    people_inside(journey)
    page = browser.get(f"/admin/journeys/pause/{journey.pk}/").content.decode()
    assert "3 people on the way stand still from now on" in page
    page = browser.post(f"/admin/journeys/pause/{journey.pk}/", {"entries": "hold"}, follow=True).content.decode()
    assert "“Welcome” is paused." in page
    assert "Paused since" in page
    assert Pause.objects.get().entries == "hold"
    assert "Paused, version 1" in browser.get("/admin/journeys/").content.decode()
    Enrolment.objects.update(held_due_at=clock.now() - timedelta(days=2))
    page = browser.get(f"/admin/journeys/resume/{journey.pk}/").content.decode()
    assert "Who is overdue, and by how much" in page
    assert "2 days" in page
    answer = browser.post(f"/admin/journeys/resume/{journey.pk}/", {"how": "spread", "hours": ""})
    assert "Say how many." in answer.content.decode()
    answer = browser.post(f"/admin/journeys/resume/{journey.pk}/", {"how": "spread", "hours": "99999"})
    assert "less than or equal to 744" in answer.content.decode()
    assert Pause.objects.get().resumed_at is None
    page = browser.post(f"/admin/journeys/resume/{journey.pk}/", {"how": "at_once"}, follow=True).content.decode()
    assert "3 people go on." in page
    assert Enrolment.objects.filter(due_at=None).count() == 0
    history = browser.get(f"/admin/journeys/history/{journey.pk}/").content.decode()
    assert "Paused, with 3 people inside" in history
    assert "Resumed: everybody went on at once" in history


def test_what_cannot_be_done_is_said_and_nothing_changes(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(1), send(message))
    for ask in (browser.get, browser.post):
        page = ask(f"/admin/journeys/resume/{journey.pk}/", {"how": "shift"}, follow=True).content.decode()
        assert "is not paused" in page
    journey.unpublish()
    for part in ("pause", "move", "resume"):
        page = browser.get(f"/admin/journeys/{part}/{journey.pk}/", follow=True).content.decode()
        assert "is not published" in page
    assert not Pause.objects.exists()


def test_the_versions_tell_what_changed_and_one_comes_back(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(1), send(message))
    press_publish(browser, journey, wait(2), send(message), wait(3, "rest"))
    page = browser.get(f"/admin/journeys/versions/{journey.pk}/").content.decode()
    assert "1 step added, 1 step changed." in page
    assert "The first version." in page
    page = browser.get(f"/admin/journeys/versions/{journey.pk}/compare/?a=2&b=1").content.decode()
    assert "From version 1 to version 2" in page
    assert "<del>Wait 1 day</del> → <ins>Wait 2 days</ins>" in page
    assert "Wait 3 days" in page
    answer = browser.post(f"/admin/journeys/versions/{journey.pk}/1/restore/", follow=True)
    assert answer.redirect_chain[-1][0] == f"/admin/journeys/edit/{journey.pk}/"
    assert "Version 1 is the draft now." in answer.content.decode()
    draft = Journey.objects.get().get_latest_revision_as_object()
    assert [(block.block_type, str(block.id)) for block in draft.steps] == [
        ("wait", name("wait")),
        ("send", name("send")),
    ]
    assert ModelLogEntry.objects.filter(action="journeys.restore").count() == 1


@pytest.mark.parametrize("asked", ["", "?a=1", "?a=1&b=99", "?a=x&b=1", "?a=99999999999&b=1"])
def test_versions_that_are_not_there_cannot_be_compared(asked: str, message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(1), send(message))
    assert browser.get(f"/admin/journeys/versions/{journey.pk}/compare/{asked}").status_code == 404
    assert browser.post(f"/admin/journeys/versions/{journey.pk}/9/restore/").status_code == 404


def test_each_screen_asks_for_its_permission(message: Message) -> None:
    journey = publish_new(owner_client(), wait(1), send(message))
    pause_journey(journey)
    viewer = staff_client("journeys.view_journey")
    editor = staff_client("journeys.view_journey", "journeys.change_journey")
    publisher = staff_client("journeys.view_journey", "journeys.publish_journey")
    revision = Journey.objects.get().latest_revision_id
    needs_publish = [f"publish/{journey.pk}/{revision}", f"resume/{journey.pk}", f"move/{journey.pk}"]
    for part in needs_publish:
        url = f"/admin/journeys/{part}/"
        assert publisher.get(url).status_code == 200, part
        for other in (viewer, editor):
            assert other.get(url)["Location"] == "/admin/"
            assert other.post(url)["Location"] == "/admin/"
    assert Pause.objects.get().resumed_at is None
    assert viewer.get(f"/admin/journeys/versions/{journey.pk}/").status_code == 200
    assert viewer.get(f"/admin/journeys/versions/{journey.pk}/compare/?a=1&b=1").status_code == 200
    assert viewer.post(f"/admin/journeys/versions/{journey.pk}/1/restore/")["Location"] == "/admin/"
    assert editor.post(f"/admin/journeys/versions/{journey.pk}/1/restore/")["Location"].endswith(f"/edit/{journey.pk}/")


def test_a_revision_of_another_journey_is_not_published_here(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(1), send(message))
    other = Journey.objects.create(name="Other")
    assert browser.get(f"/admin/journeys/publish/{other.pk}/{journey.latest_revision_id}/").status_code == 404


def test_a_persons_page_names_the_step_of_the_version_they_are_on(message: Message) -> None:
    browser = owner_client()
    journey = publish_new(browser, wait(4), send(message))
    (person_id,) = people_inside(journey, 1)
    journey = Journey.objects.get(pk=journey.pk)
    field = journey._meta.get_field("steps")
    raw = [{"type": "wait", "value": {"amount": 9, "unit": "days"}, "id": name("wait")}]
    journey.steps = field.stream_block.to_python(raw)  # type: ignore[union-attr]
    freeze_version(journey, inside=Inside.FINISH)
    walk = Enrolment.objects.get(contact_id=person_id)
    person = Contact.objects.get(pk=walk.contact_id)
    page = browser.get(f"/admin/people/{person.public_id}/").content.decode()
    assert "Wait 4 days" in page
    assert "Wait 9 days" not in page
