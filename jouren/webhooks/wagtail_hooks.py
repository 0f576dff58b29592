"""How staff's acts on webhooks are told in the audit log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry


def _acts(actions: LogActionRegistry) -> None:
    actions.register_action("webhooks.make", _("Make webhook"), _("Webhook made"))
    actions.register_action("webhooks.change", _("Change webhook"), _("Webhook changed"))
    actions.register_action("webhooks.add_secret", _("Make secret"), _("A secret was made"))
    actions.register_action("webhooks.end_secret", _("End secret"), _("A secret was ended"))


hooks.register("register_log_actions", _acts)
