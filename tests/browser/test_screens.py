"""Every public page and main screen: for people who cannot see it, on a phone, in two languages, without complaints."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.mailbox import mails_to
from tests.browser.signing_up import fill_in, sign_up
from tests.browser.watching import Window, window
from tests.installation import Installation

WIDTHS = (1280, 390)
# Lists of what a shop looks at every day, and where their first entry leads.
LISTS = {
    "/admin/people/": "td a[href*='/admin/people/']",
    "/admin/journeys/": "td a[href*='/admin/journeys/']",
    "/admin/messages/": "td a[href*='/admin/messages/']",
    "/admin/mailbox/": "td.title a",
}


def flaws_at_every_width(seen: Window, language: str = "ja") -> list[str]:
    """Of the page that is open: also whether it has to be moved sideways to be read.

    What a page is made of, and its colours, know no language: they are looked at in Japanese.
    """
    found = []
    for width in WIDTHS:
        seen.page.set_viewport_size({"width": width, "height": 900})
        found += seen.scrolls_sideways() + (seen.flaws() if language == "ja" else [])
    return found


@pytest.mark.parametrize("language", ["ja", "en"])
def test_public_pages_are_for_everybody(browser: Browser, shop: Installation, language: str) -> None:
    with window(browser, shop, locale=language) as visitor:
        visitor.open("/letters/")
        form = str(visitor.page.locator(".sign-up form").get_attribute("action")).partition("#")[0]
        found = []
        for path in ("/", "/letters/", form, f"{form}thanks/", "/confirm/forged", "/c/forged/0", "/no/such/page"):
            visitor.open(path)
            # What its author wrote is in the author's language, whoever reads it.
            spoken = "ja" if path in {"/", "/letters/"} else language
            assert visitor.page.locator("html").get_attribute("lang") == spoken
            found += flaws_at_every_width(visitor, language)
        assert found + visitor.complaints == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_pages_of_somebody_who_signs_up_are_for_everybody(browser: Browser, shop: Installation, language: str) -> None:
    email = f"{language}-{secrets.token_hex(4)}@example.jp"
    with window(browser, shop, locale=language) as visitor:
        fill_in(visitor, email="not an address")
        expect(visitor.page.get_by_role("alert")).to_be_visible()
        found = flaws_at_every_width(visitor, language)
        sign_up(visitor, email=email)
        found += flaws_at_every_width(visitor, language)
        (mail,) = mails_to(shop, email, 1)
        visitor.page.goto(next(link for link in mail.links if "/confirm/" in link))
        found += flaws_at_every_width(visitor, language)
        visitor.page.click("form button[type=submit]")
        expect(visitor.page.locator(".notice-done")).to_be_visible()
        found += flaws_at_every_width(visitor, language)
        letter = mails_to(shop, email, 2)[0]
        for part in ("/p/", "/u/"):
            visitor.page.goto(next(link for link in letter.links if part in link))
            found += flaws_at_every_width(visitor, language)
        assert found + visitor.complaints == []


def test_what_a_shop_looks_at_every_day_is_for_everybody_on_a_phone(browser: Browser, shop: Installation) -> None:
    email = f"phone-{secrets.token_hex(4)}@example.jp"
    with window(browser, shop, viewport={"width": min(WIDTHS), "height": 900}) as office:
        sign_up(office, email=email)
        mails_to(shop, email, 1)
        office.open("/admin/login/")
        found = office.flaws()
        office.log_in()
        found += office.flaws()
        for path, entry in LISTS.items():
            office.open(path)
            found += office.flaws()
            office.open(str(office.page.locator(entry).first.get_attribute("href")).replace("/edit/", "/inspect/"))
            found += office.flaws()
        assert found + office.complaints == []


def test_the_mailbox_shows_what_was_sent_as_it_was_sent(browser: Browser, shop: Installation) -> None:
    email = f"reader-{secrets.token_hex(4)}@example.jp"
    with window(browser, shop) as visitor, window(browser, shop) as office:
        sign_up(visitor, email=email)
        mails_to(shop, email, 1)
        office.log_in()
        office.open("/admin/mailbox/")
        office.page.fill("[name=to]", email)
        office.page.press("[name=to]", "Enter")
        office.page.click("td.title a")
        letter = office.page.frame_locator("iframe.jouren-letter")
        expect(letter.locator("body")).to_contain_text("下のボタンを押すと、お申し込みが完了します")
        found = flaws_at_every_width(office)
        with office.page.context.expect_page() as opened:
            letter.locator("a[href*='/confirm/']").first.click()
        expect(opened.value.locator(".notice")).to_contain_text("肌の手紙")
        assert found + office.complaints == []
