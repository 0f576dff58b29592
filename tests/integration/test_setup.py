"""The set-up: the first account by a key; every step filled in, wrong, skipped, and closed to whoever lacks a right."""

from __future__ import annotations

import base64
import logging
import smtplib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from jouren.backoffice.home.checklist import steps
from jouren.backoffice.setup import views
from jouren.backoffice.setup.steps import STEPS
from jouren.conditions.queries import shop_zone
from jouren.content.models import HomePage, LegalPage
from jouren.core import mail_records, zone
from jouren.core.config import SmtpAddress
from jouren.core.first_key import WrongKey, fits, make_first_key, make_first_owner
from jouren.core.owners import create_owner
from jouren.journeys.models import DayOff, Journey
from jouren.messaging import mail_test
from jouren.messaging.mail_test import Outcome, send_test_mail
from jouren.messaging.models import Message, ShopSettings
from jouren.messaging.placeholders import placeholders_in
from jouren.messaging.publishing import legal_problems
from jouren.messaging.sending_rules.queries import load_rules
from jouren.pyramid.models import PyramidRule
from jouren.pyramid.presets import choose_preset
from jouren.pyramid.stages import Stage
from jouren.story.queries import load_story
from tests.backoffice import ENGLISH, owner_client, staff_client
from tests.smtp_server import ScriptedServer
from tests.walking import newsletter

pytestmark = [
    pytest.mark.django_db,
    # Wagtail leaves the file of a new rendition to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed file <_io.BytesIO:ResourceWarning"),
]

PASSWORD = "tea-garden-2026"
FIRST = "/admin/first/"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHOP = {
    "name": "茶の庭",
    "postal_address": "静岡市葵区1-2-3",
    "sender_name": "",
    "sender_address": "shop@tea.example.jp",
    "reply_to": "",
    "complaints_email": "help@tea.example.jp",
    "complaints_phone": "",
}


def account(email: str = "owner@example.jp", password: str = PASSWORD, again: str = PASSWORD) -> dict[str, str]:
    return {"email": email, "password": password, "again": again}


# The first account


def test_with_the_key_of_the_terminal_the_owner_is_made_in_the_browser_and_the_key_is_used_up() -> None:
    key, browser = make_first_key(), Client(headers=ENGLISH)
    assert browser.get("/admin/login/")["Location"] == FIRST
    taken = browser.get(f"{FIRST}?key={key}")
    assert (taken.status_code, taken["Location"]) == (302, FIRST)  # the key stays in no address
    assert b"Make the account" in browser.get(FIRST).content
    made = browser.post(FIRST, account(" Owner@Example.jp "))
    assert (made.status_code, made["Location"]) == (302, "/admin/setup/")
    assert browser.get("/admin/setup/").status_code == 200
    owner = get_user_model().objects.get()
    assert (owner.get_username(), owner.is_superuser) == ("owner@example.jp", True)
    assert not fits(key)
    with pytest.raises(WrongKey):
        make_first_owner(key, "other@example.jp", PASSWORD)
    late = Client().get(f"{FIRST}?key={key}")
    assert late["Location"] == "/admin/login/"


@pytest.mark.parametrize("key", ["", "x", "x" * 10_000, "\x00", "' OR 1=1 --"])
def test_without_the_right_key_nothing_is_made(key: str) -> None:
    old, new = make_first_key(), make_first_key()
    browser = Client(headers=ENGLISH)
    browser.get(FIRST, {"key": key})
    browser.post(FIRST, {"key": key})
    assert browser.post(FIRST, account()).status_code == 400
    assert not fits(old) and fits(new)  # the newest one counts
    assert b"not the key" in browser.post(FIRST, {"key": old}).content
    assert not get_user_model().objects.exists()


