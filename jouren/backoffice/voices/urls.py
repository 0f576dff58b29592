"""Where voices are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.voices import views

app_name = "voice_screens"
urlpatterns = [
    path("", views.VoicesScreen.as_view(), name="list"),
    path("<int:pk>/", views.VoiceScreen.as_view(), name="voice"),
    path("<int:pk>/decline/", views.Decline.as_view(), name="decline"),
]
