"""Names of this room's acts in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry

_ACTS = {
    "create": (_("Create person"), _("Person created")),
    "change_name": (_("Change name"), _("Name changed")),
    "set_attributes": (_("Set attributes"), _("Attributes set")),
    "attach_identity": (_("Add address"), _("Address added")),
    "note_problem": (_("Note problem"), _("Problem noted")),
    "add_tag": (_("Add tag"), _("Tag added")),
    "remove_tag": (_("Remove tag"), _("Tag removed")),
    "solve_problem": (_("Solve problem"), _("Problem solved")),
    "grant_consent": (_("Record consent"), _("Consent recorded")),
    "withdraw_consent": (_("Withdraw consent"), _("Consent withdrawn")),
    "suppress": (_("Stop messages"), _("Messages stopped")),
    "lift_suppression": (_("Allow messages again"), _("Messages allowed again")),
    "leave_in_peace": (_("Leave in peace"), _("Left in peace")),
    "come_back": (_("Send promotion again"), _("Promotion allowed again")),
    "add_segment": (_("Add segment"), _("Segment added")),
    "change_segment": (_("Change segment"), _("Segment changed")),
    "delete_segment": (_("Delete segment"), _("Segment deleted")),
    "erase": (_("Erase person"), _("Person erased")),
    "merge": (_("Merge people"), _("People merged")),
}


def register_acts(actions: LogActionRegistry) -> None:
    """Tell the audit log how to name what staff do to people."""
    for name, (label, message) in _ACTS.items():
        actions.register_action(f"contacts.{name}", label, message)


hooks.register("register_log_actions", register_acts)
