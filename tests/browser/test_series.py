"""What the author of a series does: makes it, imports letters, puts them in order, and has a journey send it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.test_screens import flaws_at_every_width
from tests.browser.watching import Window, window
from tests.installation import Installation

TABLE = """\
件名,本文
三通目のはずの手紙,"{{ contact.name }} 様

三つ目です。"
一通目の手紙,こんにちは
二通目の手紙,こんばんは
壊れた手紙,{{ contact.nmae }}
"""


def expect_subjects(office: Window, *subjects: str) -> None:
    expect(office.page.locator(".jouren-item .jouren-name")).to_have_text(list(subjects))


def test_an_author_imports_a_series_puts_it_in_order_and_has_a_journey_send_it(
    browser: Browser, shop: Installation, tmp_path: Path
) -> None:
    letters = tmp_path / "letters.csv"
    letters.write_text(TABLE, encoding="cp932")
    with window(browser, shop, locale="en") as office:
        page = office.page
        office.log_in()
        office.open("/admin/series/")
        page.click("a:has-text('New series')")
        page.fill("[name=name]", "朝の手紙")
        page.check("[name=every][value=weekdays]")
        page.check("[name=weekdays][value='0']")
        page.check("[name=weekdays][value='3']")
        found = flaws_at_every_width(office)
        page.click("button:has-text('Make the series')")

        page.click("a:has-text('Import messages')")
        page.set_input_files("[name=upload]", letters)
        found += flaws_at_every_width(office)
        page.click("button:has-text('Read the files')")
        expect(page.locator(".jouren-faults li")).to_contain_text("letters.csv, line 7")
        found += flaws_at_every_width(office)
        page.click("button:has-text('Import 3 messages')")
        expect(page.locator(".messages")).to_contain_text("3 messages are in the series")
        expect_subjects(office, "三通目のはずの手紙", "一通目の手紙", "二通目の手紙")

        page.click("[aria-label='More about number 1']")
        page.fill("[aria-label='More about number 1'] + div [name=to]", "3")
        page.click("[aria-label='More about number 1'] + div button:has-text('Move')")
        expect_subjects(office, "一通目の手紙", "二通目の手紙", "三通目のはずの手紙")
        found += flaws_at_every_width(office)

        page.click("a:has-text('Publish…')")
        found += flaws_at_every_width(office)
        page.click("button:has-text('Publish the series')")
        expect(page.locator(".messages")).to_contain_text("Published as version 1.")

        office.open("/admin/journeys/add/")
        page.fill("[name=name]", "朝の手紙を届ける")
        page.click("[data-contentpath=trigger] button[title='Insert a block']")
        page.click("[role=option]:has-text('By hand, by import')")
        page.click("[data-contentpath=steps] button[title='Insert a block']")
        page.click("[role=option]:has-text('Send a series')")
        page.select_option("[data-contentpath=series] select", label="朝の手紙")
        page.click("footer [data-w-dropdown-target=toggle]")
        page.click("button[name=action-publish]")
        expect(page.locator(".messages")).to_contain_text("朝の手紙を届ける")

        office.open("/admin/series/")
        page.click("a:has-text('朝の手紙')")
        expect(page.locator("main")).to_contain_text("Sent by: 朝の手紙を届ける")
        assert found + office.complaints == []
