"""The control group and holdouts as staff sees and sets them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from wagtail.test.utils.form_data import nested_form_data, streamfield

from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.core.lots import is_drawn
from jouren.events.actions import NewEvent, record_event
from jouren.events.reactor import tick
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Enrolment, EnrolmentState, Journey
from jouren.messaging.control_group.actions import save_control_group
from jouren.messaging.control_group.models import ControlGroup
from tests.backoffice import make_person, owner_client, staff_client
from tests.messages import published
from tests.walking import draft_journey, live_journey, make_message, send

pytestmark = pytest.mark.django_db

SCREEN = "/admin/sending-rules/control-group/"
NUMBERS = {"share": "5", "days": "60", "smallest_effect": "30"}
PURCHASE = ("purchase", {"kind": "regular", "product": "", "amount": "3000"})


def test_the_control_group_is_set_on_its_screen_which_says_what_it_costs() -> None:
    browser = owner_client()
    page = browser.get(SCREEN).content.decode()
    assert "There is no control group" in page
    assert "What it costs" in page
    answer = browser.post(SCREEN, NUMBERS, follow=True).content.decode()
    assert "5 in a hundred people get no marketing" in answer
    assert "Too few to tell: 100 people more are needed in the smaller group." in answer
    group = ControlGroup.objects.get()
    assert (group.share, group.days, group.smallest_effect) == (5, 60, 30)
    assert "5 in a hundred people" in browser.get("/admin/sending-rules/").content.decode()


@pytest.mark.parametrize("wrong", [{"share": "51"}, {"share": ""}, {"days": "3"}, {"smallest_effect": "x"}])
def test_a_wrong_number_is_told_at_its_field_and_nothing_is_kept(wrong: dict[str, str]) -> None:
    page = owner_client().post(SCREEN, NUMBERS | wrong).content.decode()
    assert "Nothing was saved" in page
    assert "jouren-error" in page
    assert not ControlGroup.objects.exists()


def test_whoever_may_only_look_at_the_rules_cannot_change_the_control_group() -> None:
    viewer = staff_client("messaging.view_sendingrules")
    page = viewer.get(SCREEN)
    assert page.status_code == 200
    assert b"You may look at these rules, not change them." in page.content
    assert viewer.post(SCREEN, NUMBERS).status_code == 302
    assert not ControlGroup.objects.exists()


def drawn(subject: str, percent: int, *, wanted: bool) -> Contact:
    """Somebody on whom the lot falls (or does not)."""
    for number in range(1 + 500 * (not wanted), 1000):
        person = make_person(number)
        if is_drawn(subject, person.pk, percent) is wanted:
            return person
    raise AssertionError("The lot never fell so.")


def test_a_persons_page_says_that_nothing_comes_because_of_the_control_group() -> None:
    save_control_group(50, days=30, smallest_effect=20)
    browser = owner_client()
    for wanted in (True, False):
        person = drawn("control group", 50, wanted=wanted)
        page = browser.get(f"/admin/people/{person.public_id}/").content.decode()
        assert ("is in the control group and gets no marketing" in page) is wanted


def test_a_persons_page_says_that_a_journey_is_held_back_and_entering_by_hand_too() -> None:
    journey = live_journey([send(make_message("Hello"))], [{"type": "by_hand", "value": None}], holdout=50)
    person = drawn(f"holdout:{journey.pk}", 50, wanted=True)
    enrol_by_hand(journey, [person.pk])
    browser = owner_client()
    page = browser.get(f"/admin/people/{person.public_id}/").content.decode()
    assert "Drawn by lot to get nothing of it" in page
    assert "Held back to compare" in page
    assert "Gets nothing of the journey “Welcome”" in page
    answer = browser.post(f"/admin/people/{person.public_id}/enter/", {"journey": journey.pk}, follow=True)
    assert "is held back from “Welcome”, to compare" in answer.content.decode()
    assert Enrolment.objects.get().state == EnrolmentState.HELD_OUT


def editor_form(message: Any, **changed: Any) -> dict[str, str]:
    written = streamfield([("send", {"message": str(message.pk)})])
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
        "holdout": "",
        "zone": "Asia/Tokyo",
    }
    return nested_form_data(data | changed) | {"action-publish": "1"}


def test_goal_window_and_share_are_chosen_in_the_editor() -> None:
    message = published(stage=4).message
    form = editor_form(message, conversion=streamfield([PURCHASE]), conversion_days="14", holdout="10")
    assert owner_client().post("/admin/journeys/add/", form).status_code == 302
    compiled = Journey.objects.get().versions.get().compiled
    assert (compiled["holdout"], compiled["conversion_days"]) == (10, 14)
    assert compiled["conversion"] == {
        "event": "order.paid",
        "match": {"kind": "regular"},
        "where": [
            {"field": "currency", "op": "eq", "value": "JPY"},
            {"field": "amount", "op": "gte", "value": 3000},
        ],
    }


def test_without_a_choice_nobody_is_held_back_and_a_click_counts() -> None:
    message = published(stage=4).message
    assert owner_client().post("/admin/journeys/add/", editor_form(message)).status_code == 302
    compiled = Journey.objects.get().versions.get().compiled
    assert (compiled["holdout"], compiled["conversion"]) == (None, None)


@pytest.mark.parametrize("wrong", [{"holdout": "0"}, {"holdout": "91"}, {"conversion_days": "0"}])
def test_the_editor_refuses_numbers_that_make_no_sense(wrong: dict[str, str]) -> None:
    message = published(stage=4).message
    assert owner_client().post("/admin/journeys/add/", editor_form(message, **wrong)).status_code == 200
    assert not Journey.objects.exists()


def test_the_editor_refuses_to_hold_people_back_from_a_receipt() -> None:
    message = published(kind="transactional").message
    page = owner_client().post("/admin/journeys/add/", editor_form(message, holdout="10")).content.decode()
    assert "those who are held back to compare would not get it" in page
    assert not Journey.objects.exists()


def test_the_figures_tell_what_a_journey_brings_with_and_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    began = clock.now()
    journey = draft_journey([send(make_message("Hello"))], [{"type": "by_hand", "value": None}], holdout=50)
    journey.conversion_days = 10
    block = Journey._meta.get_field("conversion").stream_block  # type: ignore[union-attr]
    journey.conversion = block.to_python([{"type": "purchase", "value": {"kind": "", "product": "", "amount": None}}])
    journey.save()
    journey.save_revision().publish()
    people = [make_person(number) for number in range(1, 21)]
    enrol_by_hand(journey, [each.pk for each in people])
    held = [each for each in people if is_drawn(f"holdout:{journey.pk}", each.pk, 50)]
    got = [each for each in people if each not in held]
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(days=1))
    for number, person in enumerate((got[0], got[1], held[0])):
        paid = {"order": str(number), "kind": "regular", "amount": 1000, "currency": "JPY", "products": []}
        record_event(NewEvent("order.paid", person.pk, paid, source="shop"))
    while tick():
        pass
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(days=11))
    page = owner_client().get(f"/admin/journeys/inspect/{journey.pk}/").content.decode()
    assert "Counts as a success: Purchase, within 10 days of entering." in page
    assert f"2 of {len(got)} people" in page
    assert f"1 of {len(held)} people" in page
    assert "Bought without it" in page
    missing = 100 - min(len(got), len(held))
    assert f"Too few to tell: {missing} people more are needed in the smaller group." in page
    assert f"<strong>{len(held)}</strong> held back to compare" in page
