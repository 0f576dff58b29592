"""All series; a new one; one's name and rhythm; and deleting one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from wagtail.admin import messages

from jouren.backoffice.screens import Screen
from jouren.backoffice.series.forms import SeriesForm, initial_of
from jouren.backoffice.series.screens import CHANGE, VIEW, SeriesPart
from jouren.core.errors import UserError
from jouren.journeys.series.actions import change_series, create_series, delete_series
from jouren.journeys.series.queries import all_series, journeys_that_send

MOST = 500


class ListScreen(Screen):
    """All series, and how each stands."""

    permissions = VIEW
    template_name = "backoffice/series/list.html"
    page_title = pgettext_lazy("plural", "Series")
    header_icon = "letters"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "rows": all_series(MOST),
            "may_change": self.request.user.has_perms(CHANGE),
        }


class NewScreen(Screen):
    """A new series."""

    permissions = CHANGE
    template_name = "backoffice/series/settings.html"
    page_title = gettext_lazy("New series")
    header_icon = "letters"
    parents = (("series:list", pgettext_lazy("plural", "Series")),)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it, and go there."""
        form = SeriesForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        said = form.cleaned_data
        series = create_series(said["name"], said["description"], form.rhythm, by=self.staff)
        messages.success(request, _("The series “%(name)s” is made. Now put messages into it.") % {"name": series})
        return redirect("series:show", series.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": SeriesForm(initial=initial_of(None)), **super().get_context_data(**kwargs)}


class SettingsScreen(SeriesPart):
    """Its name and its rhythm."""

    permissions = CHANGE
    template_name = "backoffice/series/settings.html"
    page_title = gettext_lazy("Name and rhythm")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change them."""
        form = SeriesForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        said = form.cleaned_data
        changed = change_series(self.series.pk, said["name"], said["description"], form.rhythm, by=self.staff)
        messages.success(request, _("The series “%(name)s” is saved.") % {"name": changed})
        return redirect("series:show", pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"form": SeriesForm(initial=initial_of(self.series)), **super().get_context_data(**kwargs)}


class DeleteScreen(SeriesPart):
    """Says what stays, and deletes it by POST."""

    permissions = CHANGE
    template_name = "backoffice/series/delete.html"
    page_title = gettext_lazy("Delete")

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Delete it."""
        name = str(self.series)
        try:
            delete_series(pk, by=self.staff)
        except UserError as error:
            messages.error(request, str(error))
            return redirect("series:show", pk)
        messages.success(request, _("The series “%(name)s” is deleted. Its messages are still there.") % {"name": name})
        return redirect(reverse("series:list"))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "journeys": journeys_that_send(self.series.pk)}
