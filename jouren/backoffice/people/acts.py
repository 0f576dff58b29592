"""What staff change about a person. Each is a POST, an action of a lower room, and a line in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View
from wagtail.admin import messages

from jouren.backoffice.orders.forms import SeminarForm, moment_of
from jouren.backoffice.people.export import export_person
from jouren.backoffice.people.forms import EraseForm, NameForm, ProblemForm, StageForm, TagForm
from jouren.backoffice.people.views import CHANGE, ERASE, VIEW, contact_or_404
from jouren.backoffice.screens import Act, PermissionAsked, Screen
from jouren.backoffice.voices.forms import VoiceAskForm
from jouren.contacts.actions import (
    add_tag,
    change_name,
    erase_contact,
    leave_in_peace,
    lift_suppression,
    note_problem,
    remove_tag,
    solve_problem,
    suppress,
)
from jouren.contacts.actions.peace import BY_STAFF
from jouren.contacts.models import Contact, Problem, Suppression, SuppressionReason
from jouren.content.voices.actions import ask_for_voice
from jouren.content.voices.links import voice_path
from jouren.core.errors import UserError
from jouren.journeys.actions import enrol_by_hand
from jouren.journeys.models import Journey
from jouren.journeys.reactions import held_out_of
from jouren.orders.by_hand import attend_seminar
from jouren.pyramid.actions import change_stage
from jouren.pyramid.stages import Stage


class _PersonAct(Act):
    permissions: ClassVar[Sequence[str]] = CHANGE
    contact: Contact

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if self.is_allowed(request):
            self.contact = contact_or_404(kwargs["public_id"])
        return super().dispatch(request, *args, **kwargs)

    def back(self) -> str:
        return reverse("people:person", args=[self.contact.public_id])

    def checked(self, form: forms.Form) -> dict[str, Any]:
        """What a form holds. Raises UserError with all that is wrong."""
        if form.is_valid():
            return form.cleaned_data
        raise UserError(" ".join(_sentences(form)))


def _sentences(form: forms.Form) -> Iterable[str]:
    for name, errors in form.errors.items():
        label = form.fields[name].label if name in form.fields else ""
        yield f"{label}: {' '.join(map(str, errors))}" if label else " ".join(map(str, errors))


class ChangeName(_PersonAct):
    """Set the whole name."""

    def act(self) -> str:
        change_name(self.contact.pk, **self.checked(NameForm(self.request.POST)), by=self.staff)
        return _("The name was saved.")


class NoteSeminar(_PersonAct):
    """Write down that the person was at a seminar."""

    def act(self) -> str:
        values = self.checked(SeminarForm(self.request.POST))
        attend_seminar(self.contact.pk, values["seminar"], at=moment_of(values["day"]), by=self.staff)
        return _("The seminar was noted.")


class AskForVoice(_PersonAct):
    """Note that the person is asked for their words; the answer tells the link to hand to them."""

    permissions = (*CHANGE, "content.add_voice")

    def act(self) -> str:
        values = self.checked(VoiceAskForm(self.request.POST))
        product = values["product"]
        voice = ask_for_voice(self.contact.pk, product.pk if product else None, given=values["given"], by=self.staff)
        link = f"{settings.JOUREN.base_url}{voice_path(voice.pk)}"
        return _("Noted. Send them this link, which is theirs alone: %(link)s") % {"link": link}


class ChangeStage(_PersonAct):
    """Put the person on a stage."""

    def act(self) -> str:
        stage = Stage(self.checked(StageForm(self.request.POST))["stage"])
        change_stage(self.contact.pk, stage, by=self.staff)
        return _("The person now stands on “%(stage)s”.") % {"stage": stage.label}


class NoteProblem(_PersonAct):
    """Note what the person wants solved."""

    def act(self) -> str:
        note_problem(self.contact.pk, **self.checked(ProblemForm(self.request.POST)), by=self.staff)
        return _("The problem was noted.")


class SolveProblem(_PersonAct):
    """Note that it is solved."""

    def act(self) -> str:
        problem = get_object_or_404(Problem, pk=self.kwargs["problem_id"], contact=self.contact)
        solve_problem(problem.pk, by=self.staff)
        return _("The problem is solved.")


class AddTag(_PersonAct):
    """Put a word on the person."""

    def act(self) -> str:
        tag = self.checked(TagForm(self.request.POST))["text"]
        if not add_tag(self.contact.pk, tag, by=self.staff):
            raise UserError(_("This person has that tag already."))
        return _("The tag “%(tag)s” was added.") % {"tag": tag}


class RemoveTag(_PersonAct):
    """Take a word off the person."""

    def act(self) -> str:
        tag = self.checked(TagForm(self.request.POST))["text"]
        remove_tag(self.contact.pk, tag, by=self.staff)
        return _("The tag “%(tag)s” was taken off.") % {"tag": tag}


class StopMessages(_PersonAct):
    """Send them nothing more."""

    def act(self) -> str:
        suppress(self.contact.pk, SuppressionReason.MANUAL, by=self.staff)
        return _("Nothing more is sent to this person.")


class LeaveInPeace(_PersonAct):
    """Send them no more promotion."""

    def act(self) -> str:
        leave_in_peace(self.contact.pk, SuppressionReason.IN_PEACE, source=BY_STAFF, by=self.staff)
        return _("This person gets no more promotion. What they asked for still goes to them.")


class AllowMessages(_PersonAct):
    """Lift one reason that stops messages."""

    def act(self) -> str:
        stop = get_object_or_404(Suppression, pk=self.kwargs["suppression_id"], contact=self.contact)
        lift_suppression(self.contact.pk, channel=stop.channel, reason=stop.reason, by=self.staff)
        return _("This no longer stops messages.")


class EnterJourney(_PersonAct):
    """Start a walk through a journey by hand."""

    permissions = (*CHANGE, "journeys.change_journey")

    def act(self) -> str:
        number = self.request.POST.get("journey", "")
        journey = get_object_or_404(Journey, pk=int(number) if number.isdecimal() and len(number) < 18 else 0)
        if not enrol_by_hand(journey, [self.contact.pk]):
            if held_out_of(journey.pk, [self.contact.pk]):
                raise UserError(
                    _("This person is held back from “%(journey)s”, to compare. The lot decides, not who enters them.")
                    % {"journey": journey}
                )
            raise UserError(_("This person is in this journey already, or has been, and may not enter it again."))
        return _("The person has entered “%(journey)s”.") % {"journey": journey}


class ExportPerson(PermissionAsked, View):
    """Hand out all that is kept about a person. A POST, for it is written to the audit log."""

    permissions = CHANGE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        contact = contact_or_404(public_id)
        answer = JsonResponse(
            export_person(contact, self.staff), json_dumps_params={"ensure_ascii": False, "indent": 2}
        )
        answer["Content-Disposition"] = f'attachment; filename="person-{contact.public_id}.json"'
        return answer


class EraseScreen(Screen):
    """Asks for a typed word, then erases the person everywhere."""

    permissions = (*VIEW, *ERASE)
    template_name = "backoffice/people/erase.html"
    page_title = gettext_lazy("Erase a person")
    header_icon = "bin"
    parents = (("people:list", gettext_lazy("Customers")),)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        contact = contact_or_404(self.kwargs["public_id"])
        context = {"contact": contact, "form": EraseForm(), "word": EraseForm.expected()}
        return {**super().get_context_data(**kwargs), **context, **kwargs}

    @transaction.atomic
    def post(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Erase, when the word is right."""
        form = EraseForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        erase_contact(contact_or_404(public_id).pk, by=self.staff)
        messages.success(
            request,
            _("The person was erased. Only a mark that nobody can read stays, so that no import brings them back."),
        )
        return redirect("people:list")
