"""Where the set-up is in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.setup import views
from jouren.backoffice.setup.screens import SkipStep, StartScreen, UnskipStep

app_name = "setup"
urlpatterns = [
    path("", StartScreen.as_view(), name="start"),
    path("account/", views.AccountScreen.as_view(), name="account"),
    path("shop/", views.ShopScreen.as_view(), name="shop"),
    path("time/", views.TimeScreen.as_view(), name="time"),
    path("law/", views.LawScreen.as_view(), name="law"),
    path("privacy/", views.PrivacyScreen.as_view(), name="privacy"),
    path("look/", views.LookScreen.as_view(), name="look"),
    path("mail/", views.MailScreen.as_view(), name="mail"),
    path("stages/", views.StagesScreen.as_view(), name="stages"),
    path("story/", views.StoryScreen.as_view(), name="story"),
    path("journey/", views.JourneyScreen.as_view(), name="journey"),
    path("<slug:key>/skip/", SkipStep.as_view(), name="skip"),
    path("<slug:key>/take-back/", UnskipStep.as_view(), name="unskip"),
]
