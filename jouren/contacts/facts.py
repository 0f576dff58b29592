"""What this room offers to conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import Argument, Fact, FactType, Group, Question, register_fact
from jouren.contacts.models import AttributeDefinition, Problem, Topic
from jouren.contacts.queries import known_tags
from jouren.events.types import event_types

_CHANNEL = Argument("channel", _("channel"), choices="channels")
MOST_OFFERED = 200


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

_OPEN_THEN = (
    " FROM contacts_problem p WHERE p.contact_id = c.id"
    " AND p.noted_at <= %(now)s::timestamptz AND (p.solved_at IS NULL OR p.solved_at > %(now)s::timestamptz)"
)
_EVENTS = (
    "SELECT count(*) FROM events_event e WHERE (e.contact_id = c.id OR e.contact_id IN"
    " (SELECT a.from_id FROM contacts_alias a WHERE a.to_id = c.id)) AND e.type = %(type)s::text"
    " AND e.occurred_at <= %(now)s::timestamptz AND (%(within_days)s::bigint IS NULL"
    " OR e.occurred_at > %(now)s::timestamptz - %(within_days)s::bigint * interval '24 hours')"
)

FACTS = (
    Fact(
        "contact.created_at",
        FactType.DATETIME,
        _("Known since"),
        "c.created_at",
        is_certain=True,
        past_sql="c.created_at",
        group=Group.PERSON,
    ),
    Fact(
        "contact.confirmed",
        FactType.BOOLEAN,
        _("Confirmed the address"),
        "c.confirmed_at IS NOT NULL",
        is_certain=True,
        past_sql="c.confirmed_at IS NOT NULL AND c.confirmed_at <= %(now)s::timestamptz",
        group=Group.PERSON,
    ),
    Fact(
        "contact.confirmed_at",
        FactType.DATETIME,
        _("Confirmed at"),
        "c.confirmed_at",
        past_sql="CASE WHEN c.confirmed_at <= %(now)s::timestamptz THEN c.confirmed_at END",
        group=Group.PERSON,
    ),
    Fact(
        "contact.language",
        FactType.TEXT,
        _("Language"),
        "nullif(c.language, '')",
        group=Group.PERSON,
        choices="languages",
    ),
    Fact("contact.family_name", FactType.TEXT, _("Family name"), "nullif(c.family_name, '')", group=Group.PERSON),
    Fact("contact.given_name", FactType.TEXT, _("Given name"), "nullif(c.given_name, '')", group=Group.PERSON),
    Fact(
        "contact.has_email",
        FactType.BOOLEAN,
        _("Has a mail address"),
        "EXISTS (SELECT FROM contacts_identity i WHERE i.contact_id = c.id AND i.kind = 'email')",
        is_certain=True,
        group=Group.PERSON,
    ),
    Fact(
        "contact.attribute",
        attribute_type,
        _("Attribute"),
        _ATTRIBUTE,
        arguments=(Argument("key", _("attribute"), choices="attributes"),),
        group=Group.PERSON,
        phrase="%(key)s",
    ),
    Fact(
        "contact.source",
        FactType.TEXT,
        _("Came from"),
        "nullif(c.source ->> %(key)s::text, '')",
        arguments=(Argument("key", _("what of it"), choices="sources"),),
        past_sql="nullif(c.source ->> %(key)s::text, '')",
        group=Group.SOURCE,
        phrase="%(key)s",
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
        past_sql="SELECT coalesce(array_agg(p.text::text ORDER BY p.id), '{}')" + _OPEN_THEN,
        group=Group.WANTS,
        choices="problems",
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
        past_sql="SELECT count(*)" + _OPEN_THEN,
        group=Group.WANTS,
    ),
    Fact(
        "contact.tags",
        FactType.SET,
        _("Tags"),
        "SELECT coalesce(array_agg(t.text::text ORDER BY t.text), '{}') FROM contacts_tag t WHERE t.contact_id = c.id",
        is_certain=True,
        member_sql="EXISTS (SELECT FROM contacts_tag t WHERE t.contact_id = c.id"
        " AND t.text = ANY(%(members)s::text[]))",
        group=Group.WANTS,
        choices="tags",
    ),
    Fact(
        "contact.solved_problems",
        FactType.SET,
        _("Solved problems"),
        "SELECT coalesce(array_agg(DISTINCT p.text::text), '{}') FROM contacts_problem p"
        " WHERE p.contact_id = c.id AND p.solved_at IS NOT NULL",
        is_certain=True,
        member_sql="EXISTS (SELECT FROM contacts_problem p WHERE p.contact_id = c.id AND p.solved_at IS NOT NULL"
        " AND p.text = ANY(%(members)s::text[]))",
        past_sql="SELECT coalesce(array_agg(DISTINCT p.text::text), '{}') FROM contacts_problem p"
        " WHERE p.contact_id = c.id AND p.solved_at <= %(now)s::timestamptz",
        group=Group.WANTS,
        choices="problems",
    ),
    Fact(
        "consent",
        FactType.BOOLEAN,
        _("Allows"),
        "EXISTS (SELECT FROM contacts_consent k WHERE k.contact_id = c.id AND k.is_granted"
        " AND k.channel = %(channel)s::text AND k.topic = %(topic)s::text)",
        arguments=(_CHANNEL, Argument("topic", _("topic"), choices="topics")),
        is_certain=True,
        past_sql="coalesce((SELECT r.is_granted FROM contacts_consent_record r WHERE r.contact_id = c.id"
        " AND r.channel = %(channel)s::text AND r.topic = %(topic)s::text AND r.at <= %(now)s::timestamptz"
        " ORDER BY r.at DESC, r.id DESC LIMIT 1), false)",
        group=Group.CONSENT,
        phrase=_("Allows %(topic)s by %(channel)s"),
    ),
    Fact(
        "suppressed",
        FactType.BOOLEAN,
        _("Gets no more messages"),
        "EXISTS (SELECT FROM contacts_suppression s WHERE s.contact_id = c.id AND s.lifted_at IS NULL"
        " AND s.channel IN ('', coalesce(%(channel)s::text, '')))",
        arguments=(Argument("channel", _("channel"), is_required=False, choices="channels", empty=_("all channels")),),
        is_certain=True,
        past_sql="EXISTS (SELECT FROM contacts_suppression s WHERE s.contact_id = c.id"
        " AND s.at <= %(now)s::timestamptz AND (s.lifted_at IS NULL OR s.lifted_at > %(now)s::timestamptz)"
        " AND s.channel IN ('', coalesce(%(channel)s::text, '')))",
        group=Group.CONSENT,
    ),
    Fact(
        "events.count",
        FactType.NUMBER,
        _("Something happened"),
        _EVENTS,
        arguments=(
            Argument("type", _("event"), choices="events"),
            Argument(
                "within_days",
                _("within the last (days)"),
                FactType.NUMBER,
                is_required=False,
                empty=_("at any time"),
                phrase=_("in the last %(value)s days"),
            ),
        ),
        is_certain=True,
        past_sql=_EVENTS,
        group=Group.EVENTS,
        phrase="%(type)s",
        questions=(
            Question("gte", _("happened"), 1),
            Question("eq", _("did not happen"), 0),
            Question("gte", _("happened at least (times)")),
            Question("lte", _("happened at most (times)")),
            Question("eq", _("happened exactly (times)")),
        ),
    ),
)

_SOURCES: tuple[Choice, ...] = (
    ("utm_source", _("medium it was on (utm_source)")),
    ("utm_medium", _("kind of medium (utm_medium)")),
    ("utm_campaign", _("campaign (utm_campaign)")),
    ("utm_content", _("which link (utm_content)")),
    ("utm_term", _("search word (utm_term)")),
    ("referrer", _("page before (referrer)")),
)


def _attributes() -> list[Choice]:
    return list(AttributeDefinition.objects.values_list("key", "label"))


def _topics() -> list[Choice]:
    return list(Topic.objects.values_list("key", "name"))


def _problems() -> list[Choice]:
    """What people wrote lately: a million problems are not looked through to offer some."""
    newest = Problem.objects.order_by("-id").values_list("text", flat=True)[: MOST_OFFERED * 10]
    return [(text, text) for text in list(dict.fromkeys(newest))[:MOST_OFFERED]]


def _events() -> list[Choice]:
    return [(kind.name, kind.label) for kind in event_types()]


def register() -> None:
    """Make this room's facts known, and the lists of values that they are asked with."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("channels", lambda: [("email", _("mail")), ("line", _("LINE"))])
    register_choices("languages", lambda: [("ja", _("Japanese")), ("en", _("English"))], is_open=True)
    register_choices("sources", lambda: _SOURCES, is_open=True)
    register_choices("attributes", _attributes)
    register_choices("topics", _topics)
    register_choices("problems", _problems, is_open=True)
    register_choices("tags", lambda: [(text, text) for text in known_tags()], is_open=True)
    register_choices("events", _events)
