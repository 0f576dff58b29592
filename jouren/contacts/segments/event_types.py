"""Entering and leaving a segment, as events: reactions and journeys may start from them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, register_event_type

# The version of the condition, since within one version entering and leaving alternate.
_FIELDS = {"segment": int, "name": str, "version": int}
_OPTIONAL = frozenset({"version"})

EVENT_TYPES = (
    EventType(
        "segment.entered", _("Entered a segment"), _FIELDS, _OPTIONAL, sentence=_("Came into the segment “%(name)s”.")
    ),
    EventType("segment.left", _("Left a segment"), _FIELDS, _OPTIONAL, sentence=_("Left the segment “%(name)s”.")),
)


def register() -> None:
    """Make these event types known."""
    for event_type in EVENT_TYPES:
        register_event_type(event_type)
