"""What this room offers to conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import Argument, Fact, FactType, register_fact
from jouren.contacts.models import AttributeDefinition

_CHANNEL = Argument("channel", _("channel"))


def attribute_type(arguments: Mapping[str, Any]) -> FactType:
    """The type of the attribute that is asked for. Raises ConditionError when the shop has none of that key."""
    definition = AttributeDefinition.objects.filter(key=arguments["key"]).first()
    if definition is None:
        raise ConditionError(gettext("There is no attribute %(key)s.") % {"key": arguments["key"][:50]})
    return FactType(definition.type)


# Values are checked when they are set. The type is tested all the same: one bad row must not stop a whole segment.
_VALUE = "(c.attributes ->> %(key)s::text)"
_IS = "CASE WHEN jsonb_typeof(c.attributes -> %(key)s::text) ="
_DAY = "'^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'"
_ATTRIBUTE = {
    FactType.TEXT: _VALUE,
    FactType.NUMBER: f"{_IS} 'number' THEN {_VALUE}::numeric END",
    FactType.BOOLEAN: f"{_IS} 'boolean' THEN {_VALUE}::boolean END",
    FactType.DATE: f"CASE WHEN {_VALUE} ~ {_DAY} THEN {_VALUE}::date END",
}

FACTS = (
    Fact("contact.created_at", FactType.DATETIME, _("Known since"), "c.created_at", is_certain=True),
    Fact(
        "contact.confirmed", FactType.BOOLEAN, _("Confirmed the address"), "c.confirmed_at IS NOT NULL", is_certain=True
    ),
    Fact("contact.confirmed_at", FactType.DATETIME, _("Confirmed at"), "c.confirmed_at"),
    Fact("contact.language", FactType.TEXT, _("Language"), "nullif(c.language, '')"),
    Fact("contact.family_name", FactType.TEXT, _("Family name"), "nullif(c.family_name, '')"),
    Fact("contact.given_name", FactType.TEXT, _("Given name"), "nullif(c.given_name, '')"),
    Fact(
        "contact.has_email",
        FactType.BOOLEAN,
        _("Has a mail address"),
        "EXISTS (SELECT FROM contacts_identity i WHERE i.contact_id = c.id AND i.kind = 'email')",
        is_certain=True,
    ),
    Fact(
        "contact.attribute",
        attribute_type,
        _("Attribute"),
        _ATTRIBUTE,
        arguments=(Argument("key", _("key of the attribute")),),
    ),
    Fact(
        "contact.source",
        FactType.TEXT,
        _("Came from"),
        "nullif(c.source ->> %(key)s::text, '')",
        arguments=(Argument("key", _("for example utm_source")),),
    ),
    Fact(
        "contact.problems",
        FactType.SET,
        _("Open problems"),
        "SELECT coalesce(array_agg(p.text::text ORDER BY p.id), '{}') FROM contacts_problem p"
        " WHERE p.contact_id = c.id AND p.solved_at IS NULL",
        is_certain=True,
        member_sql="EXISTS (SELECT FROM contacts_problem p WHERE p.contact_id = c.id AND p.solved_at IS NULL"
        " AND p.text = ANY(%(members)s::text[]))",
    ),
    Fact(
        "contact.open_problem_count",
        FactType.NUMBER,
        _("Number of open problems"),
        "problems.number",
        "LEFT JOIN (SELECT p.contact_id, count(*) AS number FROM contacts_problem p WHERE p.solved_at IS NULL"
        " GROUP BY p.contact_id) problems ON problems.contact_id = c.id",
        default=0,
        batch_sql="SELECT count(*) FROM contacts_problem p WHERE p.contact_id = c.id AND p.solved_at IS NULL",
    ),
    Fact(
        "consent",
        FactType.BOOLEAN,
        _("Allows"),
        "EXISTS (SELECT FROM contacts_consent k WHERE k.contact_id = c.id AND k.is_granted"
        " AND k.channel = %(channel)s::text AND k.topic = %(topic)s::text)",
        arguments=(_CHANNEL, Argument("topic", _("topic"))),
        is_certain=True,
    ),
    Fact(
        "suppressed",
        FactType.BOOLEAN,
        _("Gets no more messages"),
        "EXISTS (SELECT FROM contacts_suppression s WHERE s.contact_id = c.id AND s.lifted_at IS NULL"
        " AND s.channel IN ('', coalesce(%(channel)s::text, '')))",
        arguments=(Argument("channel", _("channel"), is_required=False),),
        is_certain=True,
    ),
    Fact(
        "events.count",
        FactType.NUMBER,
        _("How often something happened"),
        "SELECT count(*) FROM events_event e WHERE (e.contact_id = c.id OR e.contact_id IN"
        " (SELECT a.from_id FROM contacts_alias a WHERE a.to_id = c.id)) AND e.type = %(type)s::text"
        " AND e.occurred_at <= %(now)s::timestamptz AND (%(within_days)s::bigint IS NULL"
        " OR e.occurred_at > %(now)s::timestamptz - %(within_days)s::bigint * interval '24 hours')",
        arguments=(
            Argument("type", _("event")),
            Argument("within_days", _("within the last days"), FactType.NUMBER, is_required=False),
        ),
        is_certain=True,
    ),
)


def register() -> None:
    """Make this room's facts known."""
    for fact in FACTS:
        register_fact(fact)
