"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

_ACTS = {
    "add_survey": (_("Add survey"), _("Survey added")),
    "change_survey": (_("Change survey"), _("Survey changed")),
    "handle_inquiry": (_("See to an inquiry"), _("Inquiry seen to")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do with surveys and in the inbox."""
    for name, (label, message) in _ACTS.items():
        actions.register_action(f"inbox.{name}", label, message)


hooks.register("register_log_actions", register_acts)
