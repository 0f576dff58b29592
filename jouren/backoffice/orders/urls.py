"""Where orders are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.orders import entering, marking, views

app_name = "orders"
urlpatterns = [
    path("", views.OrdersScreen.as_view(), name="list"),
    path("enter/", entering.EnterScreen.as_view(), name="enter"),
    path("subscriptions/", views.SubscriptionsScreen.as_view(), name="subscriptions"),
    path("<int:pk>/", views.OrderScreen.as_view(), name="order"),
    path("<int:pk>/mark/<slug:what>/", marking.MarkScreen.as_view(), name="mark"),
]
