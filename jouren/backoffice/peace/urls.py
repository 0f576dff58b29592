"""Where the rule for leaving in peace is in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.peace import views

app_name = "peace"
urlpatterns = [path("", views.PeaceScreen.as_view(), name="rule")]
