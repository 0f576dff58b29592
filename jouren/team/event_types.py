"""What the team tells on timelines."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, register_event_type


def register() -> None:
    """Make this room's events known."""
    register_event_type(
        EventType(
            "team.told",
            _("Colleague told"),
            {"journey": int, "name": str, "who": list, "text": str},
            optional=frozenset({"text"}),
            personal=frozenset({"text"}),
            sentence=_("Told %(who)s: %(text)s"),
            reacts=False,
        )
    )
