"""Formatted text: only what the editor can make, a paragraph a line, with pages named by their path."""

from __future__ import annotations

import re
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any

from django.utils.translation import gettext as _
from wagtail.models import Page

from jouren.files.codecs.base import Codec, Reading, Schema, Writing
from jouren.files.documents import Node

_TAGS = {"bold": {"b", "strong"}, "italic": {"i", "em"}, "link": {"a"}, "ol": {"ol", "li"}, "ul": {"ul", "li"}}
_ALWAYS = frozenset({"p", "br"})
_ATTRIBUTES = frozenset({"href", "linktype", "page"})
_SCHEMES = ("https:", "http:", "mailto:", "tel:", "#", "/", "{{")
_KEY = re.compile(r' data-block-key="[^"]*"')
_BETWEEN = re.compile(r"(</(?:p|h[1-6]|[ou]l)>|<hr */?>)(?=<)")
_BROKEN = re.compile(r"(</(?:p|h[1-6]|[ou]l)>|<hr */?>)\s*\n\s*(?=<|$)")
_STORED = re.compile(r'<a\b(?=[^>]*\blinktype="page")[^>]*\bid="(\d+)"[^>]*>')
_FILED = re.compile(r'<a\b(?=[^>]*\blinktype="page")[^>]*\bpage="([^"]*)"[^>]*>')


class ProseCodec(Codec):
    """HTML as the editor stores it."""

    def __init__(self, features: Any) -> None:
        self._tags = _ALWAYS.union(*(_TAGS.get(feature, {feature}) for feature in features or _TAGS))

    def write(self, raw: Any, to: Writing) -> Any:
        def named(found: re.Match[str]) -> str:
            page = to.names.name_of(Page, int(found[1]))
            return f'<a linktype="page" page="{escape(page or "")}">'

        plain = _STORED.sub(named, _KEY.sub("", raw or ""))
        return _BETWEEN.sub(r"\1\n", _BROKEN.sub(r"\1", plain))

    def read(self, node: Node, by: Reading, path: str) -> Any:
        if node.value is None:
            return ""
        if isinstance(node.value, dict | list):
            by.refuse(node.line, _("A text is wanted here. Put it between quotation marks."))
            return ""
        text = node.value if isinstance(node.value, str) else node.text
        for problem in _Checker(self._tags).problems_of(text):
            by.refuse(node.line, problem)

        def stored(found: re.Match[str]) -> str:
            return f'<a linktype="page" id="{by.find(node, Page, unescape(found[1]))}">'

        return _FILED.sub(stored, _BROKEN.sub(r"\1", text))

    def schema(self) -> Schema:
        return {"type": ["string", "null"], "contentMediaType": "text/html"}


class _Checker(HTMLParser):
    def __init__(self, tags: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._tags = tags
        self._problems: dict[str, None] = {}

    def problems_of(self, text: str) -> list[str]:
        """What may not stand in such a text."""
        self.feed(text)
        self.close()
        return list(self._problems)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._tags:
            known = ", ".join(sorted(self._tags))
            self._problems[
                _("<%(tag)s> is not allowed here. Allowed: %(known)s.") % {"tag": tag[:30], "known": known}
            ] = None
            return
        for name, value in attrs:
            is_link = name != "href" or (value or "").strip().lower().startswith(_SCHEMES)
            if tag != "a" or name not in _ATTRIBUTES or not is_link:
                text = _("%(attribute)s is not allowed in <%(tag)s>.")
                self._problems[text % {"attribute": f"{name}=“{(value or '')[:60]}”", "tag": tag}] = None

    def handle_comment(self, data: str) -> None:
        self._refuse_markup()

    def handle_decl(self, decl: str) -> None:
        self._refuse_markup()

    def unknown_decl(self, data: str) -> None:
        self._refuse_markup()

    def handle_pi(self, data: str) -> None:
        self._refuse_markup()

    def _refuse_markup(self) -> None:
        self._problems[_("Comments are not allowed in a formatted text.")] = None
