"""A browser, and the running demo shop it looks at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from scripts.ensure_chromium import find_chromium
from tests.installation import Installation, copy_of

_SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


# Not for the session: while Playwright runs, this thread has an event loop, in which Django refuses to query.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or the one that Playwright fetched."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(_SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shop(template: Installation) -> Iterator[Installation]:
    """A demo shop that keeps its mail in the local mailbox."""
    with copy_of(template) as running:
        yield running
