"""Where people are in the back office. Nothing personal stands in a URL: a person is a random UUID there."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.people import acts, views
from jouren.backoffice.why import views as why

app_name = "people"
_PERSON = "<uuid:public_id>/"
urlpatterns = [
    path("", views.PeopleScreen.as_view(), name="list"),
    path("stage/<slug:stage>/", views.PeopleScreen.as_view(), name="stage"),
    path(_PERSON, views.PersonScreen.as_view(), name="person"),
    path(f"{_PERSON}why/", why.AskWhy.as_view(), name="ask_why"),
    path(f"{_PERSON}why/<int:journey_id>/", why.WhyJourneyScreen.as_view(), name="why"),
    path(f"{_PERSON}why/message/<int:delivery_id>/", why.WhyMessageScreen.as_view(), name="why_message"),
    path(f"{_PERSON}name/", acts.ChangeName.as_view(), name="name"),
    path(f"{_PERSON}move/", acts.ChangeStage.as_view(), name="move"),
    path(f"{_PERSON}problem/", acts.NoteProblem.as_view(), name="note_problem"),
    path(f"{_PERSON}problem/<int:problem_id>/", acts.SolveProblem.as_view(), name="solve_problem"),
    path(f"{_PERSON}tag/", acts.AddTag.as_view(), name="add_tag"),
    path(f"{_PERSON}untag/", acts.RemoveTag.as_view(), name="remove_tag"),
    path(f"{_PERSON}stop/", acts.StopMessages.as_view(), name="stop"),
    path(f"{_PERSON}leave/", acts.LeaveInPeace.as_view(), name="leave"),
    path(f"{_PERSON}allow/<int:suppression_id>/", acts.AllowMessages.as_view(), name="allow"),
    path(f"{_PERSON}enter/", acts.EnterJourney.as_view(), name="enter"),
    path(f"{_PERSON}seminar/", acts.NoteSeminar.as_view(), name="seminar"),
    path(f"{_PERSON}voice/", acts.AskForVoice.as_view(), name="ask_for_voice"),
    path(f"{_PERSON}export/", acts.ExportPerson.as_view(), name="export"),
    path(f"{_PERSON}erase/", acts.EraseScreen.as_view(), name="erase"),
]
