"""The preview of one person with answers: what would they get, day by day?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jouren.backoffice.journeys.screens import JourneyScreen
from jouren.backoffice.journeys.stories import StoryLine, step_texts, tell_story
from jouren.contacts.actions import defined_attribute, read_attribute
from jouren.contacts.errors import BadAttribute
from jouren.core import clock
from jouren.core.errors import UserError
from jouren.journeys.compiler import JourneyProblem, compile_journey
from jouren.journeys.replay.persona import ALWAYS, NEVER, ON_DAY, Persona, live_as
from jouren.journeys.replay.series import series_of, with_series
from jouren.journeys.replay.sources import setting_of
from jouren.journeys.versions import LoadedVersion, load_program
from jouren.orders.models import PURCHASE_KINDS


def _day_field(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, min_value=0, max_value=1_000, required=False)


class PersonaForm(forms.Form):
    """The persona's answers. Attributes that the journey asks about are added."""

    start = forms.DateTimeField(
        label=gettext_lazy("Enters at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    buys_on = _day_field(gettext_lazy("Buys on day"), gettext_lazy("Empty: never."))
    buys = forms.ChoiceField(label=gettext_lazy("What they buy"), choices=PURCHASE_KINDS, initial="regular")
    clicks = forms.ChoiceField(
        label=gettext_lazy("Clicks"),
        choices=[
            (NEVER, gettext_lazy("never")),
            (ALWAYS, gettext_lazy("in every message")),
            (ON_DAY, gettext_lazy("in what comes on this day:")),
        ],
    )
    clicks_on = _day_field(gettext_lazy("the day of the click"))
    unsubscribes_on = _day_field(gettext_lazy("Unsubscribes on day"), gettext_lazy("Empty: never."))

    def __init__(self, *args: Any, attributes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key in attributes:
            self.fields[f"attribute_{key}"] = forms.CharField(
                label=defined_attribute(key).label, required=False, max_length=500
            )
        self._attributes = attributes

    def clean(self) -> dict[str, Any]:
        """Values of attributes are read as the shop has defined them."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("clicks") == ON_DAY and cleaned.get("clicks_on") is None and "clicks_on" not in self.errors:
            self.add_error("clicks_on", _("Say on which day."))
        for key in self._attributes:
            text = cleaned.get(f"attribute_{key}", "")
            if not text:
                continue
            try:
                cleaned[f"attribute_{key}"] = read_attribute(defined_attribute(key), text)
            except BadAttribute as error:
                self.add_error(f"attribute_{key}", str(error))
        return cleaned

    def persona(self) -> Persona:
        """What was answered."""
        given = self.cleaned_data
        values = {key: given[f"attribute_{key}"] for key in self._attributes}
        return Persona(
            start=given["start"] or clock.now(),
            buys=((given["buys_on"], given["buys"]),) if given["buys_on"] is not None else (),
            clicks=given["clicks"],
            clicks_on=given["clicks_on"],
            unsubscribes_on=given["unsubscribes_on"],
            attributes={key: value for key, value in values.items() if value != ""},
        )


class PersonaScreen(JourneyScreen):
    """The form and what comes of it, at once: it only reads."""

    permissions = ("journeys.view_journey",)
    template_name = "backoffice/journeys/persona.html"
    page_title = gettext_lazy("Try it with a person")
    header_icon = "user"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        draft = self.journey.get_latest_revision_as_object() if self.journey.latest_revision_id else self.journey
        try:
            compiled = compile_journey(draft)
            program = load_program(compiled)
            compiled = with_series(compiled, program)
        except (JourneyProblem, UserError) as problem:
            return {**context, "problem": str(problem)}
        keys = [dict(use.arguments)["key"] for use in program.facts if use.name == "contact.attribute"]
        attributes = list(dict.fromkeys(keys))
        asked = self.request.GET if "clicks" in self.request.GET else None
        form = PersonaForm(asked, attributes=attributes, initial={"start": clock.now()})
        if asked is None or not form.is_valid():
            return {**context, "form": form}
        persona = form.persona()
        version, now = LoadedVersion(0, self.journey.pk, 0, self.journey.name, program), clock.now()
        setting = setting_of(version, now, now, series_of(compiled))
        lines = tell_story(live_as(persona, setting), compiled, step_texts(compiled))
        return {**context, "form": form, "days": _by_day(lines, persona.start, program.zone)}


def _by_day(lines: list[StoryLine], start: datetime, zone: Any) -> list[tuple[int, datetime, list[StoryLine]]]:
    """The lines by the day since entry."""
    first = start.astimezone(zone).date()
    days: dict[int, list[StoryLine]] = {}
    for line in lines:
        days.setdefault((line.at.astimezone(zone).date() - first).days, []).append(line)
    return [(day, lines[0].at, lines) for day, lines in days.items()]
