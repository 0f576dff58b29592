"""The pyramid as it is drawn: its stages with their people, who came and left this week, and how many rise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.ui.components import Component

from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.core.comparison import Interval, rate_interval
from jouren.core.wording import percent
from jouren.pyramid.movement import Rise
from jouren.pyramid.stages import Stage
from jouren.reports.kept import Kept
from jouren.reports.overview import RISE_WITHIN, Overview

VIEW_PEOPLE = "contacts.view_contact"
FEWEST = 10
"""Of fewer people no share is told."""
TIP = 40.0
"""How wide the top is, in percent of the base: it is cut, so that there is room for its words."""

MEANINGS = {
    Stage.AWARE: gettext_lazy("Visitors and people without a confirmed address"),
    Stage.PROSPECT: gettext_lazy("Registered, can be written to"),
    Stage.TRIAL: gettext_lazy("Bought a trial"),
    Stage.EXISTING: gettext_lazy("Bought at the regular price"),
    Stage.REGULAR: gettext_lazy("Come back again and again"),
}


@dataclass(frozen=True)
class Share:
    """How many rise, in words: ``rate`` is empty where there are too few to tell. ``below``: of whom."""

    below: str
    fraction: str
    rate: str = ""
    between: str = ""
    waiting: int = 0


@dataclass(frozen=True)
class Row:
    """A stage as it is drawn: the corners of its shape, where it leads, and what stands beside it.

    The lowest row, of browsers that nobody registered from, is no stage and leads nowhere; nobody is known to leave it.
    """

    key: str
    label: str
    meaning: str
    people: int
    shape: str
    url: str = ""
    came: int = 0
    left: int | None = None
    share: Share | None = None


class PyramidPanel(Component):
    """The pyramid, for whoever may see people."""

    name = "pyramid"
    template_name = "backoffice/home/pyramid.html"
    order = 10

    def __init__(self, kept: Kept[Overview]) -> None:
        self.kept = kept

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        request: HttpRequest = parent_context["request"]
        found = self.kept.answer
        context = {"is_allowed": request.user.has_perm(VIEW_PEOPLE), "kept": self.kept}
        if not context["is_allowed"] or found is None:
            return context
        rows = list(pyramid_rows(found))
        return context | {
            "rows": rows,
            "overview": found,
            "is_empty": not found.people and not found.strangers,
            "days": RISE_WITHIN.days,
            "fewest": FEWEST,
        }


def pyramid_rows(found: Overview) -> Iterator[Row]:
    """From the top down."""
    levels, height = list(reversed(found.levels)), len(found.levels) + 1
    for place, level in enumerate(levels):
        stage = Stage(level.stage)
        below = Stage(stage - 1).label if stage > Stage.PROSPECT else _("visitors")
        yield Row(
            stage.key,
            str(stage.label),
            str(MEANINGS[stage]) if stage > Stage.AWARE else _("People without a confirmed address"),
            level.people,
            _shape(place, height),
            reverse("people:stage", args=[stage.key]),
            level.came,
            level.left,
            share_text(level.rise, str(below)) if level.rise is not None else None,
        )
    yield Row(
        "strangers",
        _("Unregistered visitors"),
        _("Browsers that looked at your pages, and from which nobody has registered yet"),
        found.strangers,
        _shape(len(levels), height),
        came=found.new_strangers,
    )


def share_text(rise: Rise, below: str) -> Share:
    """What share of those below rises, with where it may lie (95 %); no share of too few people."""
    fraction = _("%(rose)s of %(came)s") % {"rose": grouped(rise.rose), "came": grouped(rise.came)}
    if not rise.came:
        return Share(below, "", waiting=rise.waiting)
    if rise.came < FEWEST:
        return Share(below, fraction, waiting=rise.waiting)
    rate, between = percent(rise.rose / rise.came), range_text(rate_interval(rise.rose, rise.came))
    return Share(below, fraction, rate, between, rise.waiting)


def range_text(between: Interval) -> str:
    """From where to where a share may lie: 13–42 %."""
    low, high = (percent(edge, 0) for edge in between)
    return f"{low.rstrip('%').strip()}–{high}"


def _shape(place: int, height: int) -> str:
    top, bottom = (TIP + (100 - TIP) * edge / height for edge in (place, place + 1))
    corners = ((50 - top / 2, 0), (50 + top / 2, 0), (50 + bottom / 2, 100), (50 - bottom / 2, 100))
    return "polygon({})".format(", ".join(f"{x:.2f}% {y}%" for x, y in corners))
