"""The published versions of a journey: what each changed, any two side by side, and one as a draft again."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.journeys.screens import JourneyScreen
from jouren.backoffice.journeys.telling import tell_changes
from jouren.core.errors import UserError
from jouren.journeys.change_wording import summary
from jouren.journeys.changes import compare
from jouren.journeys.history import published_versions, restore_version
from jouren.journeys.impact import Impact
from jouren.journeys.models import Inside, JourneyVersion
from jouren.journeys.preview import flow

VIEW, CHANGE = ("journeys.view_journey",), ("journeys.change_journey",)


class VersionsScreen(JourneyScreen):
    """All versions, the latest first."""

    permissions = VIEW
    template_name = "backoffice/journeys/versions.html"
    page_title = gettext_lazy("Published versions")
    header_icon = "history"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        published = published_versions(self.journey)
        return {
            **super().get_context_data(**kwargs),
            "published": [
                (each, summary(each.changes) if each.changes is not None else "", _inside_text(each.version))
                for each in published
            ],
            "compare_url": reverse("journeys:compare", args=[self.journey.pk]),
            "may_restore": self.request.user.has_perms(CHANGE),
        }


def _inside_text(version: JourneyVersion) -> str:
    """What was chosen for the people inside, of a version that had any before it."""
    if version.number == 1:
        return ""
    texts = {
        Inside.MOVE: _("The people inside moved to it."),
        Inside.FINISH: _("The people inside were left to finish on theirs."),
        Inside.MOVE_ALL: _("Everybody moved to it, also from older versions."),
    }
    return texts[Inside(version.inside)]


class CompareScreen(JourneyScreen):
    """Two versions: what the later one does differently, and both of them whole."""

    permissions = VIEW
    template_name = "backoffice/journeys/compare.html"
    page_title = gettext_lazy("Compare versions")
    header_icon = "history"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        numbers = sorted({self._number("a"), self._number("b")})
        versions = {each.number: each for each in self.journey.versions.filter(number__in=numbers)}
        if len(versions) != len(numbers):
            raise Http404
        old, new = versions[numbers[0]], versions[numbers[-1]]
        impact = Impact(compare(old.compiled, new.compiled))
        return {
            **super().get_context_data(**kwargs),
            "old": old,
            "new": new,
            "changes": tell_changes(impact, old.compiled, new.compiled),
            "flows": [(each, flow(each.compiled)) for each in ([old, new] if old != new else [old])],
            "versions_url": reverse("journeys:versions", args=[self.journey.pk]),
        }

    def _number(self, name: str) -> int:
        text = self.request.GET.get(name, "")
        if not text.isdecimal() or len(text) > 9:
            raise Http404
        return int(text)


class RestoreView(JourneyScreen):
    """Makes a version the draft again, and opens it in the editor."""

    permissions = CHANGE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Restore it."""
        version = self.journey.versions.filter(number=self.kwargs["number"]).first()
        if version is None:
            raise Http404
        try:
            restore_version(version, by=self.staff)
        except UserError as error:
            messages.error(self.request, str(error))
            return redirect("journeys:versions", self.journey.pk)
        messages.success(
            self.request,
            _("Version %(number)s is the draft now. Nothing changes for anybody before you publish it.")
            % {"number": version.number},
        )
        return redirect("journeys:edit", self.journey.pk)
