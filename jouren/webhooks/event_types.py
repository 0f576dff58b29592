"""What webhooks tell on timelines. Nothing may wait for it: a call that fails would call again without end."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type
from jouren.webhooks.wording import error_text

_ABOUT = {"webhook": int, "name": str, "call": int}


def register() -> None:
    """Make this room's events known."""
    register_value_label("webhook.failed", "reason", lambda reason: error_text(reason).rstrip("。."))
    register_event_type(
        EventType(
            "webhook.delivered",
            _("System told"),
            {**_ABOUT, "status": int},
            sentence=_("“%(name)s” was told, and took it."),
            reacts=False,
        )
    )
    register_event_type(
        EventType(
            "webhook.failed",
            _("System not told"),
            {**_ABOUT, "reason": str},
            sentence=_("“%(name)s” could not be told: %(reason)s."),
            reacts=False,
        )
    )
