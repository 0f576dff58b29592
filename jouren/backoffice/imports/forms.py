"""What staff write of an import: the file, how it is read, which column means what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jouren.backoffice.imports.wording import preset_label
from jouren.imports.fields import FIELDS, Kind
from jouren.imports.models import Import
from jouren.imports.presets import PRESETS
from jouren.imports.reading import ENCODINGS, Row


class UploadForm(forms.Form):
    """The file, and what it has rows of."""

    kind = forms.ChoiceField(
        label=_("What the file holds"), choices=Kind.choices, initial=Kind.ORDERS, widget=forms.RadioSelect
    )
    file = forms.FileField(
        label=_("CSV file"),
        allow_empty_file=True,
        max_length=500,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        help_text=_("As your shop hands it out; also 100 MB and more. UTF-8, Shift_JIS, commas or tabs are found out."),
    )


class ReadForm(forms.Form):
    """How the file is read."""

    preset = forms.ChoiceField(label=_("Where the file is from"))
    encoding = forms.ChoiceField(label=_("Characters"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Columns are divided by"), choices=[(",", ","), ("\t", "Tab"), (";", ";")])

    def __init__(self, run: Import, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"preset": run.preset, "encoding": run.encoding, "delimiter": run.delimiter}
        super().__init__(*args, **kwargs)
        choices = [(preset.key, preset_label(preset.key)) for preset in PRESETS.values() if preset.kind == run.kind]
        self.fields["preset"].choices = choices  # type: ignore[attr-defined]


class ColumnsForm(forms.Form):
    """Which column each field is of; of customers also on what consent."""

    def __init__(self, run: Import, rows: list[Row], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._run = run
        choices = [("", "—"), *((str(place), _head(run, rows, place)) for place in range(len(run.header)))]
        for name, field in FIELDS[run.kind].items():
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=field.label,
                choices=choices,
                required=False,
                help_text=field.help,
                initial=str(run.mapping.get(name, "")),
            )
        self.fields["source"] = forms.CharField(
            label=_("Name of where they come from"),
            max_length=100,
            initial=run.source,
            help_text=_("Orders of one source with the same number are one order. Take the same name each time."),
        )
        if run.kind == Kind.CUSTOMERS:
            self.fields["statement"] = forms.CharField(
                label=_("Your statement about their consent"),
                required=False,
                max_length=5_000,
                strip=True,
                initial="" if run.consent_text is None else run.consent_text.text,
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text=_(
                    "How, where and when these people agreed to mail. It is kept, word for word, as the proof of each"
                    " consent. Without a column of consents nobody gets one, and nobody gets marketing mail."
                ),
            )

    @property
    def columns(self) -> dict[str, int]:
        """The choice that was made, by field."""
        names = FIELDS[self._run.kind]
        chosen = {name: self.cleaned_data.get(f"column_{name}", "") for name in names}
        return {name: int(place) for name, place in chosen.items() if place}

    @property
    def column_fields(self) -> list[forms.BoundField]:
        """The fields that are columns."""
        return [self[f"column_{name}"] for name in FIELDS[self._run.kind]]


def _head(run: Import, rows: list[Row], place: int) -> str:
    """A column by its head, with the first value that it has."""
    example = next((row.cells[place] for row in rows if place < len(row.cells) and row.cells[place].strip()), "")
    head = run.header[place] or str(place + 1)
    return f"{head[:60]}  ({example[:30]})" if example else head[:60]
