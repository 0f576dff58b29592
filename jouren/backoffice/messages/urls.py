"""What a message's editor does not have: trying it out, and who got it."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.messages import views

app_name = "message_try"
urlpatterns = [
    path("<int:pk>/try/", views.TryScreen.as_view(), name="show"),
    path("<int:pk>/deliveries/", views.DeliveriesScreen.as_view(), name="deliveries"),
]
