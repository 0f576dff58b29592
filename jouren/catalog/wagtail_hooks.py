"""How staff's acts on products and offers are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("catalog.add_product", _("Add product"), _("Product added"))
    actions.register_action("catalog.change_product", _("Change product"), _("Product changed"))
    actions.register_action("catalog.add_code", _("Add code"), _("Code added to a product"))
    actions.register_action("catalog.remove_code", _("Remove code"), _("Code removed from a product"))
    actions.register_action("catalog.add_offer", _("Add offer"), _("Offer added"))
    actions.register_action("catalog.change_offer", _("Change offer"), _("Offer changed"))
    actions.register_action("catalog.move_application", _("Change order"), _("An offer's order settled or cancelled"))
    actions.register_action("catalog.add_coupon", _("Add coupon"), _("Coupon added to an offer"))
    actions.register_action("catalog.add_codes", _("Add codes"), _("Codes added to a coupon"))
    actions.register_action("catalog.stop_coupon", _("Stop coupon"), _("Coupon stopped"))
    actions.register_action("catalog.open_coupon", _("Open coupon"), _("Coupon can be used again"))


hooks.register("register_log_actions", _acts)
