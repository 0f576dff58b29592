"""What the screens about one journey share."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from jouren.backoffice.screens import Screen
from jouren.journeys.models import Journey


class JourneyScreen(Screen):
    """A screen about the journey of its URL."""

    @cached_property
    def journey(self) -> Journey:
        """The journey. Raises Http404."""
        return get_object_or_404(Journey, pk=self.kwargs["pk"])

    @property
    def shows_people(self) -> bool:
        """Whether this user may see who somebody is."""
        return self.request.user.has_perm("contacts.view_contact")

    def get_page_subtitle(self) -> str:
        return str(self.journey)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = [
            {"url": reverse("journeys:list"), "label": _("Journeys")},
            {"url": reverse("journeys:inspect", args=[self.journey.pk]), "label": str(self.journey)},
        ]
        return [*self.breadcrumbs_items, *above, {"url": "", "label": self.get_header_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "journey": self.journey,
            "figures_url": reverse("journeys:inspect", args=[self.journey.pk]),
        }
