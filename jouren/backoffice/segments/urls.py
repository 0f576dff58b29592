"""Where segments are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.segments import entering, views

app_name = "segments"
urlpatterns = [
    path("", views.SegmentsScreen.as_view(), name="list"),
    path("add/", views.AddScreen.as_view(), name="add"),
    path("<int:pk>/", views.SegmentScreen.as_view(), name="segment"),
    path("<int:pk>/edit/", views.EditScreen.as_view(), name="edit"),
    path("<int:pk>/enter/", entering.EnterScreen.as_view(), name="enter"),
    path("<int:pk>/delete/", views.Delete.as_view(), name="delete"),
]
