"""Where webhooks are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.WebhooksScreen.as_view(), name="list"),
    path("retry/", views.RetryAll.as_view(), name="retry_all"),
    path("calls/<int:call_id>/retry/", views.Retry.as_view(), name="retry"),
    path("calls/<int:call_id>/drop/", views.Drop.as_view(), name="drop"),
    path("<int:pk>/", views.WebhookScreen.as_view(), name="webhook"),
    path("<int:pk>/change/", views.Change.as_view(), name="change"),
    path("<int:pk>/try/", views.Try.as_view(), name="try"),
    path("secrets/<int:secret_id>/end/", views.EndSecret.as_view(), name="end_secret"),
]
