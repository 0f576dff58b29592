"""What a person fills in on a survey's page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.inbox.actions import MAX_WORDS_LENGTH
from jouren.inbox.policies import Given
from jouren.inbox.vocabulary import Question, Satisfaction

_YES_OR_NO = [("yes", _("Yes")), ("no", _("No"))]
_ANSWERS: dict[str, bool] = {"yes": True, "no": False}


class AnswerForm(forms.Form):
    """Some questions of a survey. Only how satisfied somebody is has to be answered, where it is asked."""

    def __init__(self, questions: Iterable[Question], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in questions:
            self.fields[question.value] = _field(question)

    def given(self) -> Given:
        """What was answered, once the form is valid."""
        values: dict[str, Any] = {name: value for name, value in self.cleaned_data.items() if value}
        for name in (Question.STILL_USING, Question.WORTH_PRICE):
            if name.value in values:
                values[name.value] = _ANSWERS[values[name.value]]
        return Given(**values)


def _field(question: Question) -> forms.Field:
    if question is Question.SATISFACTION:
        choices = Satisfaction.choices
        missing = {"required": _("Please choose one of the answers.")}
        return forms.ChoiceField(
            label=question.label, choices=choices, widget=forms.RadioSelect, error_messages=missing
        )
    if question in {Question.STILL_USING, Question.WORTH_PRICE}:
        return forms.ChoiceField(label=question.label, choices=_YES_OR_NO, required=False, widget=forms.RadioSelect)
    area = forms.Textarea(attrs={"rows": 3})
    too_many = {"max_length": gettext("Please write at most %(limit)s characters.") % {"limit": MAX_WORDS_LENGTH}}
    return forms.CharField(
        label=question.label, max_length=MAX_WORDS_LENGTH, required=False, widget=area, error_messages=too_many
    )
