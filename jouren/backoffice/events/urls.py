"""Where parked events are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.events import views

app_name = "parked"
urlpatterns = [
    path("", views.ParkedScreen.as_view(), name="list"),
    path("retry/", views.RetryAll.as_view(), name="retry_all"),
    path("<int:event_id>/retry/", views.Retry.as_view(), name="retry"),
    path("<int:event_id>/give-up/", views.GiveUp.as_view(), name="give_up"),
]
