"""How changes of the owner's story are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("story.change", _("Change owner's story"), _("Owner's story changed"))


hooks.register("register_log_actions", _acts)