def test_guessing_keys_ends_soon_and_what_is_wrong_with_the_account_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    key, browser = make_first_key(), Client(headers=ENGLISH)
    browser.post(FIRST, {"key": key})
    for wrong in (account(password="123", again="123"), account(again="else"), account(email="no address")):
        assert browser.post(FIRST, wrong).status_code == 400
    assert not get_user_model().objects.exists()
    stranger = Client(headers=ENGLISH)
    answers = [stranger.post(FIRST, {"key": f"guess {number}"}).status_code for number in range(25)]
    assert answers[0] == 400 and answers[-1] == 429
    assert stranger.post(FIRST, {"key": key}).status_code == 429
    assert browser.post(FIRST, account()).status_code == 302  # who has shown the key is not held up


# The steps


def post(browser: Client, key: str, data: dict[str, Any]) -> Any:
    return browser.post(f"/admin/setup/{key}/", data)


def standing(key: str) -> tuple[bool, bool]:
    """Whether a step is done, whether it is skipped."""
    name = next(step.name for step in STEPS if step.key == key)
    return next((each.is_done, each.is_skipped) for each in steps() if each.key == name)


def test_every_step_can_be_skipped_and_found_again() -> None:
    browser = owner_client()
    for step, after in zip(STEPS, [*STEPS[1:], None], strict=True):
        skipped = browser.post(f"/admin/setup/{step.key}/skip/")
        assert skipped["Location"] == (after.url if after else "/admin/")
    start = browser.get("/admin/setup/").content.decode()
    assert start.count("Take back:") == len(STEPS) - 1  # the account is made
    assert standing("story") == (False, True)
    assert browser.post("/admin/setup/story/take-back/")["Location"] == "/admin/setup/story/"
    assert standing("story") == (False, False)
    browser.post("/admin/setup/shop/skip/")
    assert post(browser, "shop", SHOP).status_code == 302
    assert standing("shop") == (True, False)  # doing it takes it back
    assert browser.post("/admin/setup/nonsense/skip/").status_code == 404


def test_whoever_may_do_one_step_sees_that_one_only() -> None:
    assert staff_client().get("/admin/setup/shop/").status_code == 302
    teller = staff_client("story.change_ownerstory")
    assert teller.get("/admin/setup/story/").status_code == 200
    for step in STEPS:
        if step.key != "story":
            assert teller.get(step.url).status_code == 302
            assert teller.post(f"/admin/setup/{step.key}/skip/").status_code in {302, 403}
            assert standing(step.key)[1] is False
    assert post(teller, "story", {"why": "Because."})["Location"] == "/admin/"


def test_the_account_has_a_name_and_a_language() -> None:
    browser = owner_client()
    assert post(browser, "account", {"last_name": "茶野", "first_name": "ひかり", "language": "ja"}).status_code == 302
    assert get_user_model().objects.get().last_name == "茶野"
    assert "はじめの設定" in browser.get("/admin/setup/").content.decode()
    assert post(browser, "account", {"language": "xx"}).status_code == 400


def test_the_shop_is_kept_when_the_law_is_content() -> None:
    browser = owner_client()
    for missing in ("name", "postal_address", "complaints_email"):
        assert post(browser, "shop", SHOP | {missing: ""}).status_code == 400
    assert post(browser, "shop", SHOP | {"sender_address": "a@b\r\nBcc: x"}).status_code == 400
    assert ShopSettings.objects.filter(name="茶の庭").count() == 0
    assert post(browser, "shop", SHOP)["Location"] == "/admin/setup/time/"
    assert legal_problems(ShopSettings.objects.get()) == []


