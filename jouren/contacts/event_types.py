"""What can happen to a person in this room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.contacts.actions import peace
from jouren.contacts.models import AttributeDefinition, IdentityKind, SuppressionReason, Topic
from jouren.contacts.timeline import register_value_label
from jouren.core.wording import listed
from jouren.events.types import EventType, register_event_type

_CONSENT = {"channel": str, "topic": str, "via": str}
_SUPPRESSION = {"channel": str, "reason": str}
_PROBLEM = {"problem": int, "text": str}
_TAG, _TAGGED = {"tag": str}, frozenset({"tag"})

EVENT_TYPES = (
    EventType("consent.granted", _("Consent given"), _CONSENT, sentence=_("Allowed %(topic)s by %(channel)s.")),
    EventType(
        "consent.withdrawn",
        _("Consent withdrawn"),
        {**_CONSENT, "delivery": int},
        optional=frozenset({"delivery"}),
        sentence=_("Withdrew %(topic)s by %(channel)s."),
    ),
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
        "contact.left_in_peace",
        _("Left in peace"),
        {"reason": str, "source": str},
        sentence=_("Gets no more promotion: %(reason)s (%(source)s). What they asked for still goes to them."),
    ),
    EventType(
        "contact.came_back",
        _("Came back"),
        {"reasons": list, "via": str},
        sentence=_("Promotion may go to them again: %(via)s. Before: %(reasons)s."),
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
    EventType("tag.added", _("Tag added"), _TAG, optional=_TAGGED, personal=_TAGGED, sentence=_("Tagged “%(tag)s”.")),
    EventType(
        "tag.removed",
        _("Tag removed"),
        _TAG,
        optional=_TAGGED,
        personal=_TAGGED,
        sentence=_("The tag “%(tag)s” was taken off."),
    ),
    EventType("contacts.merged", _("Merged"), {"gone": int}, sentence=_("Merged with the person %(gone)s.")),
    EventType("contact.changed", _("Details changed"), {"what": list}, sentence=_("Changed: %(what)s.")),
    EventType("contact.erased", _("Erased"), sentence=_("Erased.")),
    EventType("identity.attached", _("Address added"), {"kind": str}, sentence=_("Added: %(kind)s.")),
    EventType("identity.verified", _("Address confirmed"), {"kind": str}, sentence=_("Confirmed: %(kind)s.")),
)


_PARTS = {"name": _("name"), "language": _("language"), "zone": _("time zone")}
_CHANNELS = {"email": _("mail"), "line": _("LINE"), "": _("all channels")}


def _parts(values: list[str]) -> str:
    labels = dict(AttributeDefinition.objects.filter(key__in=values).values_list("key", "label"))
    return listed(str(_PARTS[value]) if value in _PARTS else labels.get(value, value) for value in values)


def _channel(value: str) -> str:
    return str(_CHANNELS.get(value, value))


def _reason(value: str) -> str:
    return str(SuppressionReason(value).label) if value in SuppressionReason.values else value


def _kind(value: str) -> str:
    return str(IdentityKind(value).label) if value in IdentityKind.values else value


def _topic(value: str) -> str:
    topic = Topic.objects.filter(key=value).first()
    return topic.name if topic else value


def _reasons(values: list[str]) -> str:
    return listed(_reason(value) for value in values)


_PEACE_SOURCES = {
    peace.BY_RULE: _("by the rule for leaving in peace"),
    peace.BY_SURVEY: _("by their answer to a survey"),
    peace.BY_STAFF: _("by the shop"),
    peace.BY_JOURNEY: _("by a journey"),
    peace.SIGNED_UP: _("they signed up again"),
    peace.BOUGHT: _("they bought"),
}


def peace_source(value: str) -> str:
    """By what somebody was left in peace, or came back, in words; another room's own word stands for itself."""
    return str(_PEACE_SOURCES.get(value, value))


def register() -> None:
    """Make this room's event types known."""
    for event_type in EVENT_TYPES:
        register_event_type(event_type)
    register_value_label("contact.changed", "what", _parts)
    for name in ("consent.granted", "consent.withdrawn"):
        register_value_label(name, "channel", _channel)
        register_value_label(name, "topic", _topic)
    for name in ("contact.suppressed", "contact.unsuppressed"):
        register_value_label(name, "channel", _channel)
        register_value_label(name, "reason", _reason)
    register_value_label("contact.left_in_peace", "reason", _reason)
    register_value_label("contact.left_in_peace", "source", peace_source)
    register_value_label("contact.came_back", "reasons", _reasons)
    register_value_label("contact.came_back", "via", peace_source)
    for name in ("identity.attached", "identity.verified"):
        register_value_label(name, "kind", _kind)
