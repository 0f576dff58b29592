"""What can happen to a message on its way."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, register_event_type

_MESSAGE = {"delivery": int, "message": int, "title": str}
_MAYBE = frozenset({"message", "title"})

EVENT_TYPES = (
    EventType(
        "message.sent",
        _("Message sent"),
        {**_MESSAGE, "channel": str},
        optional=_MAYBE,
        sentence=_("Got “%(title)s”."),
        reacts=False,
    ),
    EventType(
        "message.withheld",
        _("Message withheld"),
        {**_MESSAGE, "reason": str},
        optional=_MAYBE,
        sentence=_("Did not get “%(title)s”: %(reason)s."),
        reacts=False,
    ),
    EventType(
        "message.failed",
        _("Message failed"),
        {**_MESSAGE, "reason": str},
        optional=_MAYBE | {"reason"},
        personal=frozenset({"reason"}),
        sentence=_("“%(title)s” could not be delivered: %(reason)s"),
    ),
    EventType(
        "message.unknown",
        _("Message of unknown fate"),
        _MESSAGE,
        optional=_MAYBE,
        sentence=_("Nobody knows whether “%(title)s” arrived."),
        reacts=False,
    ),
    EventType(
        "message.opened",
        _("Message opened"),
        {**_MESSAGE, "by": str},
        optional=_MAYBE,
        sentence=_("Opened “%(title)s”."),
        is_urgent=False,
    ),
    EventType(
        "message.clicked",
        _("Message clicked"),
        {**_MESSAGE, "url": str, "by": str},
        optional=_MAYBE,
        sentence=_("Clicked in “%(title)s”: %(url)s"),
        is_urgent=False,
    ),
    EventType(
        "message.replied",
        _("Message replied to"),
        _MESSAGE,
        optional=_MAYBE,
        sentence=_("Replied to “%(title)s”."),
        is_urgent=False,
    ),
    EventType(
        "message.bounced",
        _("Address does not exist"),
        {**_MESSAGE, "reason": str},
        optional=_MAYBE | {"reason"},
        personal=frozenset({"reason"}),
        sentence=_("“%(title)s” came back: %(reason)s"),
    ),
)


def register() -> None:
    """Make this room's event types known."""
    for event_type in EVENT_TYPES:
        register_event_type(event_type)
