"""Surveys: from the buttons in a mail to what follows of an answer."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

import pytest

from jouren.api import fast
from jouren.conditions.compile import compile_python
from jouren.conditions.queries import contact_ids, load_facts
from jouren.contacts.actions import erase_contact, merge_contacts
from jouren.contacts.models import Problem, Suppression
from jouren.contacts.timeline import timeline
from jouren.core import clock
from jouren.inbox.errors import AlreadyHandled, BadNote, BadSurvey
from jouren.inbox.inquiries import handle_inquiry
from jouren.inbox.models import Inquiry, Survey, SurveyAnswer
from jouren.inbox.queries import results_of, satisfied_people
from jouren.messaging.errors import InvalidMessage
from jouren.messaging.models import Delivery
from jouren.messaging.tracking import make_token
from jouren.team.models import Notice
from tests.backoffice import owner
from tests.capture_pages import BROWSER, visitor
from tests.messages import published, reader
from tests.sending import plan
from tests.surveying import make_survey, page_of, person_of, sent_survey

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>{{ contact.email }}\u202e%(who)s"


@pytest.fixture
def survey() -> Survey:
    return make_survey()


@pytest.fixture
def delivery(survey: Survey) -> Delivery:
    return sent_survey(survey)


def _told(delivery: Delivery) -> list[tuple[str, dict[str, Any]]]:
    lines = [line.event for line in timeline(delivery.contact_id)]
    kept = {"survey.answered", "expectation.told", "contact.left_in_peace", "contact.came_back", "inquiry.handled"}
    return [(event.type, event.payload) for event in reversed(lines) if event.type in kept]


def test_the_buttons_of_a_mail_lead_to_the_readers_own_page_by_counted_links(
    survey: Survey, delivery: Delivery
) -> None:
    body = delivery.message_version.bodies["email"]
    assert [link.rpartition("/")[2] for link in body["links"]] == ["above", "as_expected", "below"]
    assert body["surveys"] == [survey.pk]
    assert "期待以上" in body["html"] or "Better than expected" in body["html"]
    environ = {"PATH_INFO": f"/c/{make_token(delivery.pk)}/2", "REQUEST_METHOD": "GET", "HTTP_USER_AGENT": BROWSER}
    answer = fast._answer(environ)
    assert answer is not None
    goal = dict(answer[1])["Location"]
    assert goal.endswith(page_of(survey, delivery, "below"))
    page = visitor("en").get(re.sub(r"https?://[^/]+", "", goal)).content.decode()
    assert re.search(r'value="below"[^>]*checked', page)


def test_looking_keeps_nothing_and_no_script_can_send(survey: Survey, delivery: Delivery) -> None:
    for page in ("", "?more", "?thanks"):
        for method in ("get", "head"):
            answer = getattr(visitor(), method)(page_of(survey, delivery, "below") + page)
            assert answer.status_code == 200
            assert b"<script" not in answer.content
            assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not SurveyAnswer.objects.exists()
    assert not _told(delivery)


def test_an_answer_is_kept_then_more_is_asked_and_thanks_are_said(survey: Survey, delivery: Delivery) -> None:
    browser, page = visitor("en"), page_of(survey, delivery)
    first = browser.post(page, {"satisfaction": "above"})
    assert (first.status_code, first["Location"]) == (303, f"{page}?more")
    assert satisfied_people([delivery.contact_id], clock.now()) == {delivery.contact_id: True}
    more = browser.post(f"{page}?more", {"still_using": "yes", "worth_price": "no", "trouble": "夜に眠れない"})
    assert more["Location"] == f"{page}?thanks"
    assert "Thank you" in browser.get(more["Location"]).content.decode()
    first_told, second_told = (payload for _type, payload in _told(delivery))
    assert first_told == {
        "survey": survey.pk,
        "title": "お茶のあと",
        "satisfaction": "above",
        "product": survey.product_id,
        "further": False,
    }
    more_said = {"still_using": True, "worth_price": False, "trouble": "夜に眠れない", "further": True}
    assert second_told == first_told | more_said
    assert Problem.objects.get().text == "夜に眠れない"


def test_the_same_answer_counts_once_and_another_one_is_the_latest(survey: Survey, delivery: Delivery) -> None:
    for said in ("below", "below", "as_expected"):
        assert visitor().post(page_of(survey, delivery), {"satisfaction": said}).status_code == 303
    assert list(SurveyAnswer.objects.order_by("pk").values_list("satisfaction", flat=True)) == ["below", "as_expected"]
    results = results_of(survey)
    assert (results.asked, results.answered) == (1, 1)
    assert [share.said for _choice, share in results.by_satisfaction] == [0, 1, 0]


def test_who_answered_already_is_told_so(survey: Survey, delivery: Delivery) -> None:
    page, told = page_of(survey, delivery), "You have answered already."
    assert told not in visitor("en").get(page).content.decode()
    visitor().post(page, {"satisfaction": "above"})
    assert told in visitor("en").get(page).content.decode()
    assert told not in visitor("en").get(f"{page}?more").content.decode()


def test_what_nobody_can_answer_is_refused_with_nothing_kept(survey: Survey, delivery: Delivery) -> None:
    page = page_of(survey, delivery)
    for posted in ({}, {"satisfaction": "great"}, {"satisfaction": ["x" * 9_000]}):
        assert visitor().post(page, posted).status_code == 422
    too_long = visitor("en").post(f"{page}?more", {"trouble": "あ" * 501})
    assert too_long.status_code == 422
    assert "Please write at most 500 characters." in too_long.content.decode()
    assert not SurveyAnswer.objects.exists()


def test_hostile_words_are_only_words_wherever_they_are_told(survey: Survey, delivery: Delivery) -> None:
    owner()
    page = page_of(survey, delivery)
    visitor().post(page, {"satisfaction": "below"})
    assert visitor().post(f"{page}?more", {"trouble": f"{HOSTILE}\x00"}).status_code == 422
    visitor().post(f"{page}?more", {"trouble": HOSTILE})
    shown = visitor().get(f"{page}?more").content.decode()
    assert "<script>alert" not in shown
    inquiry = Inquiry.objects.get()
    assert "{{ contact.email }}" in inquiry.text
    assert "hana@example.jp" not in inquiry.text + Notice.objects.get().text
    assert "alert(1)" in "".join(line.sentence for line in timeline(delivery.contact_id))


def test_a_forged_link_and_one_that_is_too_old_get_a_polite_page(survey: Survey, delivery: Delivery) -> None:
    page = page_of(survey, delivery)
    forged = page.replace(make_token(delivery.pk), make_token(delivery.pk)[:-2] + "AA")
    for address in (forged, page.replace(f"/{survey.pk}/", "/999999/"), "/survey/x/99999999999999999999/above"):
        for method in ("get", "post"):
            assert getattr(visitor(), method)(address, {"satisfaction": "above"}).status_code == 404
    assert visitor().get(f"/survey/-/{survey.pk}/above").status_code == 200
    Delivery.objects.update(sent_at=clock.now() - timedelta(days=181))
    assert visitor().post(page, {"satisfaction": "above"}).status_code == 410
    assert not SurveyAnswer.objects.exists()


def test_nobody_posts_without_end(survey: Survey, delivery: Delivery) -> None:
    said = [("above", "below")[number % 2] for number in range(31)]
    codes = [visitor().post(page_of(survey, delivery), {"satisfaction": each}).status_code for each in said]
    assert codes[-1] == 429
    assert codes[:-1] == [303] * 30


def test_who_is_dissatisfied_gets_a_person_and_no_promotion_until_they_answer_better(
    survey: Survey, delivery: Delivery
) -> None:
    boss, person = owner(), person_of(delivery)
    visitor().post(page_of(survey, delivery), {"satisfaction": "below"})
    inquiry, notice = Inquiry.objects.get(), Notice.objects.get()
    assert (notice.user_id, notice.contact_id) == (boss.pk, person.pk)
    assert inquiry.text == notice.text
    assert inquiry.text.startswith("お茶のあと")
    ask, help_ = published(kind="ask", name="ask"), published(kind="help", name="help")
    withheld, goes = plan(ask, person)[0], plan(help_, person)[0]
    assert (withheld.reason, goes.reason) == ("suppressed:dissatisfied", "")
    visitor().post(page_of(survey, delivery), {"satisfaction": "as_expected"})
    assert [name for name, _payload in _told(delivery)] == [
        "survey.answered",
        "contact.left_in_peace",
        "survey.answered",
        "contact.came_back",
    ]
    assert not plan(ask, person, occurrence=1)[0].reason.startswith("suppressed")
    assert Suppression.objects.get().lifted_at is not None


def test_an_inquiry_is_handled_once_with_a_note(survey: Survey, delivery: Delivery) -> None:
    visitor().post(page_of(survey, delivery), {"satisfaction": "below"})
    boss, inquiry = owner(), Inquiry.objects.get()
    with pytest.raises(BadNote):
        handle_inquiry(inquiry.pk, "  ", by=boss)
    handle_inquiry(inquiry.pk, "電話でおわびした", by=boss)
    with pytest.raises(AlreadyHandled):
        handle_inquiry(inquiry.pk, "again", by=boss)
    assert _told(delivery)[-1] == (
        "inquiry.handled",
        {"inquiry": inquiry.pk, "who": "owner@example.jp", "note": "電話でおわびした"},
    )


def test_what_they_expect_is_asked_at_the_purchase_and_told() -> None:
    survey = make_survey(questions=["expectation"])
    delivery = sent_survey(survey)
    page = page_of(survey, delivery, "answer")
    assert visitor("en").post(page, {"expectation": "朝までよく眠れる"})["Location"] == f"{page}?thanks"
    (told,) = _told(delivery)
    assert told[0] == "expectation.told"
    assert told[1]["text"] == "朝までよく眠れる"


def test_conditions_ask_what_somebody_said_last_of_a_product(survey: Survey, delivery: Delivery) -> None:
    other = reader("other@example.jp")
    for said in ("below", "above"):
        visitor().post(page_of(survey, delivery), {"satisfaction": said})
    for product, found in ((None, True), (survey.product_id, True), (999, False)):
        args = {} if product is None else {"product": product}
        tree = {"fact": "survey.satisfaction", "args": args, "op": "eq", "value": "above"}
        ids = [delivery.contact_id, other.pk]
        assert set(contact_ids(tree)) & set(ids) == ({delivery.contact_id} if found else set())
        compiled = compile_python(tree)
        facts = load_facts(compiled.facts, ids, clock.now())
        assert [compiled.matches(facts[each], clock.now(), UTC) for each in ids] == [found, False]


def test_erasing_forgets_the_words_and_merging_keeps_the_answers(survey: Survey, delivery: Delivery) -> None:
    page = page_of(survey, delivery)
    visitor().post(page, {"satisfaction": "below"})
    visitor().post(f"{page}?more", {"trouble": "秘密の悩み"})
    kept = reader("kept@example.jp")
    merge_contacts(kept.pk, delivery.contact_id)
    assert set(SurveyAnswer.objects.values_list("contact_id", flat=True)) == {kept.pk}
    erase_contact(kept.pk)
    assert not Inquiry.objects.exists()
    assert set(SurveyAnswer.objects.values_list("trouble", flat=True)) == {""}
    assert visitor().get(page).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"), [({"name": " "}, "name"), ({"questions": []}, "questions"), ({"title": "あ" * 101}, "title")]
)
def test_a_survey_that_cannot_be_is_not_kept(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(BadSurvey) as refused:
        make_survey(**wrong)
    assert refused.value.field == field


def test_a_message_with_no_survey_in_its_block_cannot_be_published() -> None:
    with pytest.raises(InvalidMessage):
        published(("survey", {"survey": ""}))
