"""What the documents point to is there, and every page stands where people look for it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.utils import translation
from markdown_it import MarkdownIt
from markdown_it.token import Token

from jouren.backoffice.help.areas import AREAS, KNOWN, PAGE_OF
from scripts.reference import stale

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
_PARSER = MarkdownIt("commonmark").enable("table")
_INDEXED = ("how-to", "tutorial", "subsystems", "adr", "deploying")
_tokens: dict[Path, list[Token]] = {}


def tokens(page: Path) -> Iterator[Token]:
    """All parts of a page, inline ones too."""
    if page not in _tokens:
        _tokens[page] = _PARSER.parse(page.read_text("utf-8"))
    for token in _tokens[page]:
        yield token
        yield from token.children or []


def targets(page: Path) -> Iterator[str]:
    """Where a page's links and pictures lead."""
    for token in tokens(page):
        target = token.attrGet("href") or token.attrGet("src")
        if target is not None:
            yield str(target)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site name them."""
    found: Counter[str] = Counter()
    names: set[str] = set()
    parts = list(tokens(page))
    for opening, text in pairwise(parts):
        if opening.type == "heading_open":
            plain = "".join(part.content for part in text.children or [] if part.type in {"text", "code_inline"})
            slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
            names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
            found[slug] += 1
    return names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in targets(page):
        parts = urlsplit(target)
        if parts.scheme:
            assert parts.scheme in {"http", "https", "mailto"}, target
            continue
        there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        assert there.is_relative_to(ROOT), target
        assert there.is_file(), f"{target}: no such file"
        if parts.fragment and there.suffix == ".md":
            assert unquote(parts.fragment) in anchors(there), f"{target}: no such heading"


@pytest.mark.parametrize("folder", _INDEXED)
def test_every_page_stands_in_its_index(folder: str) -> None:
    index = next(each for name in ("index.md", "README.md") if (each := DOCS / folder / name).exists())
    assert {path.name for path in index.parent.glob("*.md")} - {index.name} <= set(targets(index))


def test_pages_in_japanese_have_the_names_of_the_english_ones() -> None:
    japanese = {path.relative_to(DOCS / "ja") for path in (DOCS / "ja").rglob("*.md")}
    assert japanese <= {path.relative_to(DOCS) for path in DOCS.rglob("*.md")}


def test_the_reference_says_what_the_code_says() -> None:
    assert stale() == [], "make reference"


def test_the_help_of_the_back_office_lists_what_the_index_lists() -> None:
    listed: dict[str, list[str]] = {}
    area = ""
    parts = list(tokens(DOCS / "how-to/index.md"))
    for opening, text in pairwise(parts):
        if opening.type == "heading_open" and opening.tag == "h2":
            area = text.content
        elif opening.type == "link_open" and area:
            listed.setdefault(area, []).append(str(opening.attrGet("href")).removesuffix(".md"))
    with translation.override("en"):
        offered = {str(area.label): list(area.pages) for area in AREAS}
    assert offered == {"First steps": [path.stem for path in (DOCS / "tutorial").glob("[!i]*.md")]} | listed
    assert set(PAGE_OF.values()) <= KNOWN
