"""What staff write of a series, and of the messages that they put into it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from jouren.core.errors import UserError
from jouren.journeys.series.intake.drafts import MAX_LINE, Defaults, topics
from jouren.journeys.series.intake.markdown import MAX_TEXT
from jouren.journeys.series.models import Series
from jouren.journeys.series.order import MAX_ITEMS
from jouren.journeys.series.rhythm import EVERY_MORNING, MAX_DAYS, Rhythm, every_of, make_rhythm
from jouren.journeys.steps.series import EVERY, FIRST
from jouren.messaging.vocabulary import Kind
from jouren.pyramid.stages import Stage

KINDS = [(kind.value, kind.label) for kind in Kind if kind != Kind.TRANSACTIONAL]
LANGUAGES = [("ja", "日本語"), ("en", "English")]


class SeriesForm(forms.Form):
    """Its name and its rhythm. ``rhythm`` is there once the form is valid."""

    name = forms.CharField(label=_("Name"), max_length=200)
    description = forms.CharField(
        label=_("What the series is for"), required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )
    every = forms.ChoiceField(label=_("How often a message goes"), choices=EVERY, widget=forms.RadioSelect)
    days = forms.IntegerField(
        label=_("Every how many days"), required=False, widget=forms.NumberInput(attrs={"min": 1, "max": MAX_DAYS})
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"),
        choices=list(WEEKDAYS.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))
    business = forms.BooleanField(label=_("On business days only"), required=False)
    first = forms.ChoiceField(label=_("The first one goes"), choices=FIRST, widget=forms.RadioSelect)
    rhythm: Rhythm

    def clean(self) -> dict[str, Any]:
        """Only rhythms that send something."""
        said: dict[str, Any] = super().clean() or {}
        if self.errors:
            return said
        names = ("every", "at", "days", "weekdays", "business", "first")
        try:
            self.rhythm = make_rhythm(**{name: said[name] for name in names})
        except UserError as error:
            self.add_error("weekdays" if said["every"] == "weekdays" else "days", str(error))
        return said


def initial_of(series: Series | None) -> dict[str, Any]:
    """What the form shows of a series; of a new one (None), every morning."""
    rhythm = series.read_rhythm() if series else EVERY_MORNING
    return {
        "name": series.name if series else "",
        "description": series.description if series else "",
        "every": every_of(rhythm),
        "days": rhythm.days if rhythm.days > 1 else None,
        "weekdays": list(rhythm.weekdays),
        "at": rhythm.at,
        "business": rhythm.business,
        "first": "now" if rhythm.at_once else "rhythm",
    }


class DefaultsForm(forms.Form):
    """What holds for all messages that come in together, unless one says otherwise."""

    kind = forms.ChoiceField(label=pgettext_lazy("of a message", "Kind"), choices=KINDS, initial=Kind.HELP)
    stage = forms.TypedChoiceField(label=_("For the stage"), choices=Stage.choices, coerce=int, initial=Stage.PROSPECT)
    topic = forms.ChoiceField(label=_("Topic"))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, initial="ja")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["topic"]
        field.choices = topics()

    def defaults(self) -> Defaults:
        """What was chosen."""
        return Defaults(**{name: self.cleaned_data[name] for name in ("kind", "stage", "topic", "language")})


class WriteForm(DefaultsForm):
    """One message, written here."""

    subject = forms.CharField(label=_("Subject"), max_length=MAX_LINE)
    text = forms.CharField(
        label=_("Text"),
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_(
            "As Markdown: an empty line parts paragraphs, **bold**, - a list, > a quote. A link on a line of its own, "
            "[like this](https://example.jp/), becomes a button. {{ contact.name }} is the reader's name."
        ),
    )


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> Any:
        one = super().clean
        return [one(each, initial) for each in (data or [None])]


class ImportForm(DefaultsForm):
    """Files with messages."""

    upload = _FilesField(
        label=_("Files"),
        widget=_FilesInput(attrs={"multiple": True, "accept": ".csv,.tsv,.md,.markdown,.zip"}),
    )


class PlaceForm(forms.Form):
    """Where in a series something goes; empty: at its end."""

    at = forms.IntegerField(required=False, min_value=1, max_value=MAX_ITEMS + 1)


def place_of(said: Any) -> int | None:
    """The number that a request names; None for none, or none that can be."""
    form = PlaceForm(said)
    return form.cleaned_data["at"] if form.is_valid() else None
