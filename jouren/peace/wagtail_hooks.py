"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name a change of the rule."""
    actions.register_action("peace.change_rule", _("Change the rule for leaving in peace"), _("Rule changed"))


hooks.register("register_log_actions", register_acts)
