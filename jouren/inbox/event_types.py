"""What people tell by surveys, and what the shop did about it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.contacts.timeline import register_value_label
from jouren.events.types import EventType, register_event_type
from jouren.inbox.vocabulary import Satisfaction

# ``further``: it adds to an answer to the same message, as the second page after a click does.
SURVEY_ANSWERED = EventType(
    "survey.answered",
    _("Answered a survey"),
    {
        "survey": int,
        "title": str,
        "satisfaction": str,
        "still_using": bool,
        "worth_price": bool,
        "trouble": str,
        "product": int,
        "further": bool,
    },
    optional=frozenset({"satisfaction", "still_using", "worth_price", "trouble", "product", "further"}),
    personal=frozenset({"trouble"}),
    sentence=_("Answered “%(title)s”. %(satisfaction)s %(still_using)s %(worth_price)s %(trouble)s"),
)
EXPECTATION_TOLD = EventType(
    "expectation.told",
    _("Said what they expect"),
    {"survey": int, "title": str, "product": int, "text": str},
    optional=frozenset({"product", "text"}),
    personal=frozenset({"text"}),
    sentence=_("Expects (“%(title)s”): %(text)s"),
)
INQUIRY_HANDLED = EventType(
    "inquiry.handled",
    _("Seen to by the shop"),
    {"inquiry": int, "who": str, "note": str},
    optional=frozenset({"note"}),
    personal=frozenset({"note"}),
    sentence=_("%(who)s has seen to it: %(note)s"),
)


def _satisfaction(value: str) -> str:
    return _("%(answer)s.") % {"answer": Satisfaction(value).label} if value in Satisfaction.values else value


def _still_using(value: bool | None) -> str:
    return "" if value is None else str(_("Still uses it.") if value else _("Does not use it any more."))


def _worth_price(value: bool | None) -> str:
    return "" if value is None else str(_("It is worth its price.") if value else _("It is not worth its price."))


def register() -> None:
    """Make this room's event types known."""
    for event_type in (SURVEY_ANSWERED, EXPECTATION_TOLD, INQUIRY_HANDLED):
        register_event_type(event_type)
    register_value_label("survey.answered", "satisfaction", _satisfaction)
    register_value_label("survey.answered", "still_using", _still_using)
    register_value_label("survey.answered", "worth_price", _worth_price)
