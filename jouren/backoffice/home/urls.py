"""What is done on the first screen."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.home import views

app_name = "home_screen"
urlpatterns = [
    path("steps/<slug:key>/skip/", views.Skip.as_view(), name="skip"),
    path("steps/<slug:key>/unskip/", views.Unskip.as_view(), name="unskip"),
]
