"""What a person fills in to let their words be shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from jouren.content.voices.actions import Words
from jouren.content.voices.models import Voice
from jouren.content.voices.policies import (
    FEWEST_CHARACTERS,
    MOST_CHARACTERS,
    MOST_OF_NAME,
    Names,
    credited,
    name_shown,
)
from jouren.content.voices.vocabulary import AgeGroup, NameForm, Prefecture

_NOT_SHOWN = [("", _("Not shown"))]


class VoiceForm(forms.Form):
    """Words, under which name, and the permission. ``permission`` is the text beside its box."""

    text = forms.CharField(
        label=_("Your words"),
        min_length=FEWEST_CHARACTERS,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    name_form = forms.ChoiceField(
        label=_("Under which name?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose one of the names.")},
    )
    nickname = forms.CharField(label=_("That other name"), max_length=MOST_OF_NAME, required=False)
    age_group = forms.ChoiceField(
        label=_("Your age, if you like to show it"), choices=[*_NOT_SHOWN, *AgeGroup.choices], required=False
    )
    prefecture = forms.ChoiceField(
        label=_("Where you live, if you like to show it"),
        choices=[*_NOT_SHOWN, *Prefecture.choices],
        required=False,
    )
    permits = forms.BooleanField(error_messages={"required": _("Without your permission we cannot show your words.")})

    def __init__(self, *args: Any, names: Names, permission: str, voice: Voice | None = None, **kwargs: Any) -> None:
        if voice is not None and voice.original:
            kwargs.setdefault("initial", _initial_of(voice))
        super().__init__(*args, **kwargs)
        self.permission = permission
        name_form = self.fields["name_form"]
        assert isinstance(name_form, forms.ChoiceField)
        name_form.choices = _choices(names)
        self.fields["permits"].label = permission
        limits = {"fewest": FEWEST_CHARACTERS, "most": MOST_CHARACTERS}
        too_few_or_many = gettext("Please write %(fewest)s to %(most)s characters.") % limits
        self.fields["text"].error_messages |= dict.fromkeys(("required", "min_length", "max_length"), too_few_or_many)

    def clean(self) -> dict[str, Any]:
        """Another name is needed by whoever chose to be shown under one."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("name_form") == NameForm.NICKNAME and "nickname" in said and not said["nickname"].strip():
            limit = {"limit": MOST_OF_NAME}
            self.add_error("nickname", gettext("Please write the name, with at most %(limit)s characters.") % limit)
        return said

    def words(self) -> Words:
        """What was filled in, once the form is valid."""
        values = self.cleaned_data
        kept = {name: values[name] for name in ("text", "name_form", "nickname", "age_group", "prefecture")}
        return Words(**kept, permission=self.permission if values["permits"] else "")


def _choices(names: Names) -> list[tuple[str, str]]:
    """The forms for which enough is known, each with what it shows."""
    language = get_language() or ""
    choices = []
    for form in NameForm:
        if form is NameForm.NICKNAME:
            choices.append((form.value, str(form.label)))
        elif (shown := name_shown(form, names)) is not None:
            choices.append((form.value, f"{form.label}: {credited(shown, language)}"))
    return choices


def _initial_of(voice: Voice) -> dict[str, Any]:
    nickname = voice.shown_name if voice.name_form == NameForm.NICKNAME else ""
    return {
        "text": voice.original,
        "name_form": voice.name_form,
        "nickname": nickname,
        "age_group": voice.age_group,
        "prefecture": voice.prefecture,
    }
