"""Surveys: the list, one survey's results, and the form that adds or changes one."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from jouren.backoffice.screens import Screen
from jouren.backoffice.surveys.forms import SurveyForm
from jouren.inbox.actions import save_survey
from jouren.inbox.errors import BadSurvey
from jouren.inbox.models import Survey
from jouren.inbox.policies import FEWEST_ANSWERS
from jouren.inbox.queries import latest_words, results_of
from jouren.inbox.vocabulary import Question

PAGE, WORDS = 100, 20
ICON = "question-list"
PARENTS = (("surveys:list", gettext_lazy("Surveys")),)


class SurveysScreen(Screen):
    """All surveys with their results, the open ones first."""

    permissions = ("inbox.view_survey",)
    template_name = "backoffice/surveys/list.html"
    page_title = gettext_lazy("Surveys")
    header_icon = ICON

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        listed = list(Survey.objects.select_related("product").order_by("-is_open", "name")[: PAGE + 1])
        return {
            **super().get_context_data(**kwargs),
            "rows": [(survey, results_of(survey)) for survey in listed[:PAGE]],
            "has_more": len(listed) > PAGE,
            "fewest": FEWEST_ANSWERS,
            "may_add": self.request.user.has_perm("inbox.add_survey"),
        }


class _OfSurvey:
    kwargs: dict[str, Any]

    @cached_property
    def survey(self) -> Survey:
        """The survey that the URL names. Raises Http404."""
        return get_object_or_404(Survey.objects.select_related("product"), pk=self.kwargs["pk"])


class SurveyScreen(_OfSurvey, Screen):
    """What people answered, each counted with their latest answer; and, for whoever may see people, their words."""

    permissions = ("inbox.view_survey",)
    template_name = "backoffice/surveys/survey.html"
    parents = PARENTS
    header_icon = ICON

    def get_page_title(self) -> str:
        return self.survey.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return {
            **super().get_context_data(**kwargs),
            "survey": self.survey,
            "results": results_of(self.survey),
            "questions": [each.label for each in Question if self.survey.asks(each)],
            "asks_satisfaction": self.survey.asks(Question.SATISFACTION),
            "fewest": FEWEST_ANSWERS,
            "words": latest_words(self.survey, WORDS) if user.has_perm("contacts.view_contact") else [],
            "may_change": user.has_perm("inbox.change_survey"),
        }


class _Editor(Screen):
    """GET shows the form; POST saves it or says what is wrong, at its field."""

    template_name = "backoffice/surveys/edit.html"
    parents = PARENTS
    header_icon = ICON

    @property
    def edited(self) -> Survey:
        """What is written into."""
        return Survey()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save the survey."""
        survey = self.edited
        form = SurveyForm(request.POST, survey=survey)
        if form.is_valid():
            form.put_into(survey)
            try:
                save_survey(survey, by=self.staff)
            except BadSurvey as error:
                form.add_error(error.field or None, str(error))
            else:
                messages.success(request, _("The survey “%(name)s” is saved.") % {"name": survey.name})
                return redirect("surveys:survey", survey.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        survey = self.edited
        back = reverse("surveys:survey", args=[survey.pk]) if survey.pk else reverse("surveys:list")
        form = kwargs.pop("form", None) or SurveyForm(survey=survey)
        return {**super().get_context_data(**kwargs), "form": form, "back": back}


class AddScreen(_Editor):
    """A new survey."""

    permissions = ("inbox.add_survey",)
    page_title = gettext_lazy("Add a survey")


class EditScreen(_OfSurvey, _Editor):
    """Other questions; closing it."""

    permissions = ("inbox.change_survey",)

    def get_page_title(self) -> str:
        return _("Change “%(name)s”") % {"name": Survey.objects.get(pk=self.survey.pk).name}

    @property
    def edited(self) -> Survey:
        return self.survey
