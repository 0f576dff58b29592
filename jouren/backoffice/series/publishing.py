"""Publishing a series: what would change for whom, and doing it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.series.screens import PUBLISH, SeriesPart
from jouren.journeys.series.actions import publish_series
from jouren.journeys.series.errors import SeriesProblem
from jouren.journeys.series.later import publish_series_later
from jouren.journeys.series.models import Series, SeriesPublishing
from jouren.journeys.series.progress import progress_in
from jouren.journeys.series.queries import draft_items, journeys_that_send, pending_in

AT_ONCE = 50
"""So many drafts are published while the browser waits; more are left to a worker."""
PUBLISH_MESSAGES = "messaging.publish_message"
SHOWN = 50


class PublishScreen(SeriesPart):
    """Says what publishing does; a POST publishes, and says all that hinders."""

    permissions = PUBLISH
    template_name = "backoffice/series/publish.html"
    page_title = gettext_lazy("Publish")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Publish it, with its drafts if that is wished."""
        with_messages = bool(request.POST.get("with_messages"))
        if with_messages and not request.user.has_perm(PUBLISH_MESSAGES):
            raise PermissionDenied
        if with_messages and pending_in(self.series, draft_items(pk)).drafts > AT_ONCE:
            publish_series_later(self.series.pk, by=self.staff)
            messages.success(request, _("The messages are being checked and published. This takes a minute or two."))
            return redirect("series:show", pk)
        try:
            version = publish_series(self.series.pk, by=self.staff, with_messages=with_messages)
        except SeriesProblem as error:
            return self.render_to_response(self.get_context_data(problems=error.problems))
        messages.success(request, _("Published as version %(number)s.") % {"number": version.number})
        return redirect("series:show", pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        items = draft_items(self.series.pk)
        problems = kwargs.pop("problems", []) or _kept_problems(self.series)
        return {
            **super().get_context_data(**kwargs),
            "pending": pending_in(self.series, items),
            "total": len(items),
            "people": progress_in(self.series).people,
            "journeys": journeys_that_send(self.series.pk),
            "problems": problems[:SHOWN],
            "more_problems": max(0, len(problems) - SHOWN),
            "may_publish_messages": self.request.user.has_perm(PUBLISH_MESSAGES),
        }


def _kept_problems(series: Series) -> list[str]:
    """What hindered a worker."""
    kept = SeriesPublishing.objects.filter(series=series).first()
    return list(kept.problems) if kept else []
