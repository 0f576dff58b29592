"""Where broadcasts are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.broadcasts import acts, editing, trying, views

app_name = "broadcasts"
urlpatterns = [
    path("", views.BroadcastsScreen.as_view(), name="list"),
    path("<int:pk>/", views.BroadcastScreen.as_view(), name="show"),
    path("<int:pk>/edit/what/", editing.WhatScreen.as_view(), name="what"),
    path("<int:pk>/edit/whom/", editing.WhomScreen.as_view(), name="whom"),
    path("<int:pk>/edit/when/", editing.WhenScreen.as_view(), name="when"),
    path("<int:pk>/edit/more/", editing.MoreScreen.as_view(), name="more"),
    path("<int:pk>/confirm/", editing.ConfirmScreen.as_view(), name="confirm"),
    path("<int:pk>/try/<int:place>/", trying.TryVersionScreen.as_view(), name="try"),
    path("<int:pk>/recall/", acts.Recall.as_view(), name="recall"),
    path("<int:pk>/pause/", acts.Pause.as_view(), name="pause"),
    path("<int:pk>/resume/", acts.Resume.as_view(), name="resume"),
    path("<int:pk>/cancel/", acts.Cancel.as_view(), name="cancel"),
    path("<int:pk>/stop/", acts.StopRepeating.as_view(), name="stop"),
    path("<int:pk>/copy/", acts.Copy.as_view(), name="copy"),
    path("<int:pk>/delete/", acts.Delete.as_view(), name="delete"),
    path("<int:pk>/archive/", acts.Archive.as_view(), name="archive"),
    path("issues/<int:issue_id>/choose/", acts.Choose.as_view(), name="choose"),
]
