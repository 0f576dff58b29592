"""People in the back office: found, shown with everything that happened, changed, exported and erased."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from wagtail.models import ModelLogEntry

from jouren.contacts.actions import (
    create_contact,
    grant_consent,
    keep_consent_text,
    merge_contacts,
    note_problem,
    suppress,
    withdraw_consent,
)
from jouren.contacts.models import Contact, Problem, Suppression
from jouren.core import clock
from jouren.events.actions import NewEvent, record_event
from jouren.events.queries import events_of
from jouren.journeys.models import Enrolment
from jouren.messaging.actions import plan_deliveries
from jouren.messaging.models import ClickHour, Delivery
from jouren.pyramid.actions import change_stage
from jouren.pyramid.queries import stage_of_contact
from jouren.pyramid.stages import Stage
from tests.backoffice import client_of, make_person, owner, owner_client, staff_client
from tests.messages import planned, published, reader

pytestmark = pytest.mark.django_db

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_people_stand_in_the_order_of_their_kana_with_address_and_stage() -> None:
    make_person(1, family_name="山田", family_kana="やまだ")
    first = make_person(2, family_name="相沢", family_kana="あいざわ")
    change_stage(first.pk, Stage.TRIAL)
    page = text_of(owner_client().get("/admin/people/"))
    assert page.index("相沢") < page.index("山田")
    assert "あいざわ" in page
    assert "p2@example.jp" in page
    row = page[page.index("相沢") : page.index("山田")]
    assert "Trial" in row


def test_a_search_goes_by_post_and_leaves_no_name_in_the_address() -> None:
    make_person(1, family_name="山田", family_kana="やまだ")
    make_person(2, family_name="相沢", family_kana="あいざわ")
    browser = owner_client()
    answer = browser.post("/admin/people/", {"text": "やまだ"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/people/?s=")
    assert "やまだ" not in answer["Location"]
    page = text_of(browser.get(answer["Location"]))
    assert "山田" in page
    assert "相沢" not in page
    assert 'value="やまだ"' in page


def test_a_search_is_nobody_elses_and_only_the_latest_are_kept() -> None:
    make_person(1, family_name="山田")
    browser = owner_client()
    url = browser.post("/admin/people/", {"text": "nobody"})["Location"]
    assert "Nobody is found" in text_of(browser.get(url))
    assert "山田" in text_of(staff_client("contacts.view_contact").get(url))
    for number in range(20):
        browser.post("/admin/people/", {"text": f"t{number}"})
    session = Session.objects.get(session_key=browser.session.session_key).get_decoded()
    assert list(session["people_searches"].values()) == [f"t{number}" for number in range(10, 20)]


def test_an_empty_search_shows_everybody() -> None:
    assert owner_client().post("/admin/people/", {"text": "  "})["Location"] == "/admin/people/"


@pytest.mark.parametrize("text", ["\x00", "%", "a" * 5000, "'; DROP TABLE", HOSTILE])
def test_odd_searches_find_nobody(text: str) -> None:
    make_person(1, family_name="山田")
    browser = owner_client()
    page = text_of(browser.post("/admin/people/", {"text": text}, follow=True))
    assert "<script>alert" not in page


def test_pages_follow_each_other_without_gap_or_name_in_the_address() -> None:
    for number in range(120):
        make_person(number, family_name=f"N{number:03}")
    browser = owner_client()
    seen: list[str] = []
    url = "/admin/people/"
    for _page in range(3):
        answer = browser.get(url)
        rows = answer.context["listing"].rows
        seen += [row.contact.family_name for row in rows]
        last = answer.context["listing"].last
        url = f"/admin/people/?after={last.public_id}" if last else ""
    assert seen == [f"N{number:03}" for number in range(120)]
    assert url == ""


def test_a_stage_shows_its_people_and_a_search_stays_within_it() -> None:
    people = [make_person(number, family_name=f"名前{number}") for number in range(4)]
    for person in people[:3]:
        change_stage(person.pk, Stage.TRIAL)
    browser = owner_client()
    page = text_of(browser.get("/admin/people/stage/trial/"))
    assert [name in page for name in ("名前0", "名前1", "名前2", "名前3")] == [True, True, True, False]
    base = text_of(browser.get("/admin/people/stage/aware/"))
    assert [name in base for name in ("名前0", "名前3")] == [False, True]
    found = text_of(browser.post("/admin/people/stage/trial/", {"text": "名前1"}, follow=True))
    assert [f">{name}<" in found for name in ("名前0", "名前1")] == [False, True]
    assert browser.get("/admin/people/stage/nowhere/").status_code == 404


def test_stage_pages_follow_each_other() -> None:
    for number in range(60):
        change_stage(make_person(number, family_name=f"N{number:02}").pk, Stage.PROSPECT)
    browser = owner_client()
    first = browser.get("/admin/people/stage/prospect/").context["listing"]
    second = browser.get(f"/admin/people/stage/prospect/?after={first.last.public_id}").context["listing"]
    names = {row.contact.family_name for row in first.rows + second.rows}
    assert len(first.rows) == 50
    assert len(names) == 60
    assert second.last is None


def test_a_list_costs_the_same_queries_for_many_people(django_assert_max_num_queries: Any) -> None:
    for number in range(45):
        person = make_person(number, family_name=f"N{number:02}")
        change_stage(person.pk, Stage.PROSPECT)
        suppress(person.pk, "manual")
    browser = owner_client()
    browser.get("/admin/people/")
    for url in ("/admin/people/", "/admin/people/stage/prospect/"):
        with django_assert_max_num_queries(24):
            browser.get(url)


def test_an_empty_shop_says_what_comes_first() -> None:
    browser = owner_client()
    assert "You know nobody yet" in text_of(browser.get("/admin/people/"))
    assert "Nobody stands on this stage yet" in text_of(browser.get("/admin/people/stage/regular/"))


def test_a_persons_page_tells_who_they_are_and_what_they_allowed() -> None:
    person = make_person(1, family_name="山田", given_name="花子", family_kana="やまだ", given_kana="はなこ")
    proof = keep_consent_text("I agree to the newsletter.")
    grant_consent(person.pk, "email", "news", via="form", text=proof, page="https://example.jp/skin/")
    note_problem(person.pk, "乾燥")
    change_stage(person.pk, Stage.PROSPECT, "registered")
    page = text_of(owner_client().get(f"/admin/people/{person.public_id}/"))
    for part in (
        "山田 花子",
        "やまだ はなこ",
        "p1@example.jp",
        "乾燥",
        "I agree to the newsletter.",
        "a form, confirmed",
    ):
        assert part in page
    assert "https://example.jp/skin/" in page
    assert "From Aware to Prospect: Registered." in page


def test_hostile_texts_of_a_person_stay_texts() -> None:
    person = make_person(1, family_name=HOSTILE[:90], given_name=HOSTILE[:90], family_kana=HOSTILE[:90])
    note_problem(person.pk, HOSTILE)
    proof = keep_consent_text(HOSTILE)
    grant_consent(person.pk, "email", "news", via="form", text=proof, page=HOSTILE)
    suppress(person.pk, "manual", detail=HOSTILE)
    browser = owner_client()
    for url in ("/admin/people/", f"/admin/people/{person.public_id}/", f"/admin/people/{person.public_id}/erase/"):
        page = text_of(browser.get(url))
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_unknown_and_erased_people_are_not_found_and_merged_ones_lead_on() -> None:
    kept, gone = make_person(1), make_person(2)
    merge_contacts(kept.pk, gone.pk)
    browser = owner_client()
    answer = browser.get(f"/admin/people/{gone.public_id}/")
    assert answer["Location"] == f"/admin/people/{kept.public_id}/"
    assert browser.get("/admin/people/00000000-0000-0000-0000-000000000001/").status_code == 404


def test_each_message_that_did_not_go_says_why_and_what_to_do() -> None:
    version = published(name="お知らせ")
    people = {
        "no_consent": reader("a@example.jp", agrees=False),
        "unsubscribed": reader("b@example.jp"),
        "bounced": reader("c@example.jp"),
    }
    suppress(people["unsubscribed"].pk, "unsubscribed")
    suppress(people["bounced"].pk, "hard_bounce", channel="email")
    plan_deliveries([planned(version, person) for person in people.values()], clock.now())
    sentences = {
        "no_consent": ("They have not agreed to receive this topic", "Do not agree in their place."),
        "unsubscribed": ("They unsubscribed.", "Respect it."),
        "bounced": ("Their mail address does not exist any more.", "Ask for the new address."),
    }
    browser = owner_client()
    for key, person in people.items():
        page = text_of(browser.get(f"/admin/people/{person.public_id}/"))
        assert "Message withheld" in page
        assert all(sentence in page for sentence in sentences[key])


@pytest.mark.parametrize(
    ("via", "way"),
    [
        ("unsubscribe", "with the unsubscribe link of a mail"),
        ("preferences", "on their preference page"),
        ("staff", "through the shop"),
        ("a way of old", ""),
    ],
)
@pytest.mark.parametrize("stored", ["unsubscribed", "no_consent"])
def test_who_took_consent_back_is_told_with_when_and_how(via: str, way: str, stored: str) -> None:
    version, person = published(), reader("a@example.jp", agrees=False)
    at = clock.now() - timedelta(days=400)
    grant_consent(person.pk, "email", "newsletter", via="form", at=at - timedelta(days=1))
    withdraw_consent(person.pk, "email", "newsletter", via=via, at=at)
    (plan,) = plan_deliveries([planned(version, person)], clock.now())
    assert plan.reason == "unsubscribed"
    Delivery.objects.update(reason=stored)  # what was stored before it was told apart reads well too
    grant_consent(person.pk, "email", "newsletter", via="form")
    when = date_format(timezone.localtime(at), "DATETIME_FORMAT")
    sentence = f"On {when} they unsubscribed from this topic{f', {way}' if way else ''}."
    browser = owner_client()
    for url in (f"/admin/people/{person.public_id}/", f"/admin/messages/{version.message_id}/deliveries/"):
        page = text_of(browser.get(url))
        assert sentence in page, url
        assert "Respect it. They can subscribe again themselves." in page


def test_who_never_agreed_is_told_apart_from_who_took_it_back_later() -> None:
    version, person = published(), reader("a@example.jp", agrees=False)
    (plan,) = plan_deliveries([planned(version, person)], clock.now())
    assert plan.reason == "no_consent"
    grant_consent(person.pk, "email", "newsletter", via="form")
    withdraw_consent(person.pk, "email", "newsletter", via="unsubscribe")
    page = text_of(owner_client().get(f"/admin/people/{person.public_id}/"))
    assert "They have not agreed to receive this topic." in page
    assert "they unsubscribed from this topic" not in page


def test_a_message_on_its_way_is_told_before_it_goes() -> None:
    person = reader("a@example.jp")
    plan_deliveries([planned(published(), person, due_at=clock.now() + timedelta(days=2))], clock.now())
    page = text_of(owner_client().get(f"/admin/people/{person.public_id}/"))
    assert "Coming up" in page
    assert "It goes out when its time comes." in page


def test_a_reply_stands_on_the_timeline_with_its_message() -> None:
    contact = make_person(1)
    record_event(NewEvent("message.replied", contact.pk, {"delivery": 1, "message": 1, "title": "Three kinds of tea"}))
    page = text_of(owner_client().get(f"/admin/people/{contact.public_id}/"))
    assert "Replied to “Three kinds of tea”." in page


def test_a_long_timeline_has_pages() -> None:
    person = make_person(1)
    for number in range(60):
        note_problem(person.pk, f"problem-{number:02}", at=clock.now() + timedelta(seconds=number))
    browser = owner_client()
    first = browser.get(f"/admin/people/{person.public_id}/")
    assert [line.sentence for line in first.context["lines"]][:1] == ["Wants solved: problem-59"]
    assert len(first.context["lines"]) == 50
    older = browser.get(f"/admin/people/{person.public_id}/", {"before": first.context["older"]})
    assert [line.sentence for line in older.context["lines"]] == [
        f"Wants solved: problem-{n:02}" for n in range(9, -1, -1)
    ]
    assert older.context["older"] == ""


@pytest.mark.parametrize("before", ["x", "2026-01-01_1", "2026-01-01T00:00:00+00:00_", "_" * 50, "9" * 40 + "_1"])
def test_a_forged_place_in_the_timeline_is_the_beginning(before: str) -> None:
    person = make_person(1)
    note_problem(person.pk, "乾燥")
    page = text_of(owner_client().get(f"/admin/people/{person.public_id}/", {"before": before}))
    assert "Wants solved: 乾燥" in page


def test_a_persons_page_costs_a_bounded_number_of_queries(django_assert_max_num_queries: Any) -> None:
    version = published()
    person = reader("a@example.jp")
    withdraw_consent(person.pk, "email", "newsletter", via="preferences")
    plan_deliveries([planned(version, person, occurrence=number) for number in range(40)], clock.now())
    browser = owner_client()
    browser.get("/admin/people/")
    with django_assert_max_num_queries(48):
        browser.get(f"/admin/people/{person.public_id}/")


def act(person: Contact, what: str, browser: Client | None = None, **data: Any) -> str:
    """Do something about a person, as the owner if nobody else. Returns the page that follows."""
    browser = browser or owner_client()
    answer = browser.post(f"/admin/people/{person.public_id}/{what}/", data, follow=True)
    return text_of(answer)


def last_act() -> tuple[str, str]:
    """The newest line of the audit log: what was done, by whom."""
    entry = ModelLogEntry.objects.order_by("-pk")[0]
    return entry.action, entry.user.username


def test_staff_change_a_name_and_the_log_knows_who() -> None:
    person = make_person(1, family_name="山田")
    page = act(person, "name", family_name="佐藤", given_name="花子", family_kana="さとう", given_kana="はなこ")
    assert "The name was saved." in page
    person.refresh_from_db()
    assert (person.family_name, person.given_kana) == ("佐藤", "はなこ")
    assert last_act() == ("contacts.change_name", "owner@example.jp")


def test_a_name_that_is_too_long_is_refused_in_words_and_nothing_changes() -> None:
    person = make_person(1, family_name="山田")
    page = act(person, "name", family_name="a" * 10_000)
    assert "family name: Ensure this value has at most 100 characters" in page
    person.refresh_from_db()
    assert person.family_name == "山田"


def test_staff_put_a_person_on_a_stage() -> None:
    person = make_person(1)
    assert "now stands on “Existing”" in act(person, "move", stage="4")
    assert stage_of_contact(person.pk) == Stage.EXISTING
    assert last_act() == ("pyramid.change_stage", "owner@example.jp")


def test_a_stage_that_is_none_is_refused() -> None:
    person = make_person(1)
    assert "Select a valid choice" in act(person, "move", stage="9")
    assert stage_of_contact(person.pk) == Stage.AWARE


def test_staff_note_a_problem_and_solve_it() -> None:
    person, browser = make_person(1), owner_client()
    assert "The problem was noted." in act(person, "problem", browser, text="乾燥")
    problem = Problem.objects.get(contact=person)
    assert "The problem is solved." in act(person, f"problem/{problem.pk}", browser)
    problem.refresh_from_db()
    assert problem.solved_at is not None


def test_another_persons_problem_is_not_solved_under_a_wrong_address() -> None:
    person, other = make_person(1), make_person(2)
    problem = note_problem(other.pk, "乾燥")
    browser = owner_client()
    assert browser.post(f"/admin/people/{person.public_id}/problem/{problem.pk}/").status_code == 404
    problem.refresh_from_db()
    assert problem.solved_at is None


def test_staff_stop_messages_and_allow_them_again() -> None:
    person, browser = make_person(1), owner_client()
    assert "Nothing is sent to this person:" in act(person, "stop", browser)
    stop = Suppression.objects.get(contact=person)
    assert (stop.reason, stop.lifted_at) == ("manual", None)
    assert "Nothing is sent to this person:" not in act(person, f"allow/{stop.pk}", browser)
    stop.refresh_from_db()
    assert stop.lifted_at is not None
    assert [event.type for event in events_of([person.pk])][:2] == ["contact.unsuppressed", "contact.suppressed"]


def test_an_export_holds_everything_and_is_written_down() -> None:
    user = owner()
    person = create_contact(email="p1@example.jp", family_name="山田")
    note_problem(person.pk, "乾燥")
    grant_consent(person.pk, "email", "news", via="form", text=keep_consent_text("I agree."))
    ClickHour.objects.create(contact_id=person.pk, hour=20, clicks=3)
    answer = client_of(user).post(f"/admin/people/{person.public_id}/export/")
    assert answer["Content-Disposition"] == f'attachment; filename="person-{person.public_id}.json"'
    data = json.loads(answer.content)
    assert data["person"]["family_name"] == "山田"
    assert [identity["value"] for identity in data["identities"]] == ["p1@example.jp"]
    assert [problem["text"] for problem in data["problems"]] == ["乾燥"]
    assert data["consents"][0]["text__text"] == "I agree."
    assert data["clicks_by_hour"] == {"20": 3}
    assert [event["type"] for event in data["timeline"]] == ["consent.granted", "problem.noted"]
    assert last_act() == ("contacts.export", "owner@example.jp")


def test_erasing_wants_the_word_and_then_leaves_nothing() -> None:
    person = make_person(1, family_name="山田")
    browser = owner_client()
    url = f"/admin/people/{person.public_id}/erase/"
    assert "Type “erase” to confirm." in text_of(browser.post(url, {"word": "yes"}))
    person.refresh_from_db()
    assert person.is_present
    page = text_of(browser.post(url, {"word": " Erase "}, follow=True))
    assert "The person was erased." in page
    person.refresh_from_db()
    assert (person.erased_at is not None, person.family_name) == (True, "")
    assert not person.identities.exists()
    assert browser.get(f"/admin/people/{person.public_id}/").status_code == 404


@pytest.mark.parametrize("number", ["", "0", "x", "9" * 30])
def test_entering_no_journey_is_not_found(number: str) -> None:
    person = make_person(1)
    answer = owner_client().post(f"/admin/people/{person.public_id}/enter/", {"journey": number})
    assert answer.status_code == 404
    assert not Enrolment.objects.exists()


def test_where_somebody_came_from_is_told_in_words_and_stays_text() -> None:
    source = {"utm_source": "instagram", "utm_campaign": HOSTILE, "referrer": "https://t.co/x", "page": "/letters/"}
    person = make_person(source=source)
    visit = {"page": "/letters/", "utm": {"utm_source": HOSTILE, "utm_medium": "cpc"}, "referrer": "https://note.com/a"}
    record_event(NewEvent("page.visited", person.pk, visit, source="capture", key="touch:1"))
    page = text_of(owner_client().get(f"/admin/people/{person.public_id}/"))
    assert "<script>alert" not in page
    plain = html.unescape(page)
    assert f"From: {HOSTILE} · By: a search advertisement · Link on: note" in plain
    for told in ("<dd>Instagram</dd>", f"<dd>{HOSTILE}</dd>", "<dd>X</dd>", "<dd>/letters/</dd>"):
        assert told in plain
    assert 'href="https://t.co' not in page
