"""Ours stand before Wagtail's of the same addresses, under the same names."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.entry import first, views

urlpatterns = [
    path("first/", first.FirstOwnerScreen.as_view(), name="first_owner"),
    path("login/", views.LoginScreen.as_view(), name="wagtailadmin_login"),
    path("password_reset/", views.ForgottenScreen.as_view(), name="wagtailadmin_password_reset"),
    path(
        "password_reset/confirm/<uidb64>/<token>/",
        views.NewPasswordScreen.as_view(),
        name="wagtailadmin_password_reset_confirm",
    ),
]
