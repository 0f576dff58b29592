"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do with messages."""
    actions.register_action("messaging.send_test", _("Send test"), _("Test sent"))
    actions.register_action("messaging.change_rules", _("Change sending rules"), _("Sending rules changed"))
    actions.register_action("messaging.change_control_group", _("Change the control group"), _("Control group changed"))


hooks.register("register_log_actions", register_acts)
