"""Where ready-made journeys are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.playbooks import views

app_name = "playbooks"
urlpatterns = [
    path("", views.PlaybooksScreen.as_view(), name="list"),
    path("<slug:slug>/<slug:language>/", views.PlaybookScreen.as_view(), name="playbook"),
]
