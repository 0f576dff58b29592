"""A browser window that remembers what went wrong in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, ViewportSize

from tests.installation import OWNER, Installation

# What Chromium says of itself without a screen counts as a machine, and machines' clicks count for nothing.
PERSON = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


# A page's own rules for styles may allow no <style>, and do not ask about this.
_STILL = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
    document.adoptedStyleSheets.push(sheet);
    // All signs that the back office has, on every page: a third of its parts, and none that anybody sees.
    document.querySelector("[data-sprite]")?.replaceChildren();
}"""


_VIOLATIONS = "([scope, options]) => axe.run(scope, options).then(results => results.violations)"
# Contrast is dear to measure, and the same letters on the same ground are on every screen. So of the texts that look
# alike (their letters, and all that is painted behind them) one is measured for each window and theme. What lies over
# something else by its position alone is told apart by its classes too. ``known``: looks of those before.
_CONTRAST = """async ([left_out, known, options]) => {
    const before = new Set(known), fresh = new Map();
    const skipped = left_out.join(', ');
    const number = (text) => {
        let hash = 5381;
        for (let at = 0; at < text.length; at++) hash = (hash * 33 ^ text.charCodeAt(at)) | 0;
        return hash;
    };
    const grounds = new Map();
    const ground = (element) => {
        if (!element) return '';
        if (!grounds.has(element)) {
            const style = getComputedStyle(element), below = ground(element.parentElement);
            const is_bare = style.backgroundColor === 'rgba(0, 0, 0, 0)' && style.backgroundImage === 'none';
            const own = is_bare && style.opacity === '1'
                ? '' : `${style.backgroundColor} ${style.backgroundImage} ${style.opacity}|`;
            const over = ['static', 'relative'].includes(style.position) ? '' : `${element.getAttribute('class')}|`;
            grounds.set(element, over + own + below);
        }
        return grounds.get(element);
    };
    for (const element of document.body.querySelectorAll('*')) {
        const is_field = ['INPUT', 'TEXTAREA', 'SELECT'].includes(element.tagName);
        const has_text = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!is_field && !has_text || !element.getClientRects().length || element.closest(skipped)) continue;
        const style = getComputedStyle(element);
        const look = number([
            style.color, style.fontSize, style.fontWeight, style.textShadow, ground(element), is_field,
            element.matches(':disabled, [aria-disabled=true]'),
        ].join('|'));
        if (!before.has(look) && !fresh.has(look)) fresh.set(look, element);
    }
    if (!fresh.size) return [[], []];
    const results = await axe.run({include: [...fresh.values()], exclude: left_out}, options);
    return [[...fresh.keys()], results.violations];
}"""
_MENU = "#wagtail-sidebar"
# Wagtail's own map of a page's parts, which cannot be moved by keys while it is folded away.
_MAP = ".w-minimap"
_axe = Axe()

# A letter in the mailbox stands in a frame that nobody may talk to.
_QUICK: dict[str, Any] = {"resultTypes": ["violations"], "preload": False, "selectors": False, "iframes": False}
# What axe never calls serious is not looked for; contrast is measured apart.
_MILD = (
    "aria-allowed-role", "empty-heading", "empty-table-header", "form-field-multiple-labels", "heading-order",
    "html-xml-lang-mismatch", "image-redundant-alt", "landmark-banner-is-top-level",
    "landmark-complementary-is-top-level", "landmark-contentinfo-is-top-level", "landmark-main-is-top-level",
    "landmark-no-duplicate-banner", "landmark-no-duplicate-contentinfo", "landmark-no-duplicate-main",
    "landmark-one-main", "landmark-unique", "meta-viewport-large", "page-has-heading-one",
    "presentation-role-conflict", "region", "skip-link", "table-duplicate-name",
)  # fmt: skip
_STRUCTURE = {**_QUICK, "rules": {rule: {"enabled": False} for rule in (*_MILD, "color-contrast")}}

PHONE: ViewportSize = {"width": 390, "height": 900}

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


class Window:
    """One tab of one visitor. ``complaints`` are script errors, server errors and requests to anybody else."""

    def __init__(self, page: Page, shop: Installation) -> None:
        self.page = page
        self.shop = shop
        self.complaints: list[str] = []
        self._is_menu_known = self._has_axe = False
        self._looks: dict[tuple[Theme, bool], set[int]] = defaultdict(set)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def open(self, path: str) -> Response:
        """Go to a path of the shop."""
        response = self.page.goto(self.shop.url + path)
        assert response is not None
        return response

    def hold_still(self) -> None:
        """Let nothing of the page be on its way: a colour that turns into another is neither. Its signs go."""
        self.page.evaluate(_STILL)

    def flaws(self, *, is_dark_too: bool = False) -> list[str]:
        """What axe finds serious on the page that is open; in the dark theme, of what a theme changes.

        The menu, which is the same on every screen, is looked at once for each window.
        """
        left_out = [_MAP, *[_MENU] * self._is_menu_known]
        self._is_menu_known |= self.page.locator(_MENU).count() > 0
        self.hold_still()
        self._bring_axe()
        found = self._serious(THEMES[0], self.page.evaluate(_VIOLATIONS, [{"exclude": left_out}, _STRUCTURE]))
        for theme in THEMES[: 1 + is_dark_too]:
            self.page.emulate_media(color_scheme=theme)
            known, options = self._looks[theme, is_dark_too], {**_QUICK, "runOnly": ["color-contrast"]}
            looks, violations = self.page.evaluate(_CONTRAST, [left_out, list(known), options])
            known.update(looks)
            found += self._serious(theme, violations)
        if is_dark_too:
            self.page.emulate_media(color_scheme=THEMES[0])
        return found

    def _bring_axe(self) -> None:
        """Pages that are opened from now on come with it: sending it to each takes longer."""
        if not self._has_axe:
            self.page.add_init_script(_axe.axe_script)
            self._has_axe = True
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe.axe_script)

    def _serious(self, theme: Theme, violations: list[dict[str, Any]]) -> list[str]:
        return [
            f"{self.page.url} ({theme}) {violation['id']}: {node['html'][:200]}"
            for violation in violations
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ]

    def scrolls_sideways(self, size: ViewportSize | None = None) -> list[str]:
        """That the page which is open has to be moved sideways to be read, or nothing. ``size``: in such a window."""
        before = self.page.viewport_size
        if size is not None:
            self.page.set_viewport_size(size)
        is_wide = self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        if size is not None and before is not None:
            self.page.set_viewport_size(before)
        return [f"{self.page.url} scrolls sideways"] * is_wide

    def log_in(self) -> None:
        """Into the back office, as the owner."""
        self.open("/admin/login/")
        self.page.fill("#id_username", OWNER)
        self.page.fill("#id_password", self.shop.password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url("**/admin/")

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that is not there is one of the things we look at; the browser calls that an error. So it does when the
        # mailbox holds a mail's pictures back, because reading there is no opening.
        held_back = "img-src" in message.text and "/admin/mailbox/" in self.page.url
        if message.type in {"error", "warning"} and "status of 4" not in message.text and not held_back:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.shop.url}/", "data:", "blob:")):
            self.complaints.append(f"{self.page.url} asks {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.url}: {response.status}")


@contextmanager
def window(browser: Browser, shop: Installation, **options: Any) -> Iterator[Window]:
    """A window of a new visitor (``locale``, ``viewport`` …), who never met the shop before."""
    # What moves in would be looked at half-way.
    looks = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
    defaults = {"user_agent": PERSON, "locale": "ja", **looks}
    context = browser.new_context(**(defaults | options))
    try:
        yield Window(context.new_page(), shop)
    finally:
        context.close()
