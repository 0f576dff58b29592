"""What voices tell on timelines. No words of anybody's: these stand in the voice alone."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, register_event_type

_FIELDS, _OPTIONAL = {"voice": int, "key": str, "product": int, "title": str}, frozenset({"product", "title"})

EVENT_TYPES = (
    EventType("voice.asked", _("Was asked for their words"), _FIELDS, optional=_OPTIONAL, sentence="%(title)s"),
    EventType("voice.received", _("Gave their words to be shown"), _FIELDS, optional=_OPTIONAL, sentence="%(title)s"),
    EventType("voice.approved", _("Their words are shown"), _FIELDS, optional=_OPTIONAL, sentence="%(title)s"),
    EventType("voice.withdrawn", _("Withdrew their words"), _FIELDS, optional=_OPTIONAL, sentence="%(title)s"),
)


def register() -> None:
    """Make this room's event types known."""
    for event_type in EVENT_TYPES:
        register_event_type(event_type)
