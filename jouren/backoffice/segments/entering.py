"""Putting all people of a segment into a journey: choose one, see how many that is, confirm."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.screens import Screen
from jouren.backoffice.segments.views import ENTER, OfSegment
from jouren.contacts.segments.queries import Size, sizes
from jouren.core.errors import UserError
from jouren.journeys.group_entry import enter_journey, enterable_journeys, reach_of
from jouren.journeys.models import Journey


class EnterScreen(OfSegment, Screen):
    """GET asks which journey; with one chosen, it says how many people that is about. POST has them put in."""

    permissions = ENTER
    template_name = "backoffice/segments/enter.html"
    page_title = gettext_lazy("Put these people into a journey")
    parents = (("segments:list", gettext_lazy("Segments")),)
    header_icon = "route"

    def get_page_subtitle(self) -> str:
        return self.segment.name

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Have them put in, and go back to the segment, which says how far it is."""
        journey, token = self._chosen(request.POST.get("journey", "")), _token(request.POST.get("token", ""))
        if journey is None or token is None:
            messages.error(request, _("Choose a journey."))
            return redirect("segments:enter", self.segment.pk)
        try:
            enter_journey(journey, self.segment, token, by=self.staff)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("segments:enter", self.segment.pk)
        messages.success(
            request,
            _("The people of “%(segment)s” are on their way into “%(journey)s”. You need not wait for it.")
            % {"segment": self.segment.name, "journey": journey},
        )
        return redirect("segments:segment", self.segment.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        journey = self._chosen(self.request.GET.get("journey", ""))
        reach, problem = None, ""
        if journey is not None:
            try:
                reach = reach_of(journey, self.segment)
            except UserError as error:
                problem = str(error)
        return {
            **super().get_context_data(**kwargs),
            "segment": self.segment,
            "size": sizes([self.segment.pk]).get(self.segment.pk, Size()),
            "journeys": self._journeys,
            "journey": journey,
            "reach": reach,
            "problem": problem,
            "token": uuid.uuid4(),
        }

    @cached_property
    def _journeys(self) -> list[Journey]:
        return enterable_journeys()

    def _chosen(self, number: str) -> Journey | None:
        return next((each for each in self._journeys if str(each.pk) == number), None)


def _token(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
