"""What the editor of conditions asks while somebody writes."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.conditions import views

app_name = "conditions"
urlpatterns = [
    path("catalogue/", views.Catalogue.as_view(), name="catalogue"),
    path("check/", views.Check.as_view(), name="check"),
]
