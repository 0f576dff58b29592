"""The sign-up form as a visitor fills it in, built from what its author asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from jouren.capture.models import MAX_PROBLEM_LENGTH, Asking, Form, ProblemField
from jouren.capture.policies import has_unreadable
from jouren.contacts.addresses import normalise_email
from jouren.contacts.errors import BadAddress, BadName
from jouren.contacts.policies import clean_kana, clean_text

MAX_NAME_LENGTH = 100
TRAP_FIELD = "nickname2"


def _readable(value: str) -> None:
    if has_unreadable(value) or not clean_text(value):
        raise ValidationError(_("This contains characters that cannot be read. Please type it again."))


def _fit_as_kana(value: str) -> None:
    """Kana grows when its compatibility characters are written out."""
    try:
        clean_kana(value)
    except BadName as error:
        raise ValidationError(str(error)) from error


class SignUpForm(forms.Form):
    """What a visitor writes. ``cleaned_data["email"]`` is normalised; see :meth:`answers` for the rest.

    ``nickname2`` is a trap: people do not see it, programs fill it in. ``stamp`` is checked by the view.
    """

    email = forms.CharField(
        label=_("Mail address"),
        max_length=254,
        validators=[_readable],
        widget=forms.EmailInput(attrs={"autocomplete": "email", "placeholder": "hanako@example.jp"}),
    )
    consent = forms.BooleanField(error_messages={"required": _("Please tick this box to sign up.")})
    stamp = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)

    def __init__(self, form: Form, data: Any = None, *, stamp: str = "") -> None:
        super().__init__(data, auto_id=f"f{form.public_id.hex[:8]}-%s", initial={"stamp": stamp})
        self.form = form
        self.fields[TRAP_FIELD] = forms.CharField(required=False, label=_("Leave this empty"))
        for name, field in (*_name_fields(form), *_kana_fields(form), *_problem_fields(form)):
            self.fields[name] = field
        self.order_fields(["family_name", "given_name", "family_kana", "given_kana", "email", "problem"])
        self.fields["consent"].label = form.consent_text

    def clean_email(self) -> str:
        """The address as Jouren keeps it. Odd but real ones pass."""
        try:
            address: str = normalise_email(self.cleaned_data["email"]).value
        except BadAddress as error:
            raise ValidationError(str(error)) from error
        return address

    @property
    def is_trapped(self) -> bool:
        """True when the field that people do not see was filled in."""
        return bool(self.data.get(TRAP_FIELD))

    def answers(self) -> dict[str, Any]:
        """What was written besides the address, without what was left empty. ``problems`` is a list of texts."""
        names = ("family_name", "given_name", "family_kana", "given_kana")
        found: dict[str, Any] = {name: clean_text(self.cleaned_data.get(name, "")) for name in names}
        problem = self.cleaned_data.get("problem", "")
        found["problems"] = [text for text in ([problem] if isinstance(problem, str) else problem) if clean_text(text)]
        return {name: value for name, value in found.items() if value}

    def with_fresh_stamp(self, stamp: str) -> SignUpForm:
        """The same form and values to be sent once more."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["stamp"] = stamp
        self.data = data
        return self

    @property
    def problem_field(self) -> BoundField | None:
        """The question about the problem, where the form asks it."""
        return self["problem"] if "problem" in self.fields else None

    def name_rows(self) -> list[list[BoundField]]:
        """The name fields in pairs, as they stand beside each other."""
        pairs = (("family_name", "given_name"), ("family_kana", "given_kana"))
        return [[self[name] for name in pair] for pair in pairs if pair[0] in self.fields]


def _name_fields(form: Form) -> Iterable[tuple[str, forms.Field]]:
    if form.ask_name == Asking.NO:
        return
    required = form.ask_name == Asking.REQUIRED
    yield "family_name", _text(_("Family name"), required, "family-name")
    yield "given_name", _text(_("Given name"), required, "given-name")


def _kana_fields(form: Form) -> Iterable[tuple[str, forms.Field]]:
    if form.ask_kana == Asking.NO:
        return
    required = form.ask_kana == Asking.REQUIRED
    for name, label in (("family_kana", _("Family name in kana")), ("given_kana", _("Given name in kana"))):
        field = _text(label, required, "off")
        field.validators.append(_fit_as_kana)
        yield name, field


def _text(label: Any, required: bool, autocomplete: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=MAX_NAME_LENGTH,
        validators=[_readable],
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


def _problem_fields(form: Form) -> Iterable[tuple[str, forms.Field]]:
    label = form.problem_question or _("What would you like to solve?")
    if form.ask_problem == ProblemField.LIST:
        choices = [(text, text) for text in form.problems]
        widget = forms.CheckboxSelectMultiple
        yield "problem", forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=widget)
    elif form.ask_problem == ProblemField.TEXT:
        yield (
            "problem",
            forms.CharField(
                label=label,
                required=False,
                max_length=MAX_PROBLEM_LENGTH,
                validators=[_readable],
                widget=forms.Textarea(attrs={"rows": 3}),
            ),
        )
