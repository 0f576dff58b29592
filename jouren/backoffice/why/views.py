"""Why somebody got, or did not get, a message: the chain of facts on a screen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from jouren.backoffice.people.views import contact_or_404
from jouren.backoffice.screens import PermissionAsked, Screen
from jouren.backoffice.why.wording import Chain, tell_delivery, tell_why
from jouren.contacts.models import Contact
from jouren.journeys.models import Journey
from jouren.journeys.why import why
from jouren.messaging.why import delivery_of, why_delivery

JOURNEY = ("contacts.view_contact", "journeys.view_journey")


class AskWhy(PermissionAsked, View):
    """Goes to the screen of the journey that was chosen on a person's page."""

    permissions = JOURNEY

    def get(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        chosen = request.GET.get("journey", "")
        contact = contact_or_404(public_id)
        if not chosen.isascii() or not chosen.isdigit() or len(chosen) > 18:
            return redirect("people:person", contact.public_id)
        return redirect("people:why", contact.public_id, int(chosen))


class _WhyScreen(Screen, ABC):
    template_name = "backoffice/people/why.html"
    page_title = gettext_lazy("What decided this")
    header_icon = "help"

    @cached_property
    def contact(self) -> Contact:
        """The person. Raises Http404."""
        return contact_or_404(self.kwargs["public_id"])

    def get_page_subtitle(self) -> str:
        return self.contact.name or _("No name")

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        above = [
            {"url": reverse("people:list"), "label": _("Customers")},
            {"url": reverse("people:person", args=[self.contact.public_id]), "label": self.get_page_subtitle()},
        ]
        return [*self.breadcrumbs_items, *above, {"url": "", "label": self.get_header_title()}]

    @abstractmethod
    def chains(self) -> list[Chain]:
        """What is told."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "contact": self.contact, "chains": self.chains()}


class WhyJourneyScreen(_WhyScreen):
    """A person and a journey: their walks, step by step, or what is missing for them to enter."""

    permissions = JOURNEY

    @cached_property
    def journey(self) -> Journey:
        """The journey. Raises Http404."""
        return get_object_or_404(Journey, pk=self.kwargs["journey_id"])

    def chains(self) -> list[Chain]:
        """See the base class."""
        return tell_why(why(self.contact.pk, self.journey))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "subject": str(self.journey)}


class WhyMessageScreen(_WhyScreen):
    """One message to a person: what each rule of the gate saw."""

    permissions = ("contacts.view_contact",)

    def chains(self) -> list[Chain]:
        """See the base class."""
        delivery = delivery_of(self.contact.pk, self.kwargs["delivery_id"])
        if delivery is None:
            raise Http404
        return [tell_delivery(why_delivery(delivery))]
