"""What can happen to a person in this room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.events.types import EventType, register_event_type

_CONSENT = {"channel": str, "topic": str, "via": str}
_SUPPRESSION = {"channel": str, "reason": str}
_PROBLEM = {"problem": int, "text": str}

EVENT_TYPES = (
    EventType("consent.granted", _("Consent given"), _CONSENT, sentence=_("Allowed %(topic)s by %(channel)s.")),
    EventType("consent.withdrawn", _("Consent withdrawn"), _CONSENT, sentence=_("Withdrew %(topic)s by %(channel)s.")),
    EventType(
        "contact.suppressed",
        _("Messages stopped"),
        _SUPPRESSION,
        sentence=_("Messages stopped (%(channel)s): %(reason)s."),
    ),
    EventType(
        "contact.unsuppressed",
        _("Messages allowed again"),
        _SUPPRESSION,
        sentence=_("Messages allowed again (%(channel)s): %(reason)s no longer holds."),
    ),
    EventType(
        "problem.noted",
        _("Problem noted"),
        _PROBLEM,
        personal=frozenset({"text"}),
        optional=frozenset({"text"}),
        sentence=_("Wants solved: %(text)s"),
    ),
    EventType(
        "problem.solved",
        _("Problem solved"),
        _PROBLEM,
        personal=frozenset({"text"}),
        optional=frozenset({"text"}),
        sentence=_("Solved: %(text)s"),
    ),
    EventType("contacts.merged", _("Merged"), {"gone": int}, sentence=_("Merged with the person %(gone)s.")),
    EventType("contact.changed", _("Details changed"), {"what": list}, sentence=_("Changed: %(what)s.")),
    EventType("contact.erased", _("Erased"), sentence=_("Erased.")),
    EventType("identity.attached", _("Address added"), {"kind": str}, sentence=_("Added: %(kind)s.")),
    EventType("identity.verified", _("Address confirmed"), {"kind": str}, sentence=_("Confirmed: %(kind)s.")),
)


def register() -> None:
    """Make this room's event types known."""
    for event_type in EVENT_TYPES:
        register_event_type(event_type)