def test_the_time_zone_holds_everywhere_and_days_off_are_added() -> None:
    browser = owner_client()
    for wrong in (
        {"zone": "Mars/Olympus"},
        {"zone": "Asia/Tokyo", "first": "2026-12-31", "last": "2026-12-29"},
        {"zone": "Asia/Tokyo", "first": "2026-01-01", "last": "2027-01-01"},
        {"zone": "Asia/Tokyo", "last": "2026-12-29"},
        {"zone": "Asia/Tokyo", "first": "yesterday"},
    ):
        assert post(browser, "time", wrong).status_code == 400
    assert standing("time") == (False, False)
    DayOff.objects.create(day=date(2026, 12, 30), name="known")
    closed = {"zone": "Europe/Paris", "first": "2026-12-29", "last": "2026-12-31", "why": "年末"}
    assert post(browser, "time", closed | {"more": "1"})["Location"] == "/admin/setup/time/"
    assert list(DayOff.objects.order_by("day").values_list("name", flat=True)) == ["年末", "known", "年末"]
    assert shop_zone().key == "Europe/Paris" == Journey().zone == load_rules().zone.key
    zone.forget()
    assert shop_zone().key == "Europe/Paris"  # read from the database
    with pytest.raises(zone.UnknownZone):
        zone.choose_zone("../../etc/passwd")


def legal(key: str, language: str = "ja", **changed: str) -> dict[str, str]:
    """What the form of a legal page sends."""
    browser = Client(headers=ENGLISH)
    browser.force_login(get_user_model().objects.get(is_superuser=True))
    form = browser.get(f"/admin/setup/{key}/?language={language}").context["form"]
    sent = {field.html_name: field.value() or f"Text of {field.html_name}" for field in form.item_fields}
    return {**sent, "language": language, "has_read": "on", **changed}


@pytest.mark.parametrize(
    ("language", "heading", "start"),
    [("ja", "販売業者", "お客様のご負担"), ("en", "Seller", "paid by the customer")],
)
def test_the_page_on_commercial_law_is_kept_as_a_draft_then_published_and_linked(
    language: str, heading: str, start: str
) -> None:
    browser = owner_client()
    post(browser, "shop", SHOP)
    sent = legal("law", language)
    assert sent["item_seller"] == "茶の庭"
    assert post(browser, "law", sent | {"draft": "1"})["Location"] == "/admin/setup/privacy/"
    page = LegalPage.objects.get()
    assert not page.live and not ShopSettings.objects.get().commerce_law_url
    assert post(browser, "law", {**sent, "has_read": "", "publish": "1"}).status_code == 400
    assert post(browser, "law", sent | {"item_returns": "", "publish": "1"}).status_code == 400
    sent["item_payment"] = "<script>alert(1)</script>\n{{ contact.email }}"
    assert post(browser, "law", sent | {"publish": "1"}).status_code == 302
    page.refresh_from_db()
    assert page.live and LegalPage.objects.count() == 1
    assert ShopSettings.objects.get().commerce_law_url.endswith("/law/")
    shown = Client(headers={"accept-language": language}).get("/law/").content.decode()
    assert heading in shown and start in shown and "静岡市葵区1-2-3" in shown
    assert "<script>alert" not in shown and "&lt;script&gt;" in shown
    assert "/law/" in Client().get("/").content.decode()  # in the foot of every page
    assert browser.get("/admin/setup/law/").context["form"]["item_payment"].value().startswith("<script>")


def test_the_privacy_page_stands_in_the_foot_and_an_address_elsewhere_is_left_alone() -> None:
    browser = owner_client()
    post(browser, "shop", SHOP)
    ShopSettings.objects.update(commerce_law_url="https://elsewhere.example.jp/law")
    for key in ("privacy", "law"):
        assert post(browser, key, legal(key) | {"publish": "1"}).status_code == 302
    shop = ShopSettings.objects.get()
    assert shop.commerce_law_url == "https://elsewhere.example.jp/law"
    foot = Client().get("/").content.decode()
    assert "/privacy/" in foot and "https://elsewhere.example.jp/law" in foot
    assert "利用目的" in Client().get("/privacy/").content.decode()
    assert (standing("law"), standing("privacy")) == ((True, False), (True, False))


def test_whoever_may_not_publish_pages_does_not_do_it_here() -> None:
    owner_client()
    sent = legal("law")
    keeper = staff_client("messaging.change_shopsettings")
    for button in ("draft", "publish"):
        refused = post(keeper, "law", sent | {button: "1"})
        assert refused.status_code == 400 and b"You may not do this to pages" in refused.content
    assert not LegalPage.objects.exists()


