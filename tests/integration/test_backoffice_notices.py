"""A colleague's own list in the back office."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jouren.contacts.models import Contact
from jouren.core import clock
from jouren.team.actions import Telling, tell_colleagues
from jouren.team.models import Notice
from tests.backoffice import client_of, make_person, owner, staff_client

pytestmark = pytest.mark.django_db


def _tell(user: User, contact: Contact, count: int = 1, text: str = "Please <b>call</b>.") -> None:
    step = "00000000-0000-0000-0000-000000000001"
    tell_colleagues([Telling([user.pk], contact.pk, 1, "Care", text, walk, step) for walk in range(count)], clock.now())


def _html(browser: Client, url: str) -> str:
    return str(browser.get(url).content.decode())


def test_the_first_screen_shows_what_is_for_oneself_and_lets_it_be_done() -> None:
    user = owner()
    person = make_person(family_name="山田", given_name="花子")
    _tell(user, person, count=7)
    browser = client_of(user)
    shown = _html(browser, "/admin/")
    assert "For you" in shown
    assert shown.count("山田 花子") == 5
    assert "See all 7" in shown
    assert "Please &lt;b&gt;call&lt;/b&gt;." in shown
    notice = Notice.objects.latest("pk")
    answer = browser.post(f"/admin/notices/{notice.pk}/done/", {"from": "home"}, follow=True)
    assert "See all 6" in answer.content.decode()
    answer = browser.post("/admin/notices/done/", {"from": "list"}, follow=True)
    assert "6 entries are done." in answer.content.decode()
    assert "Nothing waits for you." in _html(browser, "/admin/notices/")
    assert "Done lately" in _html(browser, "/admin/notices/")
    assert "For you" not in _html(browser, "/admin/")


def test_nobody_sees_or_finishes_what_is_for_somebody_else() -> None:
    person = make_person(family_name="Secret")
    _tell(owner(), person)
    other = staff_client("contacts.view_contact")
    assert "Secret" not in _html(other, "/admin/notices/")
    assert "For you" not in _html(other, "/admin/")
    notice = Notice.objects.get()
    answer = other.post(f"/admin/notices/{notice.pk}/done/", follow=True)
    assert "not on your list any more" in answer.content.decode()
    notice.refresh_from_db()
    assert notice.done_at is None


def test_who_may_not_see_customers_is_shown_no_list() -> None:
    user = User.objects.create_user("x@shop.example", "x@shop.example", "x")
    _tell(user, make_person(family_name="Secret"))
    browser = staff_client()
    assert browser.get("/admin/notices/").status_code in {302, 403}
