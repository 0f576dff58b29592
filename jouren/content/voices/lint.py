"""Looks for what the law forbids in a customer's words, or makes doubtful. Pure. No legal advice: see :mod:`rules`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jouren.catalog.vocabulary import Goods
from jouren.content.voices.rules import RULES, Law, Level, Rule
from jouren.content.voices.vocabulary import Given

_PATTERNS = {rule.name: re.compile(rule.pattern) for rule in RULES}
_VOICED_MARKS = frozenset("ﾞﾟ\u3099\u309a")


@dataclass(frozen=True)
class Finding:
    """One place in a text (``start`` up to ``end``, in characters; both 0: the text as a whole)."""

    start: int
    end: int
    words: str
    rule: str
    law: Law
    level: Level
    why: str | Promise
    remedy: str | Promise

    @property
    def is_forbidden(self) -> bool:
        """Whether it stops an approval."""
        return self.level is Level.FORBIDDEN


def lint(text: str, goods: str = "", given: str = Given.NOTHING, *, is_marked: bool = True) -> list[Finding]:
    """What is wrong with showing a text about goods of that kind, for which something was given; by place.

    Where nobody has said what the goods are, rules of certain goods are doubts. ``is_marked``: the text is shown with
    what was given.
    """
    folded, places = fold(text)
    findings: list[Finding] = []
    for rule in RULES:
        level = _level(rule, goods)
        if level is None or (rule.law is Law.HIDDEN and given != Given.NOTHING):
            continue
        for start, end in _matches(rule, folded):
            first, last = places[start][0], places[end - 1][1]
            if any(each.is_forbidden and each.start <= first and last <= each.end for each in findings):
                continue
            findings.append(_finding(rule, level, first, last, text[first:last]))
    if given != Given.NOTHING and not is_marked:
        findings.append(
            Finding(
                0,
                0,
                "",
                "unmarked",
                Law.HIDDEN,
                Level.FORBIDDEN,
                _("They were given something for it, and it is not said."),
                _("Show the mark “PR” with what they were given."),
            )
        )
    return sorted(findings, key=lambda each: (each.start, each.end))


def fold(text: str) -> tuple[str, list[tuple[int, int]]]:
    """A text in NFKC and small letters, and where each of its characters came from: from, up to."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and text[end] in _VOICED_MARKS:
            end += 1
        for character in unicodedata.normalize("NFKC", text[at:end]).lower():
            folded.append(character)
            places.append((at, end))
        at = end
    return "".join(folded), places


def _level(rule: Rule, goods: str) -> Level | None:
    if not rule.goods or goods in rule.goods:
        return rule.level
    return rule.elsewhere if goods in Goods.values else Level.DOUBTFUL


def _matches(rule: Rule, folded: str) -> Iterator[tuple[int, int]]:
    for found in _PATTERNS[rule.name].finditer(folded):
        if found.end() > found.start():
            yield found.span()


def _finding(rule: Rule, level: Level, start: int, end: int, words: str) -> Finding:
    return Finding(start, end, words, rule.name, rule.law, level, rule.why, rule.remedy)
