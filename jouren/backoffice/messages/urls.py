"""What a message's editor does not have: trying it out, who got it, and what became of all messages on a day."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.messages import outcomes, views

app_name = "message_try"
urlpatterns = [
    path("outcomes/", outcomes.OutcomesScreen.as_view(), name="outcomes"),
    path("<int:pk>/try/", views.TryScreen.as_view(), name="show"),
    path("<int:pk>/deliveries/", views.DeliveriesScreen.as_view(), name="deliveries"),
]
