"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

_ACTS = {
    "ask_for_voice": (_("Ask for a voice"), _("Asked for their words")),
    "approve_voice": (_("Approve a voice"), _("Voice approved")),
    "decline_voice": (_("Decline a voice"), _("Voice not shown")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do with voices."""
    for name, (label, message) in _ACTS.items():
        actions.register_action(f"content.{name}", label, message)


hooks.register("register_log_actions", register_acts)
