"""Visitors: who counts as one, what is kept, and how their past becomes their timeline."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jouren.capture.models import Form, Registration, Touch, Visitor
from jouren.capture.purging import purge_unconfirmed, purge_visitors
from jouren.contacts.actions import create_contact, erase_contact, merge_contacts, note_problem
from jouren.contacts.models import Contact, ErasedIdentity
from jouren.contacts.queries import find_by_email
from jouren.content.models import LandingPage
from jouren.core.allowances import forget_over
from jouren.events.queries import events_of
from jouren.pyramid.queries import stage_counts
from tests.capture_pages import BROWSER, fill_in, last_confirm_path, visitor, wait

pytestmark = pytest.mark.django_db
DAY = 86_400


def test_the_first_look_gives_an_unguessable_cookie_that_is_stored_nowhere(page: LandingPage) -> None:
    answer = visitor().get(
        page.url + "?utm_source=blog&utm_medium=%3Cb%3E", headers={"referer": "https://a.example/x?q=1"}
    )
    cookie = answer.cookies["jv"]
    assert len(cookie.value) == 22
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert list(answer.cookies) == ["jv"]
    known = Visitor.objects.get()
    assert cookie.value.encode() not in bytes(known.token_hash)
    assert (known.utm, known.referrer, known.page) == (
        {"utm_source": "blog", "utm_medium": "<b>"},
        "https://a.example/x",
        page.url,
    )


def test_later_looks_belong_to_the_same_visitor(page: LandingPage) -> None:
    browser = visitor()
    browser.get(page.url + "?utm_source=blog")
    wait(60)
    answer = browser.get(page.url + "?utm_source=mail")
    assert not answer.cookies
    known = Visitor.objects.get()
    assert known.utm == {"utm_source": "blog"}
    assert known.last_seen - known.first_seen >= timedelta(seconds=60)
    assert [touch.utm["utm_source"] for touch in Touch.objects.order_by("at")] == ["blog", "mail"]


@pytest.mark.parametrize("forged", ["1", "A" * 22, "x" * 5000, "' OR 1=1 --"])
def test_a_cookie_that_is_not_ours_is_never_adopted(page: LandingPage, forged: str) -> None:
    browser = visitor()
    browser.cookies["jv"] = forged
    answer = browser.get(page.url)
    assert answer.cookies["jv"].value != forged
    assert Visitor.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user-agent": "curl/8.5.0"},
        {"user-agent": ""},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"sec-fetch-dest": "image"},
        {"sec-gpc": "1"},
    ],
)
def test_machines_and_those_who_ask_not_to_be_followed_are_not_visitors(
    page: LandingPage, headers: dict[str, str]
) -> None:
    answer = visitor().get(page.url, headers={"user-agent": BROWSER} | headers)
    assert answer.status_code == 200
    assert not answer.cookies
    assert not Visitor.objects.exists()


def test_head_never_counts(page: LandingPage) -> None:
    assert visitor().head(page.url).status_code == 200
    assert not Visitor.objects.exists()


def test_a_page_that_does_not_exist_is_not_a_visit(page: LandingPage) -> None:
    assert visitor().get(page.url + "nothing/").status_code == 404
    assert not Visitor.objects.exists()


def test_odd_addresses_and_queries_never_break_a_page(page: LandingPage) -> None:
    query = "?utm_source=%00%FF" + "x" * 3000 + "&utm_term=%F0%9F%98%80"
    answer = visitor().get(page.url + query, headers={"referer": "http://[bad/\x00"})
    assert answer.status_code == 200
    known = Visitor.objects.get()
    assert "\x00" not in known.utm["utm_source"]
    assert (len(known.utm["utm_source"]), known.utm["utm_term"], known.referrer) == (100, "😀", "")


def test_visits_before_the_sign_up_become_history_at_their_own_times(page: LandingPage, form: Form) -> None:
    browser = visitor()
    browser.get(page.url + "?utm_source=blog", headers={"referer": "https://search.example/"})
    first_look = Touch.objects.get().at
    wait(3 * DAY)
    fill_in(browser, page, form)
    contact = Contact.objects.get()
    assert "page.visited" not in {event.type for event in events_of([contact.pk])}
    browser.post(last_confirm_path())
    visits = [event for event in events_of([contact.pk]) if event.type == "page.visited"]
    assert len(visits) == 2
    assert all(event.historical for event in visits)
    oldest = visits[-1]
    assert oldest.occurred_at == first_look
    assert oldest.payload == {
        "page": page.url,
        "utm": {"utm_source": "blog"},
        "referrer": "https://search.example/",
    }
    contact.refresh_from_db()
    assert contact.source == {"utm_source": "blog", "referrer": "https://search.example/", "page": page.url}


def test_visits_after_the_sign_up_are_told_at_once_and_may_trigger(page: LandingPage, form: Form) -> None:
    browser = visitor()
    fill_in(browser, page, form)
    browser.post(last_confirm_path())
    contact = Contact.objects.get()
    browser.get(page.url)
    visits = [event for event in events_of([contact.pk]) if event.type == "page.visited"]
    assert [event.historical for event in visits] == [False, True]


def test_without_a_cookie_the_source_still_reaches_the_contact(page: LandingPage, form: Form) -> None:
    browser = visitor()
    browser.defaults["HTTP_SEC_GPC"] = "1"
    fill_in(browser, page, form, query="?utm_campaign=spring")
    assert not Visitor.objects.exists()
    assert Registration.objects.get().source == {"utm_campaign": "spring", "page": page.url}


def test_a_shared_browser_stays_with_whoever_signed_up_first(page: LandingPage, form: Form) -> None:
    browser = visitor()
    fill_in(browser, page, form)
    browser.post(last_confirm_path())
    fill_in(browser, page, form, email="taro@example.jp")
    browser.post(last_confirm_path())
    hanako, taro = find_by_email("hanako@example.jp"), find_by_email("taro@example.jp")
    assert hanako is not None and taro is not None
    assert Visitor.objects.get().contact_id == hanako.pk
    assert "page.visited" not in {event.type for event in events_of([taro.pk])}


def test_visitors_who_are_nobody_yet_are_the_base_of_the_pyramid(page: LandingPage, form: Form) -> None:
    before = stage_counts()[0].strangers
    visitor().get(page.url)
    browser = visitor()
    fill_in(browser, page, form)
    assert stage_counts()[0].strangers == before + 2
    browser.post(last_confirm_path())
    assert stage_counts()[0].strangers == before + 1


def test_erasing_somebody_erases_their_visits(page: LandingPage, form: Form) -> None:
    browser = visitor()
    fill_in(browser, page, form, query="?utm_source=blog")
    browser.post(last_confirm_path())
    contact = Contact.objects.get()
    erase_contact(contact.pk)
    assert not Visitor.objects.exists()
    assert not Touch.objects.exists()
    assert not Registration.objects.exists()
    visits = [event for event in events_of([contact.pk]) if event.type == "page.visited"]
    assert [event.payload for event in visits] == [{"page": page.url}]


def test_merging_people_merges_their_browsers(page: LandingPage, form: Form) -> None:
    browser = visitor()
    fill_in(browser, page, form)
    browser.post(last_confirm_path())
    kept = create_contact(email="kept@example.jp")
    merge_contacts(kept.pk, Registration.objects.get().contact_id)
    assert Visitor.objects.get().contact_id == kept.pk
    assert Registration.objects.get().contact_id == kept.pk


def test_what_nobody_confirmed_is_forgotten_after_thirty_days(page: LandingPage, form: Form) -> None:
    fill_in(visitor(), page, form)
    contact = Contact.objects.get()
    wait(29 * DAY)
    assert purge_unconfirmed() == 0
    wait(2 * DAY)
    assert purge_unconfirmed() == 1
    assert not Registration.objects.exists()
    contact.refresh_from_db()
    assert contact.erased_at is not None
    assert find_by_email("hanako@example.jp") is None
    assert not ErasedIdentity.objects.exists(), "nobody asked to be erased, so the address may come back"


def test_forgetting_a_registration_leaves_people_who_are_known_otherwise(page: LandingPage, form: Form) -> None:
    known = create_contact(email="hanako@example.jp")
    note_problem(known.pk, "乾燥")
    fill_in(visitor(), page, form)
    wait(31 * DAY)
    assert purge_unconfirmed() == 1
    known.refresh_from_db()
    assert known.erased_at is None
    assert find_by_email("hanako@example.jp") == known


def test_somebody_erased_stays_erased_when_a_stranger_types_their_address(page: LandingPage, form: Form) -> None:
    erase_contact(create_contact(email="hanako@example.jp").pk)
    fill_in(visitor(), page, form)
    wait(31 * DAY)
    purge_unconfirmed()
    assert ErasedIdentity.objects.count() == 1


def test_browsers_that_never_came_back_are_forgotten(page: LandingPage, form: Form) -> None:
    fill_in(visitor(), page, form)
    wait(401 * DAY)
    visitor().get(page.url)
    purge_visitors()
    assert Visitor.objects.count() == 1
    assert Touch.objects.count() == 1
    assert forget_over() == 2
