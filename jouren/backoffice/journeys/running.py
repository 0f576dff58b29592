"""Pausing a journey, resuming it, and moving those who were to finish on older versions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages

from jouren.backoffice.journeys.screens import JourneyScreen
from jouren.backoffice.journeys.telling import tell_impact
from jouren.backoffice.templatetags.backoffice_tags import grouped
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.journeys.actions import live_version, move_to_current
from jouren.journeys.history import older_with_people, people_on_versions
from jouren.journeys.impact import impact_of
from jouren.journeys.models import Entries, Pause
from jouren.journeys.pausing import (
    MAX_DAYS,
    MAX_HOURS,
    How,
    Resumption,
    Standing,
    pause_journey,
    resume_journey,
    standing,
)
from jouren.journeys.steps import describe_step

PUBLISH = ("journeys.publish_journey",)


class _Deed(JourneyScreen):
    """A screen that explains something and does it by POST. What cannot be done is said on the figures' screen."""

    permissions = PUBLISH

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except UserError as error:
            return self._refuse(error)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do it, and go back to the figures."""
        try:
            done = self.act()
        except UserError as error:
            return self._refuse(error)
        if done is None:
            return self.render_to_response(self.get_context_data())
        messages.success(self.request, done)
        return redirect("journeys:inspect", self.journey.pk)

    def act(self) -> str | None:
        """Do it and return the sentence that says what was done; None to show the screen again. Raises UserError."""
        raise NotImplementedError

    def _refuse(self, error: UserError) -> HttpResponse:
        messages.error(self.request, str(error))
        return redirect("journeys:inspect", self.journey.pk)


class PauseScreen(_Deed):
    """Says what a pause does, and asks what becomes of those who would enter."""

    template_name = "backoffice/journeys/pause.html"
    page_title = gettext_lazy("Pause")
    header_icon = "pause"

    def act(self) -> str:
        chosen = self.request.POST.get("entries", "")
        entries = Entries(chosen) if chosen in Entries.values else Entries.TURN_AWAY
        pause_journey(self.journey, entries=entries, by=self.staff)
        return _("“%(journey)s” is paused.") % {"journey": self.journey}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        live_version(self.journey)
        return {
            **super().get_context_data(**kwargs),
            "people": people_on_versions(self.journey).total(),
            "entries": Entries.choices,
            "chosen": Entries.TURN_AWAY,
        }


class ResumeForm(forms.Form):
    """How a journey goes on."""

    how = forms.ChoiceField(choices=How.choices, initial=How.SHIFT)
    hours = forms.IntegerField(label=gettext_lazy("hours"), min_value=1, max_value=MAX_HOURS, required=False, initial=6)
    days = forms.IntegerField(label=gettext_lazy("days"), min_value=0, max_value=MAX_DAYS, required=False, initial=3)

    def clean(self) -> dict[str, Any]:
        """The number that goes with the choice has to be there."""
        cleaned: dict[str, Any] = super().clean() or {}
        for how, number in ((How.SPREAD, "hours"), (How.SKIP, "days")):
            if cleaned.get("how") == how and cleaned.get(number) is None and number not in self.errors:
                self.add_error(number, _("Say how many."))
        return cleaned

    def resumption(self) -> Resumption:
        """What was chosen."""
        chosen = self.cleaned_data
        return Resumption(How(chosen["how"]), hours=chosen.get("hours") or 0, days=chosen.get("days") or 0)


class ResumeScreen(_Deed):
    """Shows who is overdue by how much, and asks how to go on."""

    template_name = "backoffice/journeys/resume.html"
    page_title = gettext_lazy("Resume")
    header_icon = "resubmit"
    form: ResumeForm | None = None

    def act(self) -> str | None:
        self.form = ResumeForm(self.request.POST)
        if not self.form.is_valid():
            return None
        people = resume_journey(self.journey, self.form.resumption(), by=self.staff)
        text = ngettext("%(people)s person goes on.", "%(people)s people go on.", people)
        return text % {"people": grouped(people)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        live_version(self.journey)
        pause = Pause.objects.filter(journey=self.journey, resumed_at=None).first()
        if pause is None:
            raise UserError(_("The journey “%(name)s” is not paused.") % {"name": self.journey})
        places = standing(self.journey)
        now = clock.now()
        return {
            **super().get_context_data(**kwargs),
            "pause": pause,
            "length": lateness_text(now - pause.paused_at),
            "turned_away": pause.turned_away.count(),
            "is_holding": pause.entries == Entries.HOLD,
            "rows": [_row(place) for place in places if place.late],
            "people": sum(place.people for place in places),
            "late": sum(place.late for place in places),
            "form": self.form or ResumeForm(),
            "hows": How,
        }


def _row(place: Standing) -> dict[str, Any]:
    steps = place.version.compiled["steps"]
    return {
        "place": place,
        "step": describe_step(steps[place.step]) if place.step in steps else _("The end of the journey."),
        "longest": lateness_text(place.longest),
    }


def lateness_text(length: timedelta) -> str:
    """A length of time in its largest unit, rounded down."""
    if length >= timedelta(days=1):
        return ngettext("%(count)s day", "%(count)s days", length.days) % {"count": length.days}
    hours = int(length.total_seconds() // 3_600)
    if hours:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    minutes = int(length.total_seconds() // 60)
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}


class MoveScreen(_Deed):
    """Shows what moving those on older versions to the current one would do, and does it."""

    template_name = "backoffice/journeys/move.html"
    page_title = gettext_lazy("Move people to the current version")
    header_icon = "resubmit"

    def act(self) -> str:
        people = move_to_current(self.journey, by=self.staff)
        text = ngettext("%(people)s person was moved.", "%(people)s people were moved.", people)
        return text % {"people": grouped(people)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        live = live_version(self.journey)
        older = older_with_people(people_on_versions(self.journey))
        versions = [version for version, _people in older]
        impact = impact_of(self.journey, live.compiled, versions)
        return {
            **super().get_context_data(**kwargs),
            "live": live,
            "older": older,
            "people": sum(people for _version, people in older),
            "lines": tell_impact(impact, versions, live.compiled, shows_people=self.shows_people),
            "is_paused": Pause.objects.filter(journey=self.journey, resumed_at=None).exists(),
        }
