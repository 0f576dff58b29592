"""How staff's acts on the installation itself are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

from jouren.core.backup.runs import ASKED
from jouren.core.holding import RELEASED


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action(ASKED, _("Make backup"), _("A backup was asked for"))
    actions.register_action(RELEASED, _("Release sends"), _("What a restore had held was released"))


hooks.register("register_log_actions", _acts)
