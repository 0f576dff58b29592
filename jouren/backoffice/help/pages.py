"""Reads a page of docs/ for a reader of a language, and makes HTML of it.

The same files are read on GitHub and by the site's generator, so here a link to another page of the help leads to its
screen, and one to anything else becomes plain words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from jouren.backoffice.help.areas import KNOWN

DOCS = Path(__file__).resolve().parents[3] / "docs"
_FOLDERS = ("how-to", "tutorial")
_SOURCE_LANGUAGE = "en"
# Raw HTML stays text; addresses of scripts are refused by the parser.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_NO_SLUG = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Page:
    """One page of help. ``language`` is the one that it is written in."""

    name: str
    title: str
    language: str
    body: SafeString


@dataclass(frozen=True)
class Entry:
    """A page in a list."""

    name: str
    title: str
    language: str


def read_page(name: str, language: str) -> Page | None:
    """The page in this language, in English where it is not written yet; None where there is no such page."""
    found = _find(name, language)
    if found is None:
        return None
    path, written_in = found
    tokens = _MARKDOWN.parse(path.read_text("utf-8"))
    title = _take_title(tokens) or name
    tokens = [token for token in tokens if not (_is_directive(token) or _is_picture(token))]
    _name_headings(tokens)
    for token in tokens:
        if token.children:
            token.children = _mended(token.children, path.parent)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    # What is wide is moved by itself, and by the keyboard too.
    html = html.replace("<table>", '<div class="jouren-wide" tabindex="0"><table class="listing">')
    html = html.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    # Made by the renderer, of texts that it has escaped.
    return Page(name, title, written_in, mark_safe(html))  # noqa: S308


def read_entry(name: str, language: str) -> Entry | None:
    """What a list says of a page; None where there is no such page."""
    found = _find(name, language)
    if found is None:
        return None
    path, written_in = found
    with path.open(encoding="utf-8") as lines:
        heading = next((line for line in lines if line.startswith("# ")), f"# {name}")
    return Entry(name, heading.removeprefix("# ").strip(), written_in)


def _find(name: str, language: str) -> tuple[Path, str] | None:
    if name not in KNOWN:
        return None
    homes = [] if language == _SOURCE_LANGUAGE else [(DOCS / language, language)]
    for home, written_in in [*homes, (DOCS, _SOURCE_LANGUAGE)]:
        for folder in _FOLDERS:
            if (path := home / folder / f"{name}.md").is_file():
                return path, written_in
    return None


def _take_title(tokens: list[Token]) -> str:
    """Remove the page's own heading, which the screen shows by itself, and give its text."""
    if len(tokens) < 3 or tokens[0].tag != "h1":
        return ""
    title = _plain(tokens[1])
    del tokens[:3]
    return title


def _is_directive(token: Token) -> bool:
    return token.type == "fence" and token.info.startswith("{")


def _is_picture(token: Token) -> bool:
    """Whether a paragraph is nothing but a picture: whoever reads the help has the screens themselves."""
    return token.type == "inline" and [part.type for part in token.children or []] == ["image"]


def _plain(inline: Token) -> str:
    return "".join(part.content for part in inline.children or [] if part.type in {"text", "code_inline"})


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give headings the anchors that links in the pages mean."""
    found: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            slug = _NO_SLUG.sub("", _plain(inline).strip().lower()).replace(" ", "-")
            opening.attrSet("id", f"{slug}-{found[slug]}" if found[slug] else slug)
            found[slug] += 1


def _mended(parts: Sequence[Token], folder: Path) -> list[Token]:
    """A paragraph's parts: links that lead nowhere in the back office are none, pictures are told in words."""
    kept: list[Token] = []
    is_link = True
    for part in parts:
        if part.type == "link_open":
            target = _target(str(part.attrGet("href")), folder)
            is_link = bool(target)
            if not is_link:
                continue
            part.attrSet("href", target)
            if "://" in target:
                part.attrSet("rel", "noreferrer")
        elif part.type == "link_close" and not is_link:
            continue
        kept.append(Token("text", "", 0, content=part.content) if part.type == "image" else part)
    return kept


def _target(href: str, folder: Path) -> str:
    """Where a link of a page in ``folder`` leads in the back office; empty where it leads nowhere."""
    parts = urlsplit(href)
    if parts.scheme:
        return href if parts.scheme in {"http", "https"} else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    if not parts.path:
        return fragment
    path = (folder / parts.path).resolve()
    if path.suffix != ".md" or path.parent.name not in _FOLDERS:
        return ""
    if path.stem == "index":
        return reverse("help:index")
    return reverse("help:page", args=[path.stem]) + fragment if path.stem in KNOWN else ""