def test_a_site_without_a_home_page_is_told() -> None:
    browser = owner_client()
    sent = legal("law")
    HomePage.objects.get().delete()
    refused = post(browser, "law", sent | {"draft": "1"})
    assert refused.status_code == 400 and b"Make a home page first" in refused.content


def test_colour_and_logo_are_kept_and_what_is_no_picture_is_not() -> None:
    browser = owner_client()
    logo = SimpleUploadedFile("logo.png", PIXEL, "image/png")
    assert post(browser, "look", {"choice": "#265580", "logo": logo}).status_code == 302
    shop = ShopSettings.objects.get()
    assert (shop.colour, shop.logo is not None) == ("#265580", True)
    for wrong in (
        {"choice": "own", "colour": "red;background:url(x)"},
        {"choice": "own", "colour": ""},
        {"choice": "#000000"},
        {"logo": SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png")},
        {"logo": SimpleUploadedFile("logo.svg", b"<svg/>", "image/svg+xml")},
    ):
        assert post(browser, "look", {"colour": "", **wrong}).status_code == 400
    assert ShopSettings.objects.get().logo == shop.logo
    assert post(browser, "look", {"choice": "own", "colour": "#ABCDEF", "without_logo": "on"}).status_code == 302
    shop = ShopSettings.objects.get()
    assert (shop.colour, shop.logo) == ("#abcdef", None)
    assert browser.get("/admin/setup/look/").context["form"]["colour"].value() == "#abcdef"


def test_a_test_mail_goes_by_the_relay_and_its_outcome_is_shown(server: ScriptedServer, settings: Any) -> None:
    browser = owner_client()
    post(browser, "shop", SHOP)
    shown = post(browser, "mail", {"test": "1", "address": "owner@example.jp"}).content.decode()
    assert "has taken the mail for owner@example.jp" in shown
    assert standing("mail") == (True, False)
    assert post(browser, "mail", {"test": "1", "address": "no address"}).status_code == 400
    settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", 1, "shop", "hunter2", "starttls"))
    shown = post(browser, "mail", {"test": "1", "address": "owner@example.jp"}).content.decode()
    assert "cannot be reached" in shown
    assert "smtp+tls://shop:••••@127.0.0.1:1" in shown and "hunter2" not in shown


def test_a_refusal_is_told_in_the_servers_own_words(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def __enter__(self) -> Refusing:
            return self

        def __exit__(self, *error: object) -> None: ...

        def sendmail(self, *letter: object) -> None:
            raise smtplib.SMTPRecipientsRefused({"owner@example.jp": (550, b"5.7.1 <b>Not you</b>")})

    monkeypatch.setattr(mail_test, "connect", lambda *address: Refusing())
    ShopSettings.objects.create(**SHOP)
    result = send_test_mail("owner@example.jp")
    assert (result.outcome, result.said) == (Outcome.REFUSED, "550 5.7.1 <b>Not you</b>")
    shown = post(owner_client(), "mail", {"test": "1", "address": "owner@example.jp"}).content.decode()
    assert "550 5.7.1 &lt;b&gt;Not you&lt;/b&gt;" in shown
    assert standing("mail") == (False, False)


def test_records_are_looked_up_and_shown_with_the_one_to_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(name: str, kind: str) -> list[str]:
        if name == "tea.example.jp" and kind == "TXT":
            return ["v=spf1 <img src=x onerror=alert(1)> +all"]
        if name.startswith("_dmarc"):
            raise mail_records.NoAnswer
        raise mail_records.NotThere

    monkeypatch.setattr(views, "check_records", lambda *asked: mail_records.check_records(*asked, lookup=answer))
    browser = owner_client()
    assert "no domain of its own" in browser.get("/admin/setup/mail/").content.decode()
    post(browser, "shop", SHOP)
    shown = post(browser, "mail", {"records": "1", "selector": ""}).content.decode()
    assert "lets everybody send" in shown and "&lt;img src=x" in shown and "<img src=x" not in shown
    assert "SELECTOR._domainkey.tea.example.jp" in shown and "as your mail service shows it" in shown
    assert "No key was found" in shown and "did not answer in time" in shown
    assert post(browser, "mail", {"records": "1", "selector": "a b/../"}).status_code == 400
    assert post(browser, "mail", {})["Location"] == "/admin/setup/stages/"


def test_trying_mail_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "check_records", lambda *asked: [])
    browser = owner_client()
    post(browser, "shop", SHOP)
    answers = [post(browser, "mail", {"records": "1"}).status_code for _number in range(21)]
    assert (answers[0], answers[-1]) == (200, 400)


def test_the_stages_are_called_as_the_shop_calls_them() -> None:
    browser = owner_client()
    assert post(browser, "stages", {"preset": "seven"}).status_code == 400
    assert Stage.REGULAR.label == "Regular"
    assert post(browser, "stages", {"preset": "kinds"}).status_code == 302
    home = browser.get("/admin/").content.decode()
    assert "Repeat customer" in home and "Potential customer" in home
    with translation.override("ja"):
        assert [str(name) for name in Stage.labels] == [
            "潜在顧客",
            "見込顧客",
            "新規顧客（トライアル）",
            "新規顧客",
            "常顧客",
        ]
    rule = PyramidRule.objects.get(stage=Stage.REGULAR, reason="repeat_purchase")
    assert rule.at_least == 2
    choose_preset("steps")
    assert str(Stage.TRIAL.label) == "Front-end product bought"
    choose_preset("five")
    rule.refresh_from_db()
    assert (rule.at_least, str(Stage.TRIAL.label)) == (3, "Trial")


def story(**answers: str) -> dict[str, str]:
    return {"name": "茶野", "why": "継ぐため", "for_whom": "眠れない方", "belief": "無農薬", "never": "嘘", **answers}


def test_the_story_is_kept_and_the_first_journey_is_made_of_it() -> None:
    browser = owner_client()
    newsletter()
    told = story(problem="眠れない", first_step="白湯", question_0="効きますか", answer_0="人によります")
    assert post(browser, "story", told | {"answer_1": "no question"}).status_code == 400
    assert post(browser, "story", told | {"why": "{% raw %}"}).status_code == 400
    assert load_story().changed_at is None
    assert post(browser, "story", told)["Location"] == "/admin/setup/journey/"
    assert standing("story") == (True, False)
    assert browser.get("/admin/setup/story/").context["form"]["answer_0"].value() == "人によります"
    screen = browser.get("/admin/setup/journey/?language=ja").content.decode()
    assert "Of 8 places, 8 are filled in" in screen
    assert post(browser, "journey", {"playbook": "none", "language": "ja", "topic": "newsletter"}).status_code == 400
    made = {"playbook": "owners-story", "language": "ja", "topic": "newsletter"}
    assert post(browser, "journey", made)["Location"] == "/admin/"
    assert not Journey.objects.get().live
    drafts = Message.objects.filter(purpose="")
    assert drafts.count() == 6
    assert placeholders_in([each.bodies.get_prep_value() for each in drafts]) == []
    assert "継ぐため" in str([each.bodies.get_prep_value() for each in drafts])
    assert standing("journey") == (True, False)
    ready = browser.get("/admin/journeys/ready/five-stages/ja/").context["form"]
    assert "眠れない" in [field.value() for field in ready.places]


def test_whoever_works_here_can_sign_in_though_no_owner_is_left() -> None:
    get_user_model().objects.create_user("staff", password=PASSWORD)
    assert Client().get("/admin/login/").status_code == 200
    assert Client().get(FIRST).status_code == 200


def test_createowner_stays_and_ends_the_key() -> None:
    key = make_first_key()
    create_owner("owner@example.jp", PASSWORD)
    assert not fits(key)
    assert timedelta(seconds=mail_records.PATIENCE_SECONDS) < timedelta(seconds=15)
