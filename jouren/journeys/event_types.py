from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type
from jouren.journeys.wording import reason_text


def _reason(value: str) -> str:
    return reason_text(value).rstrip("。.")


def register() -> None:
    """Make this room's events known."""
    for event in ("journey.left", "journey.not_entered"):
        register_value_label(event, "reason", _reason)
    register_event_type(
        EventType(
            "journey.entered",
            _("Entered a journey"),
            {"journey": int, "name": str, "event": int},
            optional=frozenset({"event"}),
            sentence=_("Entered the journey “%(name)s”."),
            reacts=False,
        )
    )
    register_event_type(
        EventType(
            "journey.held_out",
            _("Held back from a journey, to compare"),
            {"journey": int, "name": str},
            sentence=_("Gets nothing of the journey “%(name)s”, so that it can be seen what the journey brings."),
            reacts=False,
        )
    )
    register_event_type(
        EventType(
            "journey.left",
            _("Left a journey"),
            {"journey": int, "name": str, "reason": str},
            sentence=_("Left the journey “%(name)s”: %(reason)s."),
        )
    )
    register_event_type(
        EventType(
            "journey.not_entered",
            _("Did not enter a journey"),
            {"journey": int, "name": str, "reason": str},
            sentence=_("Did not enter the journey “%(name)s”: %(reason)s."),
            reacts=False,
        )
    )
