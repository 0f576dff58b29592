"""What the first screen is made of."""

from __future__ import annotations

from django.http import HttpRequest
from wagtail.admin.ui.components import Component

from jouren.backoffice.home.charts import ChartsPanel
from jouren.backoffice.home.next import NextPanel
from jouren.backoffice.home.notices import NoticesPanel
from jouren.backoffice.home.numbers import NumbersPanel
from jouren.backoffice.home.pyramid import PyramidPanel
from jouren.backoffice.home.today import TodayPanel
from jouren.backoffice.team.views import NoticesForYouPanel
from jouren.reports.overview import overview, today


def use_our_panels(request: HttpRequest, panels: list[Component]) -> None:
    """Replace what Wagtail shows on its first screen. Figures are asked for once."""
    figures, work = overview(), today()
    panels[:] = [
        NoticesPanel(),
        NoticesForYouPanel(),
        NextPanel(request.user, figures, work),
        NumbersPanel(figures),
        PyramidPanel(figures),
        TodayPanel(work),
        ChartsPanel(figures),
    ]
