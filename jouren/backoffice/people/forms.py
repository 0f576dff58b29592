"""What staff type about people."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from jouren.contacts.actions.people import MAX_PROBLEM_LENGTH
from jouren.contacts.policies import MAX_NAME_LENGTH, MAX_TAG_LENGTH
from jouren.pyramid.stages import Stage


class NameForm(forms.Form):
    """A person's whole name."""

    family_name = forms.CharField(label=_("family name"), max_length=MAX_NAME_LENGTH, required=False)
    given_name = forms.CharField(label=_("given name"), max_length=MAX_NAME_LENGTH, required=False)
    family_kana = forms.CharField(label=_("family name in kana"), max_length=MAX_NAME_LENGTH, required=False)
    given_kana = forms.CharField(label=_("given name in kana"), max_length=MAX_NAME_LENGTH, required=False)


class ProblemForm(forms.Form):
    """What a person wants solved."""

    text = forms.CharField(label=_("What do they want solved?"), max_length=MAX_PROBLEM_LENGTH)


class TagForm(forms.Form):
    """A word to put on a person."""

    text = forms.CharField(label=_("Tag"), max_length=MAX_TAG_LENGTH)


class StageForm(forms.Form):
    """A stage that staff put a person on."""

    stage = forms.TypedChoiceField(label=_("stage"), choices=Stage.choices, coerce=int)


class EraseForm(forms.Form):
    """Asks for a word that nobody types by mistake."""

    word = forms.CharField(label=_("To confirm, type the word above"), max_length=20)

    @staticmethod
    def expected() -> str:
        """The word to type, in the language of the screen."""
        return pgettext("typed to confirm", "erase")

    def clean_word(self) -> str:
        word = str(self.cleaned_data["word"]).strip()
        if word.casefold() != self.expected().casefold():
            raise forms.ValidationError(gettext("Type “%(word)s” to confirm.") % {"word": self.expected()})
        return word
