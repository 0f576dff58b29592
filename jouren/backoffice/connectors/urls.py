"""Where connected shops are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.connectors import views

app_name = "connectors"
urlpatterns = [
    path("", views.ConnectionsScreen.as_view(), name="list"),
    path("<int:pk>/", views.ConnectionScreen.as_view(), name="connection"),
    path("<int:pk>/change/", views.Change.as_view(), name="change"),
    path("<int:pk>/replay/", views.ReplayAll.as_view(), name="replay_all"),
    path("received/<int:received_id>/replay/", views.Replay.as_view(), name="replay"),
    path("received/<int:received_id>/drop/", views.Drop.as_view(), name="drop"),
    path("secrets/<int:secret_id>/end/", views.EndSecret.as_view(), name="end_secret"),
]
