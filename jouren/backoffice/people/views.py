"""The list of people and a person's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.home.pyramid import MEANINGS
from jouren.backoffice.orders.forms import SeminarForm
from jouren.backoffice.people.forms import NameForm, ProblemForm, StageForm, TagForm
from jouren.backoffice.people.listing import list_people, shown_identity
from jouren.backoffice.people.person import askable_journeys, enterable_journeys, load_person, timeline_page
from jouren.backoffice.people.searching import MAX_TEXT, recall_search, remember_search
from jouren.backoffice.screens import Screen
from jouren.backoffice.voices.forms import VoiceAskForm
from jouren.capture.models import Form
from jouren.contacts.models import Contact
from jouren.contacts.queries import find_contact_by_public_id, known_tags
from jouren.contacts.timeline import Cursor
from jouren.pyramid.stages import Stage, stage_of

VIEW_JOURNEYS = ("journeys.view_journey",)
VIEW, CHANGE, ERASE = ("contacts.view_contact",), ("contacts.change_contact",), ("contacts.delete_contact",)


def contact_or_404(public_id: UUID) -> Contact:
    """The person of a URL. Raises Http404 for nobody, or somebody erased."""
    contact = find_contact_by_public_id(public_id)
    if contact is None:
        raise Http404
    return contact


class PeopleScreen(Screen):
    """People in a list; a search comes by POST and is looked at under a token."""

    permissions = VIEW
    template_name = "backoffice/people/list.html"
    page_title = gettext_lazy("Customers")
    header_icon = "group"

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Remember what is searched for and show it; an empty search shows everybody."""
        text = request.POST.get("text", "").strip()[:MAX_TEXT]
        where = request.path
        return redirect(f"{where}?s={remember_search(request, text)}" if text else where)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        key = self.kwargs.get("stage")
        stage = _stage(key) if key else None
        token = self.request.GET.get("s", "")
        text = recall_search(self.request, token) if token else ""
        after = self._after()
        listing = list_people(text, stage, after)
        return {
            **super().get_context_data(**kwargs),
            "listing": listing,
            "text": text,
            "token": token if text else "",
            "stage": stage,
            "meaning": MEANINGS[stage] if stage else "",
            "is_later_page": after is not None,
            "form_list": Form.snippet_viewset.get_url_name("list"),  # type: ignore[attr-defined]
            "stages": [(each, reverse("people:stage", args=[each.key])) for each in reversed(Stage)],
        }

    def _after(self) -> Contact | None:
        try:
            return find_contact_by_public_id(UUID(self.request.GET["after"]))
        except (KeyError, ValueError):
            return None


def _stage(key: str) -> Stage:
    try:
        return stage_of(key)
    except ValueError:
        raise Http404 from None


class PersonScreen(Screen):
    """One person: who they are, what they allowed, and everything that happened."""

    permissions = VIEW
    template_name = "backoffice/people/person.html"
    header_icon = "user"
    parents = (("people:list", gettext_lazy("Customers")),)

    def get_page_title(self) -> str:
        if self.contact.name:
            return self.contact.name
        identity = shown_identity(self.contact)
        address = identity.as_given or identity.value if identity else ""
        return _("No name (%(address)s)") % {"address": address} if address else _("No name")

    def get(self, request: HttpRequest, *args: Any, public_id: UUID, **kwargs: Any) -> HttpResponse:
        self.contact = contact_or_404(public_id)
        if self.contact.public_id != public_id:  # merged: show the page that they have now
            return redirect("people:person", self.contact.public_id)
        return self.render_to_response(self.get_context_data(**kwargs))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_change = self.request.user.has_perms(CHANGE)
        may_enrol = may_change and self.request.user.has_perm("journeys.change_journey")
        before = read_cursor(self.request.GET.get("before", ""))
        lines, next_page = timeline_page(self.contact, before)
        person = load_person(self.contact)
        return {
            **super().get_context_data(**kwargs),
            "person": person,
            "contact": self.contact,
            "lines": lines,
            "older": write_cursor(next_page) if next_page else "",
            "is_later_page": before is not None,
            "may_change": may_change,
            "may_erase": self.request.user.has_perms(ERASE),
            "name_form": NameForm(initial={name: getattr(self.contact, name) for name in NameForm.base_fields}),
            "problem_form": ProblemForm(),
            "seminar_form": SeminarForm(auto_id="seminar_%s"),
            "may_see_orders": self.request.user.has_perm("orders.view_order"),
            "voice_form": VoiceAskForm(auto_id="voice_%s"),
            "may_see_voices": self.request.user.has_perm("content.view_voice"),
            "may_ask_for_voice": may_change and self.request.user.has_perm("content.add_voice"),
            "tag_form": TagForm(auto_id="tag_%s"),
            "known_tags": known_tags() if may_change else [],
            "stage_form": StageForm(initial={"stage": person.stage.value}),
            "journeys": enterable_journeys(self.contact) if may_enrol else [],
            "asked_journeys": askable_journeys() if self.request.user.has_perms(VIEW_JOURNEYS) else [],
            "stages": list(reversed(Stage)),
        }


def write_cursor(cursor: Cursor) -> str:
    """A place in a timeline as it stands in a URL."""
    at, event_id = cursor
    return f"{at.isoformat()}_{event_id}"


def read_cursor(text: str) -> Cursor | None:
    """The place that a URL names; None for what is none."""
    moment, _line, number = text.rpartition("_")
    try:
        at = datetime.fromisoformat(moment)
        event_id = int(number)
    except ValueError:
        return None
    return (at, event_id) if at.tzinfo is not None and abs(event_id) < 2**63 else None
