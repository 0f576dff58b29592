"""Two charts, drawn in the browser from data that stands in the page; behind each the same figures as a table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.forms.widgets import Media, Script
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from wagtail.admin.ui.components import Component

from jouren.backoffice.home.numbers import Kind, allowed_kinds
from jouren.backoffice.home.pyramid import VIEW_PEOPLE
from jouren.pyramid.stages import Stage
from jouren.reports.kept import Kept
from jouren.reports.overview import Month, Overview, Week


@dataclass(frozen=True)
class Series:
    """A row of figures with its name."""

    name: str
    values: list[int]


@dataclass(frozen=True)
class Chart:
    """What is drawn: bars upon each other, or lines. ``empty`` says what will be shown, and when."""

    key: str
    title: str
    about: str
    first_column: str
    empty: str
    is_stacked: bool
    labels: list[str]
    series: list[Series]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(any(series.values) for series in self.series)

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """The table: the latest first."""
        columns = zip(*(series.values for series in self.series), strict=True)
        return [(label, list(row)) for label, row in zip(self.labels, columns, strict=True)][::-1]

    @property
    def data_id(self) -> str:
        """Where in the page the script finds its data."""
        return f"chart-data-{self.key}"

    @property
    def drawn(self) -> dict[str, Any]:
        """What the script needs."""
        return {"isStacked": self.is_stacked, "labels": self.labels, "series": [asdict(each) for each in self.series]}


class ChartsPanel(Component):
    """Movement by week, and the three numbers by month."""

    name = "charts"
    template_name = "backoffice/home/charts.html"
    order = 30

    def __init__(self, kept: Kept[Overview]) -> None:
        self.kept = kept

    @property
    def media(self) -> Media:
        return Media(js=[Script("backoffice/charts.js", defer=True)])  # type: ignore[list-item]

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        user, found = parent_context["request"].user, self.kept.answer
        if found is None:
            return {"charts": []}
        charts = [_weeks(found.weeks)] if user.has_perm(VIEW_PEOPLE) else []
        kinds = allowed_kinds(user)
        return {"charts": [*charts, _months(found.months, kinds)] if kinds else charts}


def _weeks(weeks: list[Week]) -> Chart:
    stages = [stage for stage in Stage if stage > Stage.AWARE]
    return Chart(
        "weeks",
        _("Came up to each stage, by week"),
        _("Seven days each, from the day that is named; the last week runs until now."),
        _("Week from"),
        _("Once somebody has registered or bought, bars tell here for each week how many rose to which stage."),
        True,
        [day_text(week.start) for week in weeks],
        [Series(str(stage.label), [week.rose.get(stage.value, 0) for week in weeks]) for stage in stages],
    )


def _months(months: list[Month], kinds: list[Kind]) -> Chart:
    return Chart(
        "months",
        _("Leads and purchases, by month"),
        _("The last month runs until now. Orders that were cancelled or refunded whole do not count."),
        _("Month"),
        _("Once somebody has registered or bought, lines tell here of leads, first and repeat purchases by month."),
        False,
        [month_text(month.start) for month in months],
        [Series(str(kind.label), [kind.of(month) for month in months]) for kind in kinds],
    )


def day_text(day: date) -> str:
    """A day without its year."""
    return date_format(day, pgettext("format of a day without its year", "j M"))


def month_text(month: date) -> str:
    """A month with its year."""
    return date_format(month, pgettext("format of a month", "M Y"))
