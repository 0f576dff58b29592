"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

_ACTS = {
    "series_insert": (_("Put messages into a series"), _("Messages put into the series")),
    "series_move": (_("Move a message of a series"), _("A message of the series moved")),
    "series_remove": (_("Take a message out of a series"), _("A message taken out of the series")),
    "series_publish": (_("Publish a series"), _("Series published")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do with series."""
    for name, (label, message) in _ACTS.items():
        actions.register_action(f"journeys.{name}", label, message)


hooks.register("register_log_actions", register_acts)
