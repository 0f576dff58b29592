"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do in the pyramid."""
    actions.register_action("pyramid.change_stage", _("Change stage"), _("Stage changed"))
    actions.register_action("pyramid.choose_preset", _("Name the stages"), _("Names of the stages chosen"))


hooks.register("register_log_actions", register_acts)
