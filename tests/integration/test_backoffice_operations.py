"""Parked events, the local mailbox, a sandbox's clock, and API keys in the back office."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from jouren.api.keys import make_key, source_of
from jouren.api.models import ApiKey
from jouren.contacts.actions import note_problem
from jouren.core import clock
from jouren.core.config import SmtpAddress
from jouren.events.models import ParkedEvent
from jouren.events.queries import events_of, inbox_is_empty
from tests.backoffice import make_person, owner_client, staff_client
from tests.capture_pages import fill_in, make_form, make_page, visitor

pytestmark = pytest.mark.django_db


def park(contact_id: int, event_id: int, reaction: str = "journeys", error: str = "ValueError: no") -> None:
    now = clock.now()
    ParkedEvent.objects.create(
        event_id=event_id,
        recorded_at=now,
        contact_id=contact_id,
        type="problem.noted",
        reaction=reaction,
        error=error,
        parked_at=now,
    )


def test_parked_events_show_person_and_error() -> None:
    person = make_person(1, family_name="山田")
    park(person.pk, 1, error="ValueError: <script>alert(1)</script>")
    park(person.pk, 2, reaction="")
    page = owner_client().get("/admin/parked/").content.decode()
    assert "山田" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "it waits behind an earlier event" in page
    assert "What failed: entering a journey, or going on in one" in page
    assert page.count("<summary>Give up") == 1


def test_names_of_parked_people_need_their_own_right() -> None:
    person = make_person(1, family_name="山田")
    park(person.pk, 1)
    page = staff_client("events.view_parkedevent").get("/admin/parked/").content.decode()
    assert "山田" not in page
    assert "Try again" not in page


def parked_problem() -> tuple[int, int]:
    """A real event that is parked. Returns the ids of its person and of itself."""
    person = make_person(1)
    note_problem(person.pk, "乾燥")
    event = events_of([person.pk])[0]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM events_inbox")
    park(person.pk, event.id)
    ParkedEvent.objects.update(recorded_at=event.recorded_at)
    return person.pk, event.id


def test_trying_again_puts_the_events_back() -> None:
    _person, event_id = parked_problem()
    page = owner_client().post(f"/admin/parked/{event_id}/retry/", follow=True).content.decode()
    assert "1 event is tried again." in page
    assert not ParkedEvent.objects.exists()
    assert not inbox_is_empty()


def test_trying_all_again_leaves_none() -> None:
    parked_problem()
    assert "1 event is tried again." in owner_client().post("/admin/parked/retry/", follow=True).content.decode()
    assert not ParkedEvent.objects.exists()


def test_giving_up_keeps_the_event_on_the_timeline() -> None:
    person_id, event_id = parked_problem()
    assert (
        "The event was given up."
        in owner_client().post(f"/admin/parked/{event_id}/give-up/", follow=True).content.decode()
    )
    assert not ParkedEvent.objects.exists()
    assert inbox_is_empty()
    assert [event.id for event in events_of([person_id])] == [event_id]


def test_nothing_parked_is_good_news() -> None:
    assert "Nothing is stuck." in owner_client().get("/admin/parked/").content.decode()


@pytest.fixture
def mail_home(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.JOUREN = dataclasses.replace(django_settings.JOUREN, home=tmp_path)
    folder = tmp_path / "mail"
    folder.mkdir()
    yield folder


def keep_mail(folder: Path, number: int, to: str, subject: str, html: str = "<p>Hello</p>") -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.jp", to, subject
    message.set_content("Hello https://example.jp/confirm")
    message.add_alternative(html, subtype="html")
    name = f"{1_700_000_000_000_000_000 + number:020d}-0-1"
    head = f"X-Envelope-From: shop@example.jp\r\nX-Envelope-To: {to}\r\n".encode()
    (folder / f"{name}.eml").write_bytes(head + bytes(message))
    return name


def test_the_mailbox_lists_and_shows_mail(mail_home: Path) -> None:
    keep_mail(mail_home, 1, "a@example.jp", "First")
    second = keep_mail(mail_home, 2, "b@example.jp", "Second <script>")
    browser = owner_client()
    page = browser.get("/admin/mailbox/").content.decode()
    assert page.index("Second &lt;script&gt;") < page.index("First")
    page = browser.get(f"/admin/mailbox/{second}/").content.decode()
    assert 'href="https://example.jp/confirm"' in page
    assert f'src="/admin/mailbox/{second}/body/"' in page
    assert re.search(r'<iframe[^>]* sandbox="allow-popups[^"]*"', page)


def test_the_mailbox_is_searched_by_recipient_without_an_address_in_the_url(mail_home: Path) -> None:
    keep_mail(mail_home, 1, "a@example.jp", "First")
    keep_mail(mail_home, 2, "b@example.jp", "Second")
    page = owner_client().post("/admin/mailbox/", {"to": "A@example.jp"}).content.decode()
    assert "First" in page
    assert "Second" not in page


def test_the_html_of_a_mail_can_run_nothing(mail_home: Path) -> None:
    mail = keep_mail(mail_home, 1, "a@example.jp", "Evil", html="<script>alert(1)</script>")
    answer = owner_client().get(f"/admin/mailbox/{mail}/body/")
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("mail_id", ["none", "..", "%2e%2e%2fsecret_key", "1" * 300])
def test_what_is_no_mail_is_not_found(mail_home: Path, mail_id: str) -> None:
    assert owner_client().get(f"/admin/mailbox/{mail_id}/").status_code == 404


def test_there_is_no_mailbox_where_a_relay_is_set(mail_home: Path, settings: Any) -> None:
    mail = keep_mail(mail_home, 1, "a@example.jp", "First")
    settings.JOUREN = dataclasses.replace(settings.JOUREN, email=SmtpAddress("localhost", 25))
    browser = owner_client()
    for url in ("/admin/mailbox/", f"/admin/mailbox/{mail}/", f"/admin/mailbox/{mail}/body/"):
        assert browser.get(url).status_code == 404
    assert '"Mailbox"' not in browser.get("/admin/").content.decode()


@pytest.mark.parametrize(("step", "hours"), [("hour", 1), ("day", 24), ("week", 168)])
def test_a_button_sends_the_clock_on_its_way(step: str, hours: int) -> None:
    answer = owner_client().post("/admin/clock/advance/", {"step": step, "next": "/admin/people/"})
    assert answer["Location"] == "/admin/people/"
    target = clock.target()
    assert target is not None
    assert abs(target - clock.now() - timedelta(hours=hours)) < timedelta(seconds=10)


def test_every_screen_of_a_sandbox_says_what_time_it_is() -> None:
    browser = owner_client()
    for url in ("/admin/", "/admin/people/", "/admin/journeys/add/", "/admin/images/"):
        page = browser.get(url).content.decode()
        assert "jouren-clock" in page
        assert "+7 days" in page
    clock.advance(timedelta(days=1))
    assert browser.get("/admin/clock/state/").json()["target"] != ""
    assert 'data-travels="yes"' in browser.get("/admin/people/").content.decode()


def test_without_the_right_the_clock_is_shown_but_has_no_buttons() -> None:
    page = staff_client().get("/admin/").content.decode()
    assert "jouren-clock" in page
    assert "+7 days" not in page


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_clock_leads_nowhere_else(elsewhere: str) -> None:
    answer = owner_client().post("/admin/clock/advance/", {"step": "hour", "next": elsewhere})
    assert answer["Location"] == "/admin/"


def test_an_unknown_step_moves_nothing() -> None:
    assert owner_client().post("/admin/clock/advance/", {"step": "year"}).status_code == 404
    assert clock.target() is None


def test_a_real_shops_clock_has_no_bar_and_no_address(settings: Any) -> None:
    settings.JOUREN = dataclasses.replace(django_settings.JOUREN, sandbox=False)
    browser = owner_client()
    assert "jouren-clock" not in browser.get("/admin/").content.decode()
    assert browser.post("/admin/clock/advance/", {"step": "day"}).status_code == 404
    assert browser.get("/admin/clock/state/").status_code == 404


def test_a_key_is_made_shown_once_and_revoked() -> None:
    browser = owner_client()
    answer = browser.post("/admin/api-keys/", {"name": "Shop"})
    found = re.search(r"<code>(jrn_[\w-]+)</code>", answer.content.decode())
    assert found
    assert "no-store" in answer["Cache-Control"]
    assert source_of(found[1]) is not None
    assert found[1] not in browser.get("/admin/api-keys/").content.decode()
    key = ApiKey.objects.get()
    page = browser.post(f"/admin/api-keys/{key.pk}/revoke/", follow=True).content.decode()
    assert "The key “Shop” no longer works." in page
    assert source_of(found[1]) is None


@pytest.mark.parametrize("name", ["", " ", "a" * 101])
def test_a_key_needs_a_name_of_bearable_length(name: str) -> None:
    answer = owner_client().post("/admin/api-keys/", {"name": name})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not ApiKey.objects.exists()


def test_seeing_keys_does_not_allow_to_make_or_end_one() -> None:
    make_key("Shop")
    viewer = staff_client("api.view_apikey")
    assert viewer.get("/admin/api-keys/").status_code == 200
    assert viewer.post("/admin/api-keys/", {"name": "Mine"}).status_code == 302
    assert viewer.post(f"/admin/api-keys/{ApiKey.objects.get().pk}/revoke/").status_code == 302
    assert ApiKey.objects.get().revoked_at is None


def test_pictures_of_a_mail_come_from_here_only(mail_home: Path) -> None:
    pixel = '<img src="http://testserver/o/AAAAAAAAAAAAAAAA.gif"><img src="https://elsewhere.example/x.png">'
    mail = keep_mail(mail_home, 1, "a@example.jp", "Pictures", html=pixel)
    policy = owner_client().get(f"/admin/mailbox/{mail}/body/")["Content-Security-Policy"]
    assert "img-src data: http://testserver/media/;" in policy


EMPTY = {
    "/admin/snippets/capture/form/": "Make one, then put it on a page.",
    "/admin/journeys/": "Write the messages first, then make the journey.",
    "/admin/dayoff/": "Add the other days on which your shop is closed",
    "/admin/domainlimit/": "You need none to begin with.",
    "/admin/topic/": "A topic is what people agree to get",
    "/admin/pyramidrule/": "Without a rule nobody rises",
    "/admin/messages/": "Begin with one that helps",
    "/admin/people/": "You know nobody yet.",
    "/admin/people/stage/regular/": "Nobody stands on this stage yet.",
    "/admin/parked/": "Nothing is stuck.",
    "/admin/api-keys/": "Make one when a shop system is to report purchases here",
}


@pytest.mark.parametrize("url", EMPTY)
def test_an_empty_list_says_what_to_do_next(url: str) -> None:
    from jouren.contacts.models import Topic
    from jouren.messaging.models import Message
    from jouren.pyramid.models import PyramidRule

    for model in (Message, Topic, PyramidRule):
        model.objects.all().delete()
    assert EMPTY[url] in owner_client().get(url).content.decode()


def test_a_page_without_pages_under_it_says_what_to_do_next() -> None:
    page = make_page()
    listing = owner_client().get(f"/admin/pages/{page.pk}/").content.decode()
    assert "There are no pages under this one yet." in listing
    assert f'href="/admin/pages/{page.pk}/add_subpage/"' in listing


def test_the_menu_leads_to_the_pages_of_the_site() -> None:
    page = make_page()
    answer = owner_client().get("/admin/pages/", follow=True)
    assert answer.redirect_chain == [(f"/admin/pages/{page.get_parent().pk}/", 302)]
    assert page.title in answer.content.decode()


def test_a_form_shows_its_own_address_and_who_filled_it_in() -> None:
    form = make_form()
    fill_in(visitor(), make_page(form), form)
    screen = owner_client().get(f"/admin/snippets/capture/form/inspect/{form.pk}/").content.decode()
    assert f"http://127.0.0.1:8000/f/{form.public_id}/" in screen
    assert "<strong>1</strong> filled in" in screen
    assert "<strong>0</strong> of them confirmed" in screen
    assert "It stands on 1 page or journey." in screen


def test_a_screen_that_was_open_too_long_says_so_in_the_language_of_the_reader() -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "ja"})
    answer = client.post("/admin/login/", {"username": "x", "password": "y"})
    assert answer.status_code == 403
    assert "もう一度お送りください" in answer.content.decode()
