"""How staff's imports are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("imports.upload", _("Send in a file"), _("File sent in for import"))
    actions.register_action("imports.start", _("Start an import"), _("Import started"))
    actions.register_action("imports.stop", _("Stop an import"), _("Import stopped"))
    actions.register_action("imports.export_foreseen", _("Download foreseen stages"), _("Foreseen stages downloaded"))
    actions.register_action("imports.delete", _("Delete an import"), _("Import deleted"))


hooks.register("register_log_actions", _acts)
