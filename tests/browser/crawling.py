"""Walking through every screen, and reading all that is on it: also what is folded away, and what only ears get."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Response

from tests.browser.watching import Window

# Each screen once, whichever of its objects it shows.
_NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{20}-\d+-\d+|(?<=/)\d+(?=/)")
# Of what Wagtail shows alike for every kind of thing, one: where it is used, how it is taken away, what was done to it.
_ALIKE = re.compile(r"^/admin/(?!journeys|messages|pages)[\w/]+/(usage|delete|history)/N/$")
# The pages of the help are documents: one shows how they are shown.
_HELP = re.compile(r"^/admin/help/[\w-]+/$")
# The menu is made by scripts, of a list in the source.
_LINK = re.compile(r'(?:href=|"url": )"(/[^"]*)"')
# Examples, and what people write, is in whatever language they like.
_WRITTEN = re.compile(r"<(pre|code|kbd|textarea)\b.*?</\1>", re.DOTALL)
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
_LEFT_OUT = re.compile(
    r"/admin/(logout|bulk|jsi18n|sprite|choose-|editing-sessions|autosize|account/delete)|/preview/|/export/|"
    r"/(documents|static|media|c|o|confirm|p|u)/|/convert_alias/|/unschedule|/view/|/revert/|/copy/|\.(css|js|svg|png|csv)$"
)
_READ = """() => {
    const read = [];
    // What only scripts read, a hidden date picker, counters that count nothing yet, and all time zones of the world.
    const unread = 'textarea[hidden], .xdsoft_datetimepicker, [data-side-panel-toggle-counter][hidden], '
        + '[name*=time_zone] option';
    const walk = (root) => {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
        for (let node = walker.currentNode; node; node = walker.nextNode()) {
            if (node.nodeType === Node.TEXT_NODE) {
                const parent = node.parentElement;
                if (parent && !parent.closest('script, style, noscript, code, pre, kbd') && !parent.closest(unread))
                    read.push(node.textContent);
            } else if (node.nodeType === Node.ELEMENT_NODE) {
                if (node.tagName === 'TEMPLATE') walk(node.content);
                for (const name of ['title', 'aria-label', 'placeholder', 'alt', 'data-w-tooltip-content-value'])
                    if (node.hasAttribute(name) && !node.closest(unread)) read.push(node.getAttribute(name));
                if (node.tagName === 'INPUT' && node.type === 'submit') read.push(node.value);
            }
        }
    };
    walk(document.body);
    read.push(document.title);
    return read.map((text) => text.replace(/\\s+/g, ' ').trim()).filter(Boolean);
}"""


def texts(seen: Window) -> list[str]:
    """All texts of the page that is open."""
    found: list[str] = seen.page.evaluate(_READ)
    return found


def source_of(answer: Response) -> str:
    """All that an answer holds but what people write, also what its scripts make of their data."""
    source = html.unescape(_WRITTEN.sub(" ", answer.text()))
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), source)


def screens(seen: Window, *starts: str) -> Iterator[tuple[str, str]]:
    """Open every page that links lead to from here, one of each kind, and give its path and its source."""
    waiting, known = deque(starts), set()
    while waiting:
        path = waiting.popleft()
        kind = _HELP.sub("/admin/help/N/", _ALIKE.sub(r"\1", _NUMBER.sub("N", path)))
        if kind in known:
            continue
        known.add(kind)
        answer = seen.open(path)
        if answer.status != 200 or "html" not in (answer.header_value("content-type") or ""):
            continue
        # Before whoever looks at it leaves it.
        source = source_of(answer)
        waiting += _links(_LINK.findall(source))
        yield path, source


def _links(links: list[str]) -> list[str]:
    paths = dict.fromkeys(urlsplit(link).path for link in links)
    return [path for path in paths if not _LEFT_OUT.search(path)]
