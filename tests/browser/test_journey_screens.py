"""The screens of a journey, as somebody reads them: on a phone, in the dark, with the menu beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.watching import Window, window
from tests.installation import Installation

JOURNEY = "お試しのあと（35日間）"
_ENDS = "title => { const box = title.getBoundingClientRect(); return [box.left, box.right, window.innerWidth]; }"
_NAMES = (
    "table => [...table.querySelectorAll('tbody tr:first-child td')]"
    ".map(cell => getComputedStyle(cell, '::before').content.replaceAll('\"', ''))"
)


@pytest.fixture
def office(browser: Browser, shop: Installation) -> Iterator[Window]:
    with window(browser, shop) as seen:
        seen.log_in()
        yield seen
        assert seen.complaints == []


def _open_figures(office: Window) -> None:
    office.open("/admin/journeys/")
    link = office.page.get_by_role("link", name=JOURNEY).get_attribute("href")
    office.open(str(link).replace("/edit/", "/inspect/"))


def test_the_menu_marks_the_journeys_while_a_report_is_open(office: Window) -> None:
    _open_figures(office)
    office.page.get_by_role("link", name="レポート", exact=True).click()
    expect(office.page.locator(".sidebar-menu-item--active")).to_have_text(["シナリオ"])
    expect(office.page).to_have_title(f"レポート: {JOURNEY} - Jouren")


def test_a_long_title_goes_on_in_the_next_line_of_a_phone(office: Window) -> None:
    office.page.set_viewport_size({"width": 390, "height": 900})
    _open_figures(office)
    office.page.get_by_role("link", name="レポート", exact=True).click()
    left, right, width = office.page.locator(".w-breadcrumbs li:last-child a").evaluate(_ENDS)
    assert 0 <= left < right <= width == 390


def test_figures_have_their_names_on_a_phone(office: Window) -> None:
    _open_figures(office)
    named = office.page.locator("table.jouren-flow").evaluate(_NAMES)
    assert set(named) == {"none"}
    office.page.set_viewport_size({"width": 390, "height": 900})
    named = office.page.locator("table.jouren-flow").evaluate(_NAMES)
    assert named == ["いまいる方", "送信済み", "開封", "クリック", "見送り", "ここで終了"]


def test_what_a_help_block_offers_can_be_read(office: Window) -> None:
    _open_figures(office)
    office.page.get_by_role("link", name="一時停止する…").click()
    office.page.get_by_role("button", name="一時停止", exact=True).click()
    _open_figures(office)
    expect(office.page.locator(".help-warning a.button")).to_be_visible()
    found = office.flaws(is_dark_too=True) + office.scrolls_sideways()
    office.page.locator(".help-warning a.button").click()
    office.page.get_by_role("button", name="再開", exact=True).click()
    assert found == []


def test_of_how_often_people_enter_only_what_counts_is_asked(office: Window) -> None:
    office.open("/admin/journeys/")
    office.page.get_by_role("link", name=JOURNEY).click()
    days, key = office.page.locator("[name=reentry_days]"), office.page.locator("[name=key]")
    expect(days).to_be_hidden()
    office.page.select_option("[name=reentry]", "after")
    expect(days).to_be_visible()
    expect(key).to_be_hidden()
    office.page.select_option("[name=reentry]", "keyed")
    expect(days).to_be_hidden()
    expect(key).to_be_visible()
