"""How staff's acts on connections are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("connectors.make", _("Connect shop"), _("Shop connected"))
    actions.register_action("connectors.change", _("Change connection"), _("Connection changed"))
    actions.register_action("connectors.rotate_secret", _("Change secret"), _("A further secret is valid"))
    actions.register_action("connectors.end_secret", _("End secret"), _("A secret was ended"))
    actions.register_action("connectors.replay", _("Take in again"), _("Something was taken in after mending"))


hooks.register("register_log_actions", _acts)
