"""Where a sandbox's clock is moved."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.clock import views

app_name = "clock"
urlpatterns = [
    path("advance/", views.AdvanceClock.as_view(), name="advance"),
    path("state/", views.ClockState.as_view(), name="state"),
]
