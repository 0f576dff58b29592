"""The list of voices by state, and one voice: what the law says of it, and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.screens import Act, Screen
from jouren.backoffice.voices.forms import ApprovalForm
from jouren.content.voices.actions import approve_voice, decline_voice
from jouren.content.voices.errors import BadVoice, ChangedMeanwhile
from jouren.content.voices.lint import Finding, lint
from jouren.content.voices.models import Voice
from jouren.content.voices.policies import clean_words, passages
from jouren.content.voices.queries import count_by_state, told, voices_in
from jouren.content.voices.vocabulary import State
from jouren.core.errors import UserError

PAGE = 100
ICON = "speech"
_DECIDABLE = {State.RECEIVED, State.APPROVED, State.DECLINED}


class VoicesScreen(Screen):
    """Voices of one state; what waits for a person first."""

    permissions = ("content.view_voice",)
    template_name = "backoffice/voices/list.html"
    page_title = gettext_lazy("Customers' voices")
    header_icon = ICON

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET.get("state", "")
        state = State(asked) if asked in State.values else State.RECEIVED
        counts = count_by_state()
        return {
            **super().get_context_data(**kwargs),
            "tabs": [(each.value, each.label, counts.get(each.value, 0)) for each in State],
            "state": state.value,
            "rows": [(voice, _count(voice)) for voice in voices_in(state, PAGE)],
            "has_more": counts.get(state, 0) > PAGE,
            "sees_people": self.request.user.has_perm("contacts.view_contact"),
        }


@dataclass(frozen=True)
class Count:
    """How much of a voice is forbidden, and how much doubtful."""

    forbidden: int
    doubtful: int


def _count(voice: Voice) -> Count:
    findings = _findings(voice, voice.text)
    forbidden = sum(finding.is_forbidden for finding in findings)
    return Count(forbidden, len(findings) - forbidden)


def _findings(voice: Voice, text: str, given: str = "") -> list[Finding]:
    return lint(text, voice.product.goods if voice.product else "", given or voice.given)


class _OfVoice:
    kwargs: dict[str, Any]

    @cached_property
    def voice(self) -> Voice:
        """The voice that the URL names. Raises Http404."""
        known = Voice.objects.select_related("product", "contact", "decided_by", "permission")
        return get_object_or_404(known, pk=self.kwargs["pk"])


class VoiceScreen(_OfVoice, Screen):
    """One voice: GET shows it, POST approves what is left of it."""

    permissions = ("content.view_voice",)
    template_name = "backoffice/voices/voice.html"
    parents = (("voice_screens:list", gettext_lazy("Customers' voices")),)
    header_icon = ICON

    def get_page_title(self) -> str:
        return _("Voice %(key)s") % {"key": self.voice.key}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show it from now on, or say why not."""
        if not request.user.has_perm("content.change_voice"):
            messages.error(request, _("You may not decide about voices."))
            return redirect("voice_screens:voice", self.voice.pk)
        form = ApprovalForm(request.POST, voice=self.voice)
        if form.is_valid():
            values = form.cleaned_data
            try:
                approve_voice(
                    self.voice.pk,
                    values["text"],
                    given=values["given"],
                    seen=read_moment(values["seen"]),
                    accepts_doubts=values["accepts_doubts"],
                    note=values["note"],
                    by=self.staff,
                )
            except BadVoice as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            except UserError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("It is shown from now on, wherever voices stand."))
                return redirect("voice_screens:voice", self.voice.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        voice = self.voice
        form = kwargs.pop("form", None)
        data = form.data if form is not None else {"text": voice.text}
        may_decide = self.request.user.has_perm("content.change_voice") and voice.contact is not None
        return {
            **super().get_context_data(**kwargs),
            "voice": voice,
            "told": told(voice),
            "findings": _findings(voice, clean_words(data.get("text", "")), data.get("given", "")),
            "passages": passages(voice.original, voice.text) if voice.is_shortened else None,
            "form": form or (ApprovalForm(voice=voice) if may_decide and voice.state in _DECIDABLE else None),
            "may_decline": may_decide and voice.state in {State.RECEIVED, State.APPROVED},
            "sees_people": self.request.user.has_perm("contacts.view_contact"),
        }


class Decline(_OfVoice, Act):
    """Do not show it, or no longer."""

    permissions = ("content.view_voice", "content.change_voice")

    def act(self) -> str:
        seen = read_moment(self.request.POST.get("seen", ""))
        decline_voice(self.voice.pk, seen=seen, note=self.request.POST.get("note", ""), by=self.staff)
        return _("It is not shown.")

    def back(self) -> str:
        return reverse("voice_screens:voice", args=[self.voice.pk])


def read_moment(text: str) -> datetime:
    """The moment that a form carries. Raises ChangedMeanwhile for what is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ChangedMeanwhile(_("This voice was changed meanwhile. Please look at it once more.")) from None
