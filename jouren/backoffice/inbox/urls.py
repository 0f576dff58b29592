"""Where the inbox is in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.inbox import views

app_name = "inbox_screens"
urlpatterns = [
    path("", views.InboxScreen.as_view(), name="list"),
    path("handled/", views.HandledScreen.as_view(), name="handled"),
    path("<int:pk>/handle/", views.Handle.as_view(), name="handle"),
]
