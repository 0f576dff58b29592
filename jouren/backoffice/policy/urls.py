"""Where the sending rules are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.policy.control import ControlScreen
from jouren.backoffice.policy.views import RulesScreen

app_name = "sending_rules"
urlpatterns = [
    path("", RulesScreen.as_view(), name="show"),
    path("control-group/", ControlScreen.as_view(), name="control"),
]
