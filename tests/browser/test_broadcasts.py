"""What an author does: writes a draft of two versions, looks at it, sends it, and reads what became of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from jouren.core.loops import wait_until
from tests.browser.watching import Window, window
from tests.installation import Installation, copy_of
from tests.smtp_server import ScriptedServer, scripted_server, text_of


@pytest.fixture
def sink() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def shop(template: Installation, sink: ScriptedServer) -> Iterator[Installation]:
    with copy_of(template, email_url=f"smtp://127.0.0.1:{sink.port}") as running:
        yield running


def go_on(seen: Window) -> None:
    seen.page.click("text=Save and go on")


def test_an_author_sends_a_newsletter(browser: Browser, shop: Installation, sink: ScriptedServer) -> None:
    with window(browser, shop, locale="en") as office:
        page = office.page
        office.log_in()
        office.open("/admin/broadcasts/")
        page.fill("#broadcast-name", "冬の号")
        page.click("text=Begin a draft")
        page.select_option("#id_message_0", label="便り 冬至のお風呂")
        page.click("text=Test other versions against it")
        page.fill("#id_subject_1", "{{ contact.nonsense }}")
        go_on(office)
        expect(page.locator(".jouren-error")).to_contain_text("Unknown variable")
        page.fill("#id_subject_1", "{{ contact.name }}へ、冬至の便り")
        go_on(office)
        page.click("text=Add a condition")
        page.locator("jouren-condition select").nth(1).select_option("contact.confirmed")
        go_on(office)
        expect(page.locator("#id_day")).to_be_hidden()
        page.check("text=Again and again")
        expect(page.locator("#id_month_days")).to_be_visible()
        page.check("text=At once")
        go_on(office)
        page.fill("#id_test_percent", "100")
        page.check("text=Show it in the archive on the web")
        go_on(office)
        expect(page.locator(".jouren-told h2")).to_have_text("It would go to 20 people")
        page.click("text=Send it to 20 people now")
        expect(page.locator(".messages")).to_contain_text("It is being sent.")
        assert wait_until(lambda: len(sink.letters) >= 20, 60), sink.recipients
        assert len(set(sink.recipients)) == len(sink.recipients) == 20
        mails = [sink.mail_to(recipient) for recipient in sink.recipients]
        subjects = {str(mail["Subject"]) for mail in mails}
        assert "冬至のお風呂のあとに、肌のことを少し" in subjects
        assert any(subject.endswith("様へ、冬至の便り") for subject in subjects)
        assert all("冬至" in text_of(mail, "plain") for mail in mails)
        assert wait_until(lambda: _is_sent(office), 60)
        expect(page.locator(".jouren-tiles li").first).to_contain_text("20")
        office.open("/backnumber/")
        page.click("text=冬至のお風呂のあとに、肌のことを少し")
        expect(page.locator("body")).to_contain_text("お客様、こんにちは。")
        assert not office.complaints, office.complaints


def _is_sent(office: Window) -> bool:
    office.page.reload()
    return "Sent" in str(office.page.locator(".w-status").first.text_content())
