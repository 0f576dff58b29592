"""What staff write of a survey. What is wrong with it as a whole is said by the action that saves it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jouren.catalog.models import Product
from jouren.inbox.actions import MAX_NAME_LENGTH, MAX_THANKS_LENGTH, MAX_TITLE_LENGTH
from jouren.inbox.models import Survey
from jouren.inbox.vocabulary import Question

_AFTER_USE = [each.value for each in Question if each is not Question.EXPECTATION]


class SurveyForm(forms.Form):
    """A survey."""

    name = forms.CharField(
        label=_("Name"), max_length=MAX_NAME_LENGTH, help_text=_("For you alone, such as “Tea, two weeks after”.")
    )
    product = forms.ModelChoiceField(
        Product.objects.order_by("name"), label=_("Product"), required=False, empty_label=_("About no product")
    )
    title = forms.CharField(
        label=_("Question above the buttons"),
        max_length=MAX_TITLE_LENGTH,
        help_text=_("It stands in the mail and on the page, such as “How do you like the tea?”."),
    )
    questions = forms.MultipleChoiceField(
        label=_("What is asked"), choices=Question.choices, initial=_AFTER_USE, widget=forms.CheckboxSelectMultiple
    )
    thanks = forms.CharField(
        label=_("Thanks"),
        max_length=MAX_THANKS_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What people read at the end. Empty: we thank them in our words."),
    )
    is_open = forms.BooleanField(label=_("It can be answered"), required=False, initial=True)

    def __init__(self, *args: Any, survey: Survey, **kwargs: Any) -> None:
        if survey.pk:
            names = ("name", "product", "title", "questions", "thanks", "is_open")
            kwargs.setdefault("initial", {name: getattr(survey, name) for name in names})
        super().__init__(*args, **kwargs)

    def put_into(self, survey: Survey) -> None:
        """Set the survey's fields to what was written."""
        for name, value in self.cleaned_data.items():
            setattr(survey, name, value)
