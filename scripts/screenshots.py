"""Takes the pictures of docs/images from a demo that runs: ``screenshots.py http://127.0.0.1:8000 .jouren/demo``.

The second argument is the demo's data folder, where its password is. Each picture is taken in Japanese and in English,
1280 pixels wide (a phone's as wide as a phone), with few colours, so that it stays small. Take them from a fresh demo.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from ensure_chromium import find_chromium, find_playwrights_own
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs/images"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
LARGEST = 150_000
_CALM = "*, *::before, *::after { animation: none !important; transition: none !important; }"


def main(base: str, home: Path) -> None:
    """Take all pictures."""
    password = (home / "demo_password").read_text("utf-8").strip()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium() or find_playwrights_own(), args=["--no-sandbox"]
        )
        for language in ("en", "ja"):
            _desk(chromium, base, password, language)
        _phone(chromium, base)
        chromium.close()


def _desk(chromium: Browser, base: str, password: str, language: str) -> None:
    context = chromium.new_context(locale=language, viewport=DESK, color_scheme="light", reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{base}/admin/login/")
    page.fill("#id_username", "demo@example.jp")
    page.fill("#id_password", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{base}/admin/")
    shots: dict[str, Callable[[Page, str], None]] = {"home": _home, "person": _person, "journey": _journey}
    for name, show in shots.items():
        page.set_viewport_size(DESK)
        show(page, base)
        _take(page, f"{name}-{language}")
    context.close()


def _home(page: Page, base: str) -> None:
    """From the top of the screen to the foot of the pyramid."""
    page.goto(f"{base}/admin/")
    pyramid = page.locator(".jouren-pyramid").first
    pyramid.wait_for()
    foot = int(pyramid.evaluate("it => it.getBoundingClientRect().bottom"))
    page.set_viewport_size({**DESK, "height": max(DESK["height"], foot + 24)})


def _person(page: Page, base: str) -> None:
    """The timeline of somebody who has bought."""
    for stage in ("regular", "existing", "trial", "prospect"):
        page.goto(f"{base}/admin/people/stage/{stage}/")
        people = page.locator("td a[href*='/admin/people/'], th a[href*='/admin/people/']")
        links = [str(link.get_attribute("href")) for link in people.all()]
        found = next((link for link in links if re.search(r"/people/[0-9a-f-]{36}/$", link)), None)
        if found:
            page.goto(base + found)
            return
    sys.exit("The demo has no people.")


def _journey(page: Page, base: str) -> None:
    """The editor of a journey, with its preview."""
    page.goto(f"{base}/admin/journeys/")
    page.locator("a[href*='/admin/journeys/edit/']").first.click()
    page.locator("[data-side-panel-toggle='preview']").click()
    page.locator("iframe[title]").first.wait_for()
    page.wait_for_load_state("networkidle")


def _phone(chromium: Browser, base: str) -> None:
    """The page of somebody who signs up: its beginning, and beside it its form."""
    context = chromium.new_context(locale="ja", viewport=PHONE, device_scale_factor=2, is_mobile=True)
    page = context.new_page()
    page.goto(f"{base}/letters/")
    page.add_style_tag(content=_CALM)
    beginning = page.screenshot()
    page.locator("form").first.evaluate("it => it.scrollIntoView({block: 'start', behavior: 'instant'})")
    _keep("letters", beginning, page.screenshot())
    context.close()


def _take(page: Page, name: str) -> None:
    page.add_style_tag(content=_CALM)
    _keep(name, page.screenshot())


def _keep(name: str, *shots: bytes) -> None:
    """Side by side, with few colours."""
    pictures = [Image.open(BytesIO(shot)).convert("RGB") for shot in shots]
    gap = 40
    width = sum(each.width for each in pictures) + gap * (len(pictures) - 1)
    whole = Image.new("RGB", (width, pictures[0].height), "white")
    left = 0
    for each in pictures:
        whole.paste(each, (left, 0))
        left += each.width + gap
    path = FOLDER / f"{name}.png"
    whole.quantize(colors=128, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size // 1000} kB" + (" (too large)" if size > LARGEST else ""))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
