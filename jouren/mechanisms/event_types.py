"""What the mechanisms say of people, and what the shop did for them by hand."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type
from jouren.inbox.vocabulary import Satisfaction
from jouren.mechanisms.vocabulary import LapseReason, TaskState, Unlikely

LIKELY = "customer.likely_regular"
NOT_LIKELY = "customer.not_likely_regular"
LAPSED = "customer.lapsed"
RETURNED = "customer.returned"

EVENT_TYPES = (
    EventType(
        LIKELY,
        _("Likely to become a regular"),
        {"purchases": int, "satisfaction": str},
        sentence=_(
            "Is likely to become a regular: %(purchases)s purchases at the regular price, said last: %(satisfaction)s."
        ),
    ),
    EventType(
        NOT_LIKELY,
        _("No longer likely to become a regular"),
        {"reason": str},
        sentence=_("Is no longer likely to become a regular: %(reason)s."),
    ),
    EventType(
        LAPSED,
        _("Lapsed"),
        {"days": int, "reason": str},
        sentence=_("Lapsed: no purchase for %(days)s days (%(reason)s)."),
    ),
    EventType(
        RETURNED,
        _("Bought again after a lapse"),
        {"days": int},
        sentence=_("Bought again, %(days)s days after having lapsed."),
    ),
    EventType(
        "task.opened",
        _("Special treatment to do"),
        {"task": int, "name": str},
        sentence=_("To be done for them: %(name)s"),
    ),
    EventType(
        "task.done",
        _("Special treatment seen to"),
        {"task": int, "name": str, "outcome": str, "who": str, "note": str},
        optional=frozenset({"note"}),
        personal=frozenset({"note"}),
        sentence=_("%(name)s: %(outcome)s (%(who)s). %(note)s"),
    ),
)


def _satisfaction(value: str) -> str:
    return str(Satisfaction(value).label) if value in Satisfaction.values else value


def _unlikely(value: str) -> str:
    return str(Unlikely(value).label) if value in Unlikely.values else value


def _lapse_reason(value: str) -> str:
    return str(LapseReason(value).label) if value in LapseReason.values else value


def _outcome(value: str) -> str:
    return str(TaskState(value).label) if value in TaskState.values else value


def register() -> None:
    """Make this room's event types known."""
    for event_type in EVENT_TYPES:
        register_event_type(event_type)
    register_value_label(LIKELY, "satisfaction", _satisfaction)
    register_value_label(NOT_LIKELY, "reason", _unlikely)
    register_value_label(LAPSED, "reason", _lapse_reason)
    register_value_label("task.done", "outcome", _outcome)
