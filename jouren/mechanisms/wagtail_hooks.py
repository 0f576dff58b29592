"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

_ACTS = {
    "change_rules": (_("Change the mechanisms' rules"), _("Rules changed")),
    "switch": (_("Switch a rule on or off"), _("Rule switched")),
    "take_task": (_("Take on a task"), _("Task taken on")),
    "finish_task": (_("See to a task"), _("Task seen to")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do with the mechanisms."""
    for name, (label, message) in _ACTS.items():
        actions.register_action(f"mechanisms.{name}", label, message)


hooks.register("register_log_actions", register_acts)
