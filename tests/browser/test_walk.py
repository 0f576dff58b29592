"""The way of a stranger through the real product: landing page, mail, letters, a click, and a farewell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect

from jouren.core.loops import wait_until
from tests.browser.signing_up import sign_up
from tests.browser.watching import Window, window
from tests.installation import Installation, copy_of
from tests.smtp_server import ScriptedServer, scripted_server, text_of

HANAKO = "hanako@example.jp"
STORY = [
    "Looked at a page | Looked at the page /letters/ | From: X · Campaign: yofukashi",
    "Sent a form | Filled in “肌の手紙”, not confirmed yet",
    "Message sent | Got “登録の確認”.",
    "Address confirmed | Confirmed: Mail address.",
    "Problem noted | Wants solved: 夕方になると肌が乾く",
    "Consent given | Allowed 肌の手紙 by mail.",
    "Confirmed a registration | Confirmed the registration for “肌の手紙”",
    "Stage entered | From Aware to Prospect: Registered.",
    "Details changed | Changed: name.",
    "Entered a journey | Entered the journey “肌の手紙（7日間）”.",
    "Message sent | Got “手紙1 今夜の洗顔を変える三つのこと”.",
    "Message sent | Got “手紙2 塗る量より、待つ時間”.",
    "Message sent | Got “手紙3 なぜ化粧品屋が塗るなと言うのか”.",
    "Message opened | Opened “手紙3 なぜ化粧品屋が塗るなと言うのか”.",
    "Message clicked | Clicked in “手紙3 なぜ化粧品屋が塗るなと言うのか”: https://tsukishiro.example/about",
    "Message sent | Got “手紙3の続き 読んでくださった方へ”.",
    "Consent withdrawn | Withdrew 肌の手紙 by mail.",
    "Message withheld | Did not get “7日間お試しのご案内”: They unsubscribed from this topic.",
    "Left in peace | Gets no more promotion: Left in peace by the shop (お試しを必要とされなかった). "
    "What they asked for still goes to them.",
    "Left a journey | Left the journey “肌の手紙（7日間）”: 今はお試しを必要とされていない.",
]
# Told by a reaction of its own, which nobody waits for: somewhere among the others.
SEGMENT = "Entered a segment | Came into the segment “乾燥に悩み、お買い上げはまだの方”."


@pytest.fixture
def sink() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def shop(template: Installation, sink: ScriptedServer) -> Iterator[Installation]:
    with copy_of(template, email_url=f"smtp://127.0.0.1:{sink.port}") as running:
        yield running


def mails_after(sink: ScriptedServer, count: int) -> list[EmailMessage]:
    """All that Hanako has got, as soon as it is ``count`` mails."""
    assert wait_until(lambda: len(sink.letters) >= count, 60), sink.recipients
    assert set(sink.recipients) == {HANAKO}
    assert len(sink.letters) == count
    return sink.mails_to(HANAKO)


def link_in(mail: EmailMessage, pattern: str) -> str:
    """The one link of that form in the mail's HTML."""
    (link,) = set(re.findall(pattern, text_of(mail, "html")))
    return str(link)


def read_and_click(reader: Window, mail: EmailMessage, link_text: str, leads_to: str) -> None:
    """Look at the mail, press one of its links, and be sent on from there."""
    reader.page.set_content(text_of(mail, "html"))
    with reader.page.context.expect_event("request", lambda request: request.url == leads_to):
        reader.page.click(f"a:has-text('{link_text}')")


def confirm(visitor: Window, mail: EmailMessage) -> None:
    link = link_in(mail, r'href="([^"]+/confirm/[^"]+)"')
    assert link in text_of(mail, "plain")
    visitor.page.goto(link)
    expect(visitor.page.locator(".notice")).to_contain_text("肌の手紙")
    visitor.page.click("form button[type=submit]")
    expect(visitor.page.locator(".notice-done")).to_contain_text("ありがとうございます")


def open_person(office: Window, name: str) -> None:
    office.open("/admin/people/")
    office.page.fill("[name=text]", HANAKO)
    office.page.press("[name=text]", "Enter")
    office.page.click(f"a:has-text('{name}')")


def timeline(office: Window) -> list[str]:
    """The person's page, line by line, the earliest first; without the times and what can be done."""
    office.page.reload()
    lines = office.page.locator("h3#timeline + ul > li").all()
    told = "strong, p:not(.jouren-why, .jouren-ask)"
    return [" | ".join(line.locator(told).all_inner_texts()) for line in reversed(lines)]


def push_clock(office: Window, button: str) -> None:
    """By the button in the back office, until it says that the clock has arrived."""
    office.page.click(f".jouren-clock button:has-text('{button}')")
    expect(office.page.locator("[data-target-line]")).to_be_hidden(timeout=60_000)


def unsubscribe_as_mail_programs_do(mail: EmailMessage) -> None:
    """RFC 8058, section 3.2: POST, that very body, no cookies."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (url,) = re.findall(r"<(http[^>]+)>", mail["List-Unsubscribe"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with urlopen(Request(url, b"List-Unsubscribe=One-Click", form), timeout=30) as answer:
        assert answer.status == 200


def test_a_stranger_becomes_a_prospect_and_leaves_in_peace(
    browser: Browser, shop: Installation, sink: ScriptedServer
) -> None:
    with window(browser, shop) as visitor, window(browser, shop, locale="en") as office:
        path = "/letters/?utm_source=x&utm_campaign=yofukashi"
        sign_up(visitor, path, family_name="山田", given_name="花子", email="Hanako@Example.JP")
        confirm(visitor, mails_after(sink, 1)[0])
        office.log_in()
        open_person(office, "山田 花子")
        expect(office.page.locator("[aria-current=true]")).to_have_text("Prospect")
        assert mails_after(sink, 2)[1]["Subject"] == "山田 花子 様、今夜の洗顔から変えてみませんか"

        shop.run("clock", "advance", "2d")
        mails_after(sink, 3)
        push_clock(office, "+1 day")
        push_clock(office, "+1 day")
        third = mails_after(sink, 4)[3]
        with window(browser, shop) as reader:
            read_and_click(reader, third, "工房と店のことを読む", "https://tsukishiro.example/about")

        unsubscribe_as_mail_programs_do(mails_after(sink, 5)[4])
        shop.run("clock", "advance", "14d")
        told = timeline(office)
        assert told.count(SEGMENT) == 1
        assert [line for line in told if line != SEGMENT] == STORY
        assert sink.recipients == [HANAKO] * 5
        assert visitor.complaints + office.complaints == []
