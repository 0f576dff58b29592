"""A journey is tried out with a made-up person, and over what has happened; and a fate is explained."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.test_screens import flaws_at_every_width
from tests.browser.watching import window
from tests.installation import Installation


def test_a_journey_is_tried_out_and_a_person_explained(browser: Browser, shop: Installation) -> None:
    with window(browser, shop, locale="en") as office:
        office.log_in()
        office.open("/admin/journeys/")
        inspect = str(office.page.locator("td a[href*='/admin/journeys/']").first.get_attribute("href"))
        office.open(inspect.replace("/edit/", "/inspect/"))
        office.page.get_by_role("link", name="Try it with a person").click()
        office.page.fill("[name=buys_on]", "8")
        office.page.get_by_role("button", name="Show the days").click()
        expect(office.page.locator(".jouren-lines li").first).to_be_visible()
        found = flaws_at_every_width(office)
        office.page.get_by_role("link", name="Back to the journey").click()
        office.page.get_by_role("link", name="Dry run…").click()
        found += flaws_at_every_width(office)
        office.page.get_by_role("button", name="Start", exact=True).click()
        expect(office.page.get_by_role("heading", name="Step by step")).to_be_visible(timeout=60_000)
        found += flaws_at_every_width(office)
        office.open("/admin/people/")
        office.open(str(office.page.locator("td a[href*='/admin/people/']").first.get_attribute("href")))
        office.page.get_by_role("button", name="Explain").click()
        expect(office.page.locator(".jouren-chain .jouren-lines li").first).to_be_visible()
        found += flaws_at_every_width(office)
        assert found + office.complaints == []
