"""Signing in, and what keeps guessers out without keeping the owner out."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob
from wagtail.models import ModelLogEntry

from jouren.backoffice.entry.guard import ELSEWHERE, HERE, REFUSED
from jouren.backoffice.tasks import send_new_password_link
from jouren.core import clock
from tests.backoffice import ENGLISH

OWNER, PASSWORD = "owner@example.jp", "a-password-of-mine"
HOME, AWAY = "198.51.100.7", "203.0.113.9"
LOGIN, FORGOTTEN = "/admin/login/", "/admin/password_reset/"


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser(OWNER, OWNER, PASSWORD)


def sign_in(password: str, account: str = OWNER, at: str = HOME) -> Any:
    """The answer to somebody who signs in from an address."""
    return Client(headers=ENGLISH).post(LOGIN, {"username": account, "password": password}, REMOTE_ADDR=at)


def guess(times: int, account: str = OWNER, at: str = HOME) -> list[int]:
    """The statuses of so many wrong passwords."""
    return [sign_in("wrong", account, at).status_code for _time in range(times)]


def travel(duration: timedelta) -> None:
    clock.move_to(clock.now() + duration)


def words(answer: Any) -> list[str]:
    """What the login page complains about."""
    return re.findall(r'<li class="error">([^<]+)</li>', answer.content.decode())


@pytest.mark.django_db
def test_after_ten_wrong_passwords_even_the_right_one_has_to_wait(user: User) -> None:
    assert guess(HERE.tries) == [200] * HERE.tries
    answer = sign_in(PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 15 * 60
    assert words(answer) == [
        "There were too many tries. Please wait 15 minutes, then try again. If you have forgotten your password, you "
        "can choose a new one by mail."
    ]
    travel(timedelta(minutes=10))
    assert guess(3) == [429] * 3, "trying on makes the wait no longer"
    assert "Please wait 5 minutes" in words(sign_in(PASSWORD))[0]
    travel(timedelta(minutes=5))
    assert sign_in(PASSWORD).status_code == 302


def test_whoever_gets_in_begins_anew(user: User) -> None:
    guess(HERE.tries - 1)
    assert sign_in(PASSWORD).status_code == 302
    assert guess(HERE.tries) == [200] * HERE.tries


def test_guesses_from_elsewhere_do_not_keep_the_owner_out(user: User) -> None:
    guess(HERE.tries + 5, at=AWAY)
    assert sign_in(PASSWORD).status_code == 302


def test_guesses_from_everywhere_are_limited_but_not_where_somebody_got_in_before(user: User) -> None:
    assert sign_in(PASSWORD).status_code == 302
    seen = [sign_in("wrong", at=f"203.0.113.{number}").status_code for number in range(ELSEWHERE.tries + 1)]
    assert seen == [200] * ELSEWHERE.tries + [429]
    assert sign_in(PASSWORD, at=AWAY.replace("9", "200")).status_code == 429
    assert sign_in(PASSWORD).status_code == 302


def test_an_account_that_does_not_exist_is_answered_like_one_that_does(user: User) -> None:
    for account in (OWNER, "nobody@example.jp"):
        statuses = guess(HERE.tries + 2, account=account, at=f"192.0.2.{len(account)}")
        assert statuses == [200] * HERE.tries + [429] * 2
    texts = {words(sign_in("wrong", account, at=AWAY))[0] for account in (OWNER, "nobody@example.jp")}
    assert len(texts) == 1


def test_one_connection_that_tries_many_accounts_has_to_wait(user: User) -> None:
    seen = Counter(status for number in range(13) for status in guess(5, account=f"somebody{number}@example.jp"))
    assert seen == {200: 60, 429: 5}


def test_a_household_of_ipv6_is_one_connection(user: User) -> None:
    guess(HERE.tries, at="2001:db8:1:1::1")
    assert sign_in(PASSWORD, at="2001:db8:1:1:ffff::2").status_code == 429
    assert sign_in(PASSWORD, at="2001:db8:1:2::1").status_code == 302


def test_behind_a_proxy_of_our_own_the_visitor_counts_and_not_the_proxy(user: User) -> None:
    for number in range(HERE.tries + 1):
        Client(headers={**ENGLISH, "x-forwarded-for": f"1.2.3.4, {AWAY}"}).post(
            LOGIN, {"username": OWNER, "password": f"wrong{number}"}, REMOTE_ADDR="10.0.0.1"
        )
    here = Client(headers={**ENGLISH, "x-forwarded-for": HOME})
    away = Client(headers={**ENGLISH, "x-forwarded-for": AWAY})
    fields = {"username": OWNER, "password": PASSWORD}
    assert away.post(LOGIN, fields, REMOTE_ADDR="10.0.0.1").status_code == 429
    assert here.post(LOGIN, fields, REMOTE_ADDR="10.0.0.1").status_code == 302


def test_the_audit_log_says_once_that_tries_were_refused(user: User) -> None:
    guess(HERE.tries + 5, account=f" {OWNER.upper()} ", at=AWAY)
    guess(HERE.tries + 5, account="nobody@example.jp", at=AWAY)
    (entry,) = ModelLogEntry.objects.filter(action=REFUSED)
    assert entry.object_id == str(user.pk)
    assert entry.data["connection"] == AWAY


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_no_more_tries_than_one_after_the_other() -> None:
    def try_it(number: int) -> int:
        try:
            return int(sign_in(f"wrong{number}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(try_it, range(30))) == {200: HERE.tries, 429: 20}


def ask_for_mail(address: str, at: str = HOME) -> Any:
    return Client(headers=ENGLISH).post(FORGOTTEN, {"email": address}, REMOTE_ADDR=at)


def work_on_jobs() -> None:
    """Do what a worker would."""
    for job in ProcrastinateJob.objects.filter(task_name=send_new_password_link.name).order_by("id"):
        send_new_password_link(**job.args)


def test_a_forgotten_password_is_answered_alike_whether_or_not_there_is_an_account(user: User) -> None:
    answers = [ask_for_mail(address) for address in (OWNER, "nobody@example.jp")]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, f"{FORGOTTEN}done/")] * 2
    assert ProcrastinateJob.objects.filter(task_name=send_new_password_link.name).count() == 2
    work_on_jobs()
    assert [letter.to for letter in mail.outbox] == [[OWNER]]


def test_an_address_gets_three_mails_an_hour_and_the_asker_hears_the_same(user: User) -> None:
    assert {ask_for_mail(OWNER, at=f"198.51.100.{number}").status_code for number in range(6)} == {302}
    work_on_jobs()
    assert len(mail.outbox) == 3


def test_a_connection_that_asks_for_many_mails_is_told_how_long_to_wait(user: User) -> None:
    statuses = [ask_for_mail(f"p{number}@example.jp").status_code for number in range(21)]
    assert statuses == [302] * 20 + [429]
    page = ask_for_mail(OWNER)
    assert "Please wait 60 minutes" in page.content.decode()
    assert int(page["Retry-After"]) > 0


def test_whoever_chose_a_new_password_by_mail_gets_in_however_strangers_guess(user: User) -> None:
    for number in range(ELSEWHERE.tries + 1):
        sign_in("wrong", at=f"203.0.113.{number}")
    assert sign_in(PASSWORD).status_code == 429
    ask_for_mail(OWNER)
    work_on_jobs()
    (link,) = re.findall(r"/admin/password_reset/confirm/\S+", mail.outbox[0].body)
    browser = Client(headers=ENGLISH, REMOTE_ADDR=HOME)
    form = browser.get(link)["Location"]
    chosen = {"new_password1": "another-one-of-mine", "new_password2": "another-one-of-mine"}
    assert browser.post(form, chosen)["Location"] == "/admin/password_reset/complete/"
    assert sign_in("another-one-of-mine").status_code == 302


def test_pages_for_staff_ask_for_the_same_login(db: None) -> None:
    answer = Client().get("/_util/login/?next=/secret/")
    assert answer["Location"] == "/admin/login/?next=/secret/"
