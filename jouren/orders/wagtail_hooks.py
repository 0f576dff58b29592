"""How staff's acts on orders are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("orders.enter", _("Enter order"), _("Order entered by hand"))
    actions.register_action("orders.attend_seminar", _("Note seminar"), _("Seminar noted by hand"))
    actions.register_action("orders.mark_paid", _("Mark as paid"), _("Order marked as paid"))
    actions.register_action("orders.mark_shipped", _("Mark as shipped"), _("Order marked as shipped"))
    actions.register_action("orders.mark_delivered", _("Mark as delivered"), _("Order marked as delivered"))
    actions.register_action("orders.mark_refunded", _("Note a refund"), _("Refund noted by hand"))
    actions.register_action("orders.mark_cancelled", _("Mark as cancelled"), _("Order marked as cancelled"))


hooks.register("register_log_actions", _acts)
