"""Where a colleague's own list is in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.team import views

app_name = "notices"
urlpatterns = [
    path("", views.NoticesScreen.as_view(), name="list"),
    path("done/", views.FinishAll.as_view(), name="finish_all"),
    path("<int:pk>/done/", views.Finish.as_view(), name="finish"),
]
