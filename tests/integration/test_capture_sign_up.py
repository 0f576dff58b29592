"""Filling in a form: what is kept, what is refused, and that nothing counts before the confirmation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jouren.capture import actions, stamps
from jouren.capture.models import Form, Registration
from jouren.contacts.models import Consent, ConsentText, Contact, Identity, Problem
from jouren.contacts.queries import find_by_email
from jouren.content.models import LandingPage
from jouren.events.queries import events_of
from jouren.messaging.models import Delivery
from tests.capture_pages import CONSENT, fill_in, last_confirm_path, make_form, stamp_in, visitor, wait

pytestmark = pytest.mark.django_db


def _nothing_is_kept() -> bool:
    return not (
        Registration.objects.exists()
        or Contact.objects.exists()
        or Delivery.objects.exists()
        or Consent.objects.exists()
    )


def test_a_sent_form_plans_one_mail_and_changes_nothing_else(page: LandingPage, form: Form) -> None:
    answer = fill_in(visitor(), page, form)
    assert (answer.status_code, answer["Location"]) == (303, f"/f/{form.public_id}/thanks/")
    registration = Registration.objects.get()
    assert (registration.email, registration.state) == ("hanako@example.jp", "pending")
    assert registration.data == {"family_name": "山田", "given_name": "花子", "problems": ["乾燥"]}
    contact = registration.contact
    assert (contact.name, contact.confirmed_at) == ("", None)
    assert Identity.objects.get(contact=contact).verified_at is None
    assert not Consent.objects.exists()
    assert not Problem.objects.exists()
    delivery = Delivery.objects.get()
    assert (delivery.contact_id, delivery.occurrence, delivery.lane) == (contact.pk, registration.pk, 0)
    assert [event.type for event in events_of([contact.pk])][-1:] != ["registration.confirmed"]
    assert "form.submitted" in {event.type for event in events_of([contact.pk])}


def test_confirming_makes_it_count(page: LandingPage, form: Form) -> None:
    browser = visitor()
    fill_in(browser, page, form)
    path = last_confirm_path()
    assert browser.get(path).status_code == 200
    assert not Consent.objects.exists()
    answer = browser.post(path)
    assert answer.status_code == 200
    contact = find_by_email("hanako@example.jp")
    assert contact is not None
    assert (contact.family_name, contact.given_name) == ("山田", "花子")
    assert contact.confirmed_at is not None
    consent = Consent.objects.get()
    assert (consent.channel, consent.topic, consent.is_granted) == ("email", "news", True)
    record = contact.consent_records.get()
    assert record.text is not None
    assert (record.text.text, record.via, record.page) == (CONSENT, "form", page.url)
    assert len(record.ip_hash) == 64
    assert [problem.text for problem in Problem.objects.all()] == ["乾燥"]
    registration = Registration.objects.get()
    assert (registration.state, registration.data) == ("confirmed", {})
    confirmed = [event for event in events_of([contact.pk]) if event.type == "registration.confirmed"]
    assert [event.payload for event in confirmed] == [
        {"form": form.pk, "title": form.title, "registration": registration.pk}
    ]


def test_the_answer_is_the_same_for_known_and_unknown_addresses(page: LandingPage, form: Form) -> None:
    first = fill_in(visitor(), page, form)
    visitor().post(last_confirm_path())
    second = fill_in(visitor(), page, form)
    other = fill_in(visitor(), page, form, email="taro@example.jp")
    answers = {(answer.status_code, answer["Location"], answer.content) for answer in (first, second, other)}
    assert len(answers) == 1
    thanks = {visitor().get(answer["Location"]).content for answer in (first, second, other)}
    assert len(thanks) == 1


def test_an_address_gets_one_confirmation_mail_a_day(page: LandingPage, form: Form) -> None:
    fill_in(visitor(), page, form)
    fill_in(visitor(), page, form, email="Hanako@Example.JP ", family_name="鈴木")
    assert Delivery.objects.count() == 1
    assert Registration.objects.get().data["family_name"] == "山田"
    wait(86_400)
    fill_in(visitor(), page, form)
    assert Delivery.objects.count() == 2


def test_the_name_of_somebody_known_changes_only_when_they_confirm(page: LandingPage, form: Form) -> None:
    fill_in(visitor(), page, form)
    visitor().post(last_confirm_path())
    wait(86_400)
    fill_in(visitor(), page, form, family_name="悪戯")
    assert Contact.objects.get().family_name == "山田"
    visitor().post(last_confirm_path())
    assert Contact.objects.get().family_name == "悪戯"


def test_every_wording_of_the_consent_is_kept(page: LandingPage, form: Form) -> None:
    fill_in(visitor(), page, form)
    form.consent_text = "新しい文面に同意します。"
    form.save()
    fill_in(visitor(), page, form, email="taro@example.jp")
    texts = [registration.consent_text.text for registration in Registration.objects.order_by("pk")]
    assert texts == [CONSENT, "新しい文面に同意します。"]
    assert ConsentText.objects.count() == 2


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"email": "not an address"}, "This is not a mail address"),
        ({"email": ""}, "This field is required"),
        ({"email": "a@b"}, "not the name of a mail domain"),
        ({"email": "x" * 10_000 + "@example.jp"}, "at most 254 characters"),
        ({"family_name": "長" * 10_000}, "at most 100 characters"),
        ({"family_name": "null\x00byte"}, "Null characters are not allowed"),
        ({"family_name": "bell\x07"}, "characters that cannot be read"),
        ({"given_name": "\u202eright to left"}, "characters that cannot be read"),
        ({"given_name": "\u200b"}, "characters that cannot be read"),
        ({"problem": ["nothing offered"]}, "Select a valid choice"),
        ({"consent": None}, "Please tick this box"),
    ],
)
def test_a_wrong_answer_is_shown_by_its_field_and_nothing_is_kept(
    page: LandingPage, form: Form, answers: dict[str, Any], complaint: str
) -> None:
    answer = fill_in(visitor("en"), page, form, **answers)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert complaint in html
    assert "肌の悩みに" in html, "the form is shown on its page"
    assert 'value="花子"' in html or "given_name" in answers, "what was written is kept"
    assert _nothing_is_kept()


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({"family_kana": "㍿" * 100}, "at most 100 characters"),
        ({"problem": "\u200b\u200d"}, "characters that cannot be read"),
        ({"problem": "乾" * 501}, "at most 500 characters"),
    ],
)
def test_what_could_not_be_kept_after_the_confirmation_is_refused_before_it(
    page: LandingPage, form: Form, answers: dict[str, Any], complaint: str
) -> None:
    Form.objects.update(ask_kana="optional", ask_problem="text")
    form.refresh_from_db()
    answer = fill_in(visitor("en"), page, form, **({"problem": ""} | answers))
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    assert _nothing_is_kept()


def test_errors_are_told_in_the_language_of_the_visitor(page: LandingPage, form: Form) -> None:
    answer = fill_in(visitor("ja"), page, form, email="")
    assert "この項目は必須です" in answer.content.decode()


def test_markup_in_any_field_stays_text(page: LandingPage, form: Form) -> None:
    evil = "<script>alert(1)</script>"
    form.ask_problem = "text"
    form.ask_kana = "optional"
    form.save()
    names = dict.fromkeys(("family_name", "given_name", "family_kana", "given_kana"), evil)
    again = fill_in(visitor(), page, form, query=f"?utm_source={evil}", **names, problem=evil, email=evil)
    assert again.status_code == 422
    assert "<script" not in again.content.decode()
    assert "&lt;script&gt;alert(1)" in again.content.decode()
    fill_in(visitor(), page, form, query=f"?utm_source={evil}", **names, problem=evil)
    answer = visitor().post(last_confirm_path())
    assert answer.status_code == 200
    assert "<script" not in answer.content.decode()
    contact = Contact.objects.get()
    assert contact.family_name == evil
    assert contact.problems.get().text == evil


def test_bytes_that_are_no_text_are_refused(page: LandingPage, form: Form) -> None:
    browser = visitor("en")
    stamp = stamp_in(browser.get(page.url).content.decode())
    wait()
    body = f"family_name=%FF%FE&given_name=x&email=a%40example.jp&consent=on&stamp={stamp}"
    answer = browser.post(f"/f/{form.public_id}/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert "characters that cannot be read" in answer.content.decode()
    assert _nothing_is_kept()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x=" + b"y" * 3_000_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(2_000)), "application/x-www-form-urlencoded", 400),
        (b"--broken", "multipart/form-data; boundary=", 400),
        (b"email=a", "application/x-www-form-urlencoded; charset=klingon", 422),
        (b'{"email": "a@example.jp"}', "application/json", 422),
        (b"", "text/plain", 422),
    ],
)
def test_a_body_that_is_no_form_gets_a_clear_answer(form: Form, body: bytes, kind: str, status: int) -> None:
    answer = visitor("en").generic("POST", f"/f/{form.public_id}/", body, content_type=kind)
    assert answer.status_code == status
    assert b"<h1" in answer.content
    assert _nothing_is_kept()


def test_several_values_of_one_field_count_as_the_last(page: LandingPage, form: Form) -> None:
    fill_in(visitor(), page, form, email=["a@example.jp", "b@example.jp"])
    assert Registration.objects.get().email == "b@example.jp"


def test_a_program_that_fills_in_the_trap_is_thanked_and_forgotten(page: LandingPage, form: Form) -> None:
    answer = fill_in(visitor(), page, form, nickname2="Bob")
    assert (answer.status_code, answer["Location"]) == (303, f"/f/{form.public_id}/thanks/")
    assert _nothing_is_kept()


@pytest.mark.parametrize("stamp", ["", "forged", "W10:forged:forged"])
def test_a_form_that_was_not_shown_by_us_is_shown_for_a_second_try(form: Form, stamp: str) -> None:
    data = {"family_name": "山田", "given_name": "花子", "email": "a@example.jp", "consent": "on", "stamp": stamp}
    browser = visitor("en")
    answer = browser.post(f"/f/{form.public_id}/", data)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Please press the button once more." in html
    assert _nothing_is_kept()
    wait()
    assert browser.post(f"/f/{form.public_id}/", data | {"stamp": stamp_in(html)}).status_code == 303


def test_a_form_sent_faster_than_people_can_is_shown_again(page: LandingPage, form: Form) -> None:
    browser = visitor("en")
    stamp = stamp_in(browser.get(page.url).content.decode())
    data = {"family_name": "山田", "given_name": "花子", "email": "a@example.jp", "consent": "on", "stamp": stamp}
    assert browser.post(f"/f/{form.public_id}/", data).status_code == 422
    wait(stamps.MAXIMUM_AGE.total_seconds() + 1)
    assert browser.post(f"/f/{form.public_id}/", data).status_code == 422
    assert _nothing_is_kept()


def test_nobody_agrees_to_words_that_changed_after_the_form_was_shown(page: LandingPage, form: Form) -> None:
    browser = visitor("en")
    stamp = stamp_in(browser.get(page.url).content.decode())
    Form.objects.update(consent_text="Something else entirely.")
    wait()
    answer = fill_in(browser, page, form, stamp=stamp)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Something else entirely." in html
    assert _nothing_is_kept()
    wait()
    assert fill_in(browser, page, form, stamp=stamp_in(html)).status_code == 303


def test_a_stamp_is_good_for_its_own_form_only(page: LandingPage, form: Form) -> None:
    other = make_form(title="ほかの講座")
    assert fill_in(visitor(), page, form, stamp=None).status_code == 422
    assert fill_in(visitor(), page, other).status_code == 422
    assert _nothing_is_kept()


def test_one_connection_can_only_sign_up_so_often(
    page: LandingPage, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "POSTS_PER_HOUR", 2)
    statuses = [fill_in(visitor("en"), page, form, email=f"a{n}@example.jp").status_code for n in range(4)]
    assert statuses == [303, 303, 429, 429]
    assert Registration.objects.count() == 2
    wait(3600)
    assert fill_in(visitor("en"), page, form, email="a9@example.jp").status_code == 303


def test_proxies_of_our_own_network_tell_the_visitor_apart(
    page: LandingPage, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "POSTS_PER_HOUR", 1)
    for number in (1, 2):
        browser = Client(
            headers={"user-agent": "Mozilla/5.0", "x-forwarded-for": f"6.6.6.6, 203.0.113.{number}"},
            REMOTE_ADDR="127.0.0.1",
        )
        assert fill_in(browser, page, form, email=f"a{number}@example.jp").status_code == 303


def test_a_closed_form_and_one_that_is_gone_say_so(page: LandingPage, form: Form) -> None:
    form.is_open = False
    form.save()
    assert visitor("en").post(f"/f/{form.public_id}/", {}).status_code == 410
    assert "takes no sign-ups" in visitor("en").get(page.url).content.decode()
    form.delete()
    answer = visitor("en").post("/f/00000000-0000-4000-8000-000000000000/", {})
    assert answer.status_code == 404
    assert "This form does not exist" in answer.content.decode()
    assert visitor("en").get(page.url).status_code == 200


def test_an_odd_but_real_address_can_sign_up(page: LandingPage, form: Form) -> None:
    assert fill_in(visitor(), page, form, email="hana..ko.@docomo.ne.jp").status_code == 303
    assert Identity.objects.get().is_odd
