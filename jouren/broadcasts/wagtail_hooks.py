"""How what happens to broadcasts is told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

_ACTS = {
    "broadcasts.start": (_("Start broadcast"), _("Broadcast started")),
    "broadcasts.recall": (_("Recall broadcast"), _("Broadcast made a draft again")),
    "broadcasts.pause": (_("Pause broadcast"), _("Broadcast paused")),
    "broadcasts.resume": (_("Resume broadcast"), _("Broadcast resumed")),
    "broadcasts.cancel": (_("Cancel broadcast"), _("Broadcast cancelled")),
    "broadcasts.stop": (_("Stop repeating"), _("Broadcast repeats no more")),
    "broadcasts.choose": (_("Choose version"), _("A version was chosen for the rest")),
    "broadcasts.archive": (_("Change archive"), _("Showing in the archive was changed")),
    "broadcasts.begin": (_("Begin sending"), _("Sending began")),
    "broadcasts.ask": (_("Ask for a choice"), _("The test had not enough data; a choice is asked for")),
    "broadcasts.decide": (_("End test"), _("The test ended")),
    "broadcasts.again": (_("Send again"), _("Sent again to those without a sign of life")),
    "broadcasts.end": (_("End sending"), _("Sending ended")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log their names."""
    for name, texts in _ACTS.items():
        actions.register_action(name, *texts)


hooks.register("register_log_actions", register_acts)
