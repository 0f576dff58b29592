"""Where imports are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.ImportsScreen.as_view(), name="list"),
    path("add/", views.UploadScreen.as_view(), name="add"),
    path("<int:pk>/", views.ImportScreen.as_view(), name="show"),
    path("<int:pk>/columns/", views.ColumnsScreen.as_view(), name="columns"),
    path("<int:pk>/read/", views.ReadAct.as_view(), name="read"),
    path("<int:pk>/start/", views.StartAct.as_view(), name="start"),
    path("<int:pk>/stop/", views.StopAct.as_view(), name="stop"),
    path("<int:pk>/resume/", views.ResumeAct.as_view(), name="resume"),
    path("<int:pk>/delete/", views.DeleteAct.as_view(), name="delete"),
    path("<int:pk>/people/", views.ForeseenScreen.as_view(), name="foreseen"),
    path("<int:pk>/people.csv", views.ForeseenCsv.as_view(), name="foreseen_csv"),
    path("<int:pk>/problems.csv", views.ProblemsView.as_view(), name="problems"),
]
