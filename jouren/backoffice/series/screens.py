"""What the screens about one series share."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from jouren.backoffice.screens import Screen
from jouren.journeys.series.models import Series

# A series is a part of journeys: who may see, change or publish these may do so with it.
VIEW, CHANGE, PUBLISH = ("journeys.view_journey",), ("journeys.change_journey",), ("journeys.publish_journey",)
ADD = (*CHANGE, "messaging.add_message")
"""For what makes messages."""
PAGE = 50


def series_url(series_id: int, *, number: int = 1, **query: str) -> str:
    """The screen of a series, on the page that has its ``number``-th message."""
    first = (max(number, 1) - 1) // PAGE * PAGE + 1
    asked = {name: value for name, value in query.items() if value}
    asked |= {"from": str(first)} if first > 1 else {}
    url = reverse("series:show", args=[series_id])
    return f"{url}?{urlencode(asked)}" if asked else url


class SeriesPart(Screen):
    """A screen about the series of its URL."""

    header_icon = "letters"

    @cached_property
    def series(self) -> Series:
        """The series. Raises Http404."""
        return get_object_or_404(Series.objects.select_related("live_version"), pk=self.kwargs["pk"])

    def get_page_subtitle(self) -> str:
        return str(self.series)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = [
            {"url": reverse("series:list"), "label": _("Series")},
            {"url": reverse("series:show", args=[self.series.pk]), "label": str(self.series)},
        ]
        return [*self.breadcrumbs_items, *above, {"url": "", "label": self.get_header_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "series": self.series,
            "series_url": reverse("series:show", args=[self.series.pk]),
        }
