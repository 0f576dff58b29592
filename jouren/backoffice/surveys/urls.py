"""Where surveys are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.surveys import views

app_name = "surveys"
urlpatterns = [
    path("", views.SurveysScreen.as_view(), name="list"),
    path("add/", views.AddScreen.as_view(), name="add"),
    path("<int:pk>/", views.SurveyScreen.as_view(), name="survey"),
    path("<int:pk>/edit/", views.EditScreen.as_view(), name="edit"),
]
