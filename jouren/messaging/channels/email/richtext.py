"""Rich text from the editor: cleaned HTML for a mail, and the same as plain text."""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser

import nh3
from wagtail.rich_text import expand_db_html

from jouren.messaging.channels.email.links import Links

_TAGS = {"h2", "h3", "p", "b", "strong", "i", "em", "ol", "ul", "li", "a", "br", "hr"}
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_HREF = re.compile(r'(<a\b[^>]*?\bhref=")([^"]*)(")', re.IGNORECASE)
_VOID = re.compile(r"<(br|hr)>")


def mail_html(source: str, links: Links) -> str:
    """Safe, well-formed HTML with placeholders for its links."""
    expanded = _HREF.sub(
        lambda found: found[1] + escape(links.add(unescape(found[2]))) + found[3], expand_db_html(source)
    )
    cleaned = nh3.clean(expanded, tags=_TAGS, attributes={"a": {"href"}}, link_rel=None, url_schemes={"https"})
    return _VOID.sub(r"<\1 />", cleaned)


def mend_expressions(source: str) -> str:
    """Template code reads as it was typed: ``{{ x|default(&quot;a&quot;) }}`` gets its quotation marks back."""
    return _EXPRESSION.sub(lambda found: unescape(found[0]), source)


def plain_text(html: str) -> str:
    """HTML of :func:`mail_html` as plain text: lists with dots, links followed by their address."""
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.pieces)).strip()


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._counters: list[int | None] = []
        self._link = ""
        self._link_start = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"ol", "ul"}:
            self._counters.append(0 if tag == "ol" else None)
        elif tag == "li":
            self.pieces.append(self._bullet())
        elif tag == "a":
            self._link = dict(attrs).get("href") or ""
            self._link_start = len(self.pieces)
        elif tag == "br":
            self.pieces.append("\n")
        elif tag == "hr":
            self.pieces.append("\n--------\n\n")
        elif tag == "h2":
            self.pieces.append("■ ")
        elif tag == "h3":
            self.pieces.append("● ")

    def _bullet(self) -> str:
        counter = self._counters[-1] if self._counters else None
        if counter is None:
            return "・"
        self._counters[-1] = counter + 1
        return f"{counter + 1}. "

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "h2", "h3"}:
            self.pieces.append("\n\n")
        elif tag == "li":
            self.pieces.append("\n")
        elif tag in {"ol", "ul"}:
            if self._counters:
                self._counters.pop()
            self.pieces.append("\n")
        elif tag == "a" and self._link:
            self.pieces.append(f"\n{self._link}\n")
            self._link = ""

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
