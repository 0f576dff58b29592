"""Markdown as the blocks of a mail: text, buttons, quotes.

Only what a mail's text can hold is made, tag by tag, from the parser's tokens; nothing of the source is ever taken as
HTML. HTML in the source is refused, for its author would miss it. A line that is broken stays broken: Japanese has no
spaces that a joined line could have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

from jouren.messaging.channels.email.links import Links
from jouren.messaging.errors import TemplateProblem
from jouren.messaging.publishing import allowed_variables, shown_variables
from jouren.messaging.templating import variables_of

MAX_TEXT = 20_000
MAX_BUTTON = 60
MAX_URL = 2_000

# HTML is let through by the parser alone, so that it can be seen and refused.
_PARSER = MarkdownIt("commonmark", {"html": True, "linkify": False})
# Which addresses are fit for a mail, and how they are written, is for the mail's own rules to say, once for all.
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]
_PARSER.normalizeLink = lambda url: url  # type: ignore[method-assign]
_TAGS = {
    "paragraph": "p",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "strong": "b",
    "em": "i",
}
_URL = re.compile(r"https?://[^\s<>\"'「」『』（）【】、。，．｡､]+")
_SOURCE = re.compile(r"^\s*(?:—|――?|--|–)\s*(\S.*)$")


@dataclass
class Written:
    """What a text came to. ``heading``: its first line, if that is a heading and the subject was asked for.

    ``problems`` keep it from being made; ``notes`` only say what became of something. Each has the line it is about.
    """

    blocks: list[dict[str, Any]] = field(default_factory=list)
    heading: str = ""
    problems: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)


def read_markdown(text: str, *, first_line: int = 1, heading_is_subject: bool = False) -> Written:
    """The blocks of a mail whose text this is. ``first_line``: the number of its first line in the file."""
    written = Written()
    if len(text) > MAX_TEXT:
        told = {"most": f"{MAX_TEXT:,}", "length": f"{len(text):,}"}
        written.problems.append(
            (first_line, _("The text has %(length)s characters; %(most)s are the most for a message.") % told)
        )
        return written
    tokens = _PARSER.parse(text)
    if heading_is_subject and len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        written.heading = _plain(tokens[1].children or [])
        tokens = tokens[3:]
    _Writer(written, first_line).write(tokens)
    written.problems += [(first_line + ahead, problem) for ahead, problem in _template_problems(text)]
    return written


def _template_problems(text: str) -> list[tuple[int, str]]:
    """What is wrong with the placeholders of a text, with how many lines stand before each."""
    try:
        unknown = variables_of(text) - allowed_variables()
    except TemplateProblem as problem:
        return [(0, _("The template has a mistake: %(problem)s") % {"problem": problem})]
    known = ", ".join(sorted(shown_variables()))
    return [
        (
            _lines_before(name, text),
            _("Unknown variable {{ %(name)s }}. Known are: %(known)s.") % {"name": name, "known": known},
        )
        for name in sorted(unknown)
    ]


def _lines_before(name: str, text: str) -> int:
    """How many lines stand before the first one that has a placeholder of that name."""
    found = re.search(rf"{{[{{%][^}}]*?(?<![\w.]){re.escape(name)}(?![\w.])", text)
    return text.count("\n", 0, found.start()) if found else 0


class _Writer:
    """Turns the parser's tokens into blocks. Text that follows text is one block."""

    def __init__(self, written: Written, first_line: int) -> None:
        self._written = written
        self._first_line = first_line
        self._line = first_line
        self._html: list[str] = []
        self._refused: set[int] = set()

    def write(self, tokens: Sequence[Token]) -> None:
        for group in _top_level(tokens):
            first = group[0]
            self._line = self._first_line + (first.map[0] if first.map else 0)
            if first.type == "blockquote_open":
                self._add("quote", self._quote(group))
            elif button := self._button(group):
                self._add("button", button)
            else:
                self._html += self._blocks(group)
        self._close_text()

    def _add(self, kind: str, value: dict[str, str]) -> None:
        self._close_text()
        self._written.blocks.append({"type": kind, "value": value})

    def _close_text(self) -> None:
        if self._html:
            self._written.blocks.append({"type": "text", "value": "".join(self._html)})
            self._html = []

    def _button(self, group: Sequence[Token]) -> dict[str, str] | None:
        """A paragraph of nothing but a link whose words are not its address."""
        if group[0].type != "paragraph_open":
            return None
        inner = [token for token in group[1].children or [] if token.content or token.type != "text"]
        if len(inner) < 2 or inner[0].type != "link_open" or [t.type for t in inner].count("link_open") > 1:
            return None
        text, url = _plain(inner[1:-1]), str(inner[0].attrGet("href") or "")
        if inner[-1].type != "link_close" or any(token.type == "image" for token in inner):
            return None
        if not text or len(text) > MAX_BUTTON or text == url or _URL.fullmatch(text):
            return None
        self._check_link(url)
        return {"text": text, "url": url}

    def _quote(self, group: Sequence[Token]) -> dict[str, str]:
        paragraphs = []
        for token in group:
            if token.type == "inline":
                self._refuse_html(token.children or [])
                paragraphs.append(_plain(token.children or [], breaks="\n"))
            elif token.type in {"fence", "code_block"}:
                paragraphs.append(token.content.strip())
            elif token.type == "html_block":
                self._refuse(token)
        lines = "\n\n".join(paragraphs).split("\n")
        source = _SOURCE.match(lines[-1]) if len(lines) > 1 else None
        text = "\n".join(lines[:-1] if source else lines).strip()
        return {"text": text, "source": source[1][:200] if source else ""}

    def _blocks(self, tokens: Sequence[Token]) -> Iterator[str]:
        for token in tokens:
            if token.map:
                self._line = self._first_line + token.map[0]
            name, _underscore, end = token.type.rpartition("_")
            if token.type == "inline":
                yield from self._inline(token.children or [])
            elif token.type == "hr":
                yield "<hr/>"
            elif token.type in {"fence", "code_block"}:
                yield f"<p>{'<br/>'.join(escape(line) for line in token.content.rstrip().splitlines())}</p>"
            elif token.type == "html_block":
                self._refuse(token)
            elif name == "heading":
                tag = "h2" if token.tag in {"h1", "h2"} else "h3"
                yield f"<{tag}>" if end == "open" else f"</{tag}>"
            elif name in _TAGS and not token.hidden:
                yield f"<{_TAGS[name]}>" if end == "open" else f"</{_TAGS[name]}>"
            elif name == "blockquote":
                pass  # within a list: its text stays, without its mark

    def _inline(self, tokens: Sequence[Token]) -> Iterator[str]:
        linked = 0
        for token in tokens:
            if token.type == "text":
                yield escape(token.content) if linked else self._with_links(token.content)
            elif token.type in {"softbreak", "hardbreak"}:
                yield "<br/>"
            elif token.type == "code_inline":
                yield escape(token.content)
            elif token.type == "link_open":
                linked += 1
                yield self._link_open(str(token.attrGet("href") or ""))
            elif token.type == "link_close":
                linked -= 1
                yield "</a>"
            elif token.type == "image":
                yield self._picture(token, is_linked=bool(linked))
            elif token.type == "html_inline":
                self._refuse(token)
            elif token.tag in {"strong", "em"}:
                tag = _TAGS[token.tag]
                yield f"<{tag}>" if token.nesting == 1 else f"</{tag}>"

    def _with_links(self, text: str) -> str:
        """Addresses that stand in the text as they are become links."""
        pieces, end = [], 0
        for found in _URL.finditer(text):
            url = found[0].rstrip(".,;:!?)")
            pieces += [escape(text[end : found.start()]), self._link_open(url), escape(url), "</a>"]
            end = found.start() + len(url)
        return "".join([*pieces, escape(text[end:])])

    def _link_open(self, url: str) -> str:
        self._check_link(url)
        return f'<a href="{escape(url)}">'

    def _check_link(self, url: str) -> None:
        links = Links("https://example.jp", is_tracking=False)
        links.add(url)
        if len(url) > MAX_URL:
            links.problems.append(_("The address is too long: %(url)s…") % {"url": url[:60]})
        self._written.problems += [(self._line, problem) for problem in links.problems]

    def _picture(self, token: Token, *, is_linked: bool) -> str:
        """A picture elsewhere is not shown in a mail that we send; it stays as a link to where it is."""
        url, text = str(token.attrGet("src") or ""), token.content or _("Picture")
        if is_linked:
            return escape(text)
        told = _("The picture is not taken over; a link to it stays. Put it into the message by hand: %(url)s")
        self._written.notes.append((self._line, told % {"url": url[:200]}))
        return f"{self._link_open(url)}{escape(text)}</a>"

    def _refuse_html(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type == "html_inline":
                self._refuse(token)

    def _refuse(self, token: Token) -> None:
        if self._line in self._refused:
            return
        self._refused.add(self._line)
        told = _("HTML is not taken over; write it as Markdown: %(html)s")
        self._written.problems.append((self._line, told % {"html": " ".join(token.content.split())[:80]}))


def _top_level(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            yield tokens[start : index + 1]
            start = index + 1


def _plain(tokens: Sequence[Token], breaks: str = " ") -> str:
    """The words of inline tokens."""
    pieces = []
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            pieces.append(breaks)
        elif token.type in {"text", "code_inline", "image"}:
            pieces.append(token.content)
    return "".join(pieces).strip()
