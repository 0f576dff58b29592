"""Where the local mailbox is in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.mailbox import views

app_name = "mailbox"
urlpatterns = [
    path("", views.MailboxScreen.as_view(), name="list"),
    path("<slug:mail_id>/", views.MailScreen.as_view(), name="mail"),
    path("<slug:mail_id>/body/", views.MailBody.as_view(), name="body"),
]
