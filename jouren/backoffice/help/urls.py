"""Where the help is in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.help import views

app_name = "help"
urlpatterns = [
    path("", views.IndexScreen.as_view(), name="index"),
    path("<slug:name>/", views.PageScreen.as_view(), name="page"),
]
