"""Filling in the demo shop's form as a person does."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.watching import Window

# A form that is sent faster than people type is shown again.
_TYPING_MS = 1600


def fill_in(visitor: Window, path: str = "/letters/", **answers: str) -> None:
    """Open the page, fill in the fields named (``email``, ``family_name`` …), agree, and press the button."""
    page = visitor.page
    visitor.open(path)
    for name, answer in answers.items():
        page.fill(f"[name={name}]", answer)
    page.check("text=夕方になると肌が乾く")
    page.check("[name=consent]")
    page.wait_for_timeout(_TYPING_MS)
    page.click("form button[type=submit]")


def sign_up(visitor: Window, path: str = "/letters/", **answers: str) -> None:
    """Fill in the form, and be told to look into the mailbox."""
    fill_in(visitor, path, **answers)
    expect(visitor.page.locator(".notice-mail")).to_contain_text("お申し込みありがとうございます")
