"""Where backups, and the release of what a restore holds, are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.backups import views

app_name = "backups"
urlpatterns = [
    path("", views.BackupsScreen.as_view(), name="list"),
    path("make/", views.MakeBackup.as_view(), name="make"),
    path("held-sends/", views.HeldSendsScreen.as_view(), name="held"),
    path("held-sends/release/", views.ReleaseSends.as_view(), name="release"),
]
