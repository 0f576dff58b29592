"""A journey as a picture: steps from the top down, as wide a line between them as people went there.

Drawn for 350 pixels, so that it can be read on a telephone; colours are the page's (``currentColor`` and classes).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from xml.etree import ElementTree as Tree

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.reports.rows import Row

WIDTH = 344
_INDENT = 14
_LINE = 17
_PAD = 8
_GAP = 14
_MARK = 6.6
_MOST_LINES = 3
_WIDEST = 8.0


def draw(rows: Sequence[Row], title: str) -> str:
    """The picture as SVG."""
    return _Drawing(rows, title).made()


class _Drawing:
    def __init__(self, rows: Sequence[Row], title: str) -> None:
        self._most = max([row.people or 0 for row in rows], default=0) or 1
        self._y = 4.0
        self._ends: dict[int, float] = {}
        self._svg = Tree.Element(
            "svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "jouren-picture", "role": "img"}
        )
        Tree.SubElement(self._svg, "title").text = title
        self._lines = Tree.SubElement(self._svg, "g", {"class": "jouren-picture__lines"})
        for row in rows:
            self._step(row) if row.figures is not None else self._way(row)

    def made(self) -> str:
        height = f"{self._y + 4:.0f}"
        self._svg.attrib |= {"width": str(WIDTH), "height": height, "viewBox": f"0 0 {WIDTH} {height}"}
        return Tree.tostring(self._svg, encoding="unicode")

    def _step(self, row: Row) -> None:
        left = 1.0 + row.depth * _INDENT
        width = WIDTH - left - 1
        lines = wrap(row.text, int((width - 2 * _PAD) / _MARK))
        figures = row.figures
        assert figures is not None
        people = row.people or 0
        told = [ngettext("%(count)s person", "%(count)s people", people) % {"count": f"{people:,}"}]
        if figures.here:
            told.append(_("%(count)s here now") % {"count": f"{figures.here:,}"})
        if figures.left:
            told.append(_("%(count)s left") % {"count": f"{figures.left:,}"})
        height = 2 * _PAD + _LINE * (len(lines) + 1)
        top = self._y + _GAP
        self._join(row.depth, left + 10, top, people)
        kind = "is-message" if row.sends else "is-wait" if row.waits else "is-step"
        box = Tree.SubElement(self._svg, "g", {"class": f"jouren-picture__step {kind}"})
        shape = {"x": f"{left}", "y": f"{top}", "width": f"{width}", "height": f"{height}", "rx": "6"}
        Tree.SubElement(box, "rect", shape)
        for number, line in enumerate(lines):
            self._text(box, left + _PAD + 2, top + _PAD + _LINE * number + 13, line, "")
        self._text(box, left + _PAD + 2, top + _PAD + _LINE * len(lines) + 13, " · ".join(told), "is-figure")
        self._y = top + height
        self._ends = {depth: end for depth, end in self._ends.items() if depth < row.depth} | {row.depth: self._y}

    def _way(self, row: Row) -> None:
        left = 1.0 + row.depth * _INDENT
        share = "" if row.share is None else f"{row.share:.0%}"
        people = "" if row.people is None else f"({row.people:,})"
        rest = _("go on") if row.is_empty else ""
        label = " ".join(part for part in (share, people) if part)
        name = row.text if not rest else f"{row.text}: {rest}"
        lines = wrap(f"{name}  {label}".strip(), int((WIDTH - left - 16) / _MARK))
        top = self._y + _GAP
        self._join(row.depth - 1, left - _INDENT + 10, top + 6, row.people, to=left + 8)
        group = Tree.SubElement(self._svg, "g", {"class": "jouren-picture__way"})
        for number, line in enumerate(lines):
            self._text(group, left + 12, top + 10 + _LINE * number, line, "")
        self._y = top + _LINE * len(lines) - 4
        self._ends[row.depth] = self._ends[row.depth + 1] = self._y

    def _join(self, depth: int, x: float, y: float, people: int | None, to: float | None = None) -> None:
        start = self._ends.get(depth)
        if start is None:
            return
        path = f"M{x} {start}V{y}" + (f"H{to}" if to is not None else "")
        wide = 1.0 if not people else max(1.5, _WIDEST * people / self._most)
        style = {"d": path, "stroke-width": f"{wide:.1f}"} | ({} if people else {"stroke-dasharray": "3 3"})
        Tree.SubElement(self._lines, "path", style)

    @staticmethod
    def _text(parent: Tree.Element, x: float, y: float, text: str, kind: str) -> None:
        Tree.SubElement(parent, "text", {"x": f"{x}", "y": f"{y}"} | ({"class": kind} if kind else {})).text = text


def wrap(text: str, marks: int) -> list[str]:
    """Lines of at most so many narrow marks, three at most; what is too much ends in an ellipsis."""
    lines, line, used, broken = [], "", 0, 0
    for mark in " ".join(text.split()):
        size = 2 if unicodedata.east_asian_width(mark) in "WFA" else 1
        if used + size > marks:
            # Words of the Latin script are not cut in two where a blank is near.
            keep = broken if broken > len(line) * 0.6 else len(line)
            lines.append(line[:keep].rstrip())
            line = line[keep:].lstrip()
            used = sum(2 if unicodedata.east_asian_width(each) in "WFA" else 1 for each in line)
            broken = 0
        line += mark
        used += size
        if mark == " ":
            broken = len(line)
    lines.append(line)
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][:-1] + "…"]
    return lines
