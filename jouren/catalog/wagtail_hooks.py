"""How staff's acts on products are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("catalog.add_product", _("Add product"), _("Product added"))
    actions.register_action("catalog.change_product", _("Change product"), _("Product changed"))
    actions.register_action("catalog.add_code", _("Add code"), _("Code added to a product"))
    actions.register_action("catalog.remove_code", _("Remove code"), _("Code removed from a product"))


hooks.register("register_log_actions", _acts)
