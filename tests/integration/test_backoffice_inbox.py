"""The inbox, surveys and the rule for leaving in peace, as staff see and change them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from wagtail.models import ModelLogEntry

from jouren.contacts.models import Suppression
from jouren.inbox.models import Inquiry, Survey
from jouren.messaging.models import Delivery
from jouren.messaging.vocabulary import State
from jouren.peace.models import PeaceRule
from jouren.peace.queries import stored_rule
from tests.backoffice import owner_client, staff_client
from tests.capture_pages import visitor
from tests.messages import published, reader
from tests.sending import plan
from tests.surveying import make_survey, page_of, person_of, sent_survey
from tests.walking import START, Time

pytestmark = pytest.mark.django_db
RULE = {"is_enabled": "on", "invitations": "1", "days": "0", "up_to_stage": "2"}


def test_a_survey_is_added_and_changed_and_says_what_is_wrong() -> None:
    browser = owner_client()
    written = {"name": "お茶", "title": "いかが？", "questions": ["trouble", "satisfaction"], "is_open": "on"}
    answer = browser.post("/admin/surveys/add/", written | {"questions": []})
    assert "questions" in answer.context["form"].errors
    added = browser.post("/admin/surveys/add/", written)
    survey = Survey.objects.get()
    assert added["Location"] == f"/admin/surveys/{survey.pk}/"
    assert survey.questions == ["satisfaction", "trouble"]
    again = browser.post("/admin/surveys/add/", written)
    assert "name" in again.context["form"].errors
    browser.post(f"/admin/surveys/{survey.pk}/edit/", written | {"is_open": "", "title": "<b>?"})
    survey.refresh_from_db()
    assert not survey.is_open
    page = browser.get(f"/admin/surveys/{survey.pk}/").content.decode()
    assert "&lt;b&gt;?" in page
    acts = ModelLogEntry.objects.filter(action__startswith="inbox.").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["inbox.add_survey", "inbox.change_survey"]


def test_results_count_the_latest_answers_and_show_words_to_those_who_may_see_people() -> None:
    survey = make_survey()
    delivery = sent_survey(survey)
    visitor().post(page_of(survey, delivery), {"satisfaction": "below"})
    visitor().post(f"{page_of(survey, delivery)}?more", {"trouble": "<i>夜</i>"})
    browser = owner_client()
    page = browser.get(f"/admin/surveys/{survey.pk}/").content.decode()
    assert "&lt;i&gt;夜" in page
    assert "Not enough data for shares" in page
    assert "&lt;i&gt;夜" not in staff_client("inbox.view_survey").get(f"/admin/surveys/{survey.pk}/").content.decode()
    listed = browser.get("/admin/surveys/").content.decode()
    assert "0 / 0 / 1" in listed


def test_an_inquiry_is_seen_to_with_a_note() -> None:
    survey = make_survey()
    delivery = sent_survey(survey)
    visitor().post(page_of(survey, delivery), {"satisfaction": "below"})
    browser, inquiry = owner_client(), Inquiry.objects.get()
    assert f"/admin/people/{person_of(delivery).public_id}/" in browser.get("/admin/inbox/").content.decode()
    browser.post(f"/admin/inbox/{inquiry.pk}/handle/", {"note": " "})
    inquiry.refresh_from_db()
    assert inquiry.handled_at is None
    browser.post(f"/admin/inbox/{inquiry.pk}/handle/", {"note": "電話した<b>"})
    inquiry.refresh_from_db()
    assert inquiry.note == "電話した<b>"
    assert "電話した&lt;b&gt;" in browser.get("/admin/inbox/handled/").content.decode()
    kept = browser.post(f"/admin/people/{person_of(delivery).public_id}/export/").content.decode()
    assert json.loads(kept)["survey_answers"][0]["satisfaction"] == "below"
    assert json.loads(kept)["inquiries"][0]["note"] == "電話した<b>"
    viewer = staff_client("inbox.view_inquiry", "contacts.view_contact")
    assert viewer.post(f"/admin/inbox/{inquiry.pk}/handle/", {"note": "x"}).status_code == 302
    assert browser.get("/admin/").context is not None


def test_the_rule_shows_beforehand_whom_it_would_leave_and_changes_only_when_saved(time: Time) -> None:
    person = reader("often@example.jp", family_name="山田")
    (delivery,) = plan(published(kind="ask", name="ask"), person)
    Delivery.objects.filter(pk=delivery.pk).update(state=State.SENT, sent_at=START)
    time.now = START + timedelta(days=1)
    browser = owner_client()
    assert "Nobody would be left in peace now" in browser.get("/admin/leaving-in-peace/").content.decode()
    shown = browser.post("/admin/leaving-in-peace/", RULE | {"show": "1"}).content.decode()
    assert "1 person would be left in peace now" in shown
    assert f"/admin/people/{person.public_id}/" in shown
    assert stored_rule().invitations == 5
    assert browser.post("/admin/leaving-in-peace/", RULE | {"save": "1", "invitations": "0"}).status_code == 200
    assert browser.post("/admin/leaving-in-peace/", RULE | {"save": "1"}).status_code == 302
    rule = PeaceRule.objects.get()
    assert (rule.invitations, rule.days, rule.leaves_dissatisfied) == (1, 0, False)
    assert not Suppression.objects.exists()
    viewer = staff_client("peace.view_peacerule")
    assert viewer.post("/admin/leaving-in-peace/", RULE | {"save": "1", "days": "9"}).status_code in {302, 403}
    assert stored_rule().days == 0
    assert str(person.public_id) not in viewer.get("/admin/leaving-in-peace/").content.decode()


def test_a_person_is_left_in_peace_by_hand_and_the_page_says_so_until_it_is_lifted() -> None:
    person, browser = reader("hana@example.jp"), owner_client()
    page = f"/admin/people/{person.public_id}/"
    browser.post(f"{page}leave/")
    stop = Suppression.objects.get()
    assert (stop.reason, stop.lifted_at) == ("in_peace", None)
    shown = browser.get(page).content.decode()
    assert "Left in peace:" in shown
    assert "Nothing is sent to this person" not in shown
    browser.post(f"{page}allow/{stop.pk}/")
    assert "Promotion may go to them again: by the shop." in browser.get(page).content.decode()
