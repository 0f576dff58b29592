"""What this room offers to conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import Argument, Fact, FactType, Group, Rows, register_fact
from jouren.contacts import event_facts
from jouren.contacts.models import LEFT_IN_PEACE, AttributeDefinition, Problem, Topic
from jouren.contacts.queries import known_tags

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
_ATTRIBUTE = {
    FactType.TEXT: _VALUE,
    FactType.NUMBER: f"{_IS} 'number' THEN {_VALUE}::numeric END",
    FactType.BOOLEAN: f"{_IS} 'boolean' THEN {_VALUE}::boolean END",
    FactType.DATE: f"CASE WHEN {_VALUE} LIKE '____-__-__' THEN {_VALUE}::date END",
}

_CREATED: frozenset[str] = frozenset()  # only by being made, merged or erased, which is looked at in any case
_CHANGED = frozenset({"contact.changed"})
_VERIFIED = frozenset({"identity.verified"})
_PROBLEM = frozenset({"problem.noted", "problem.solved"})
_SUPPRESSION = frozenset({"contact.suppressed", "contact.unsuppressed"})
_CONSENT = frozenset({"consent.granted", "consent.withdrawn"})
_IN_PEACE = "r.reason IN ({})".format(", ".join(f"'{reason}'" for reason in sorted(LEFT_IN_PEACE)))
_MEMBER = "r.text = ANY(%(members)s::text[])"

_OPEN_THEN = "r.noted_at <= %(now)s::timestamptz AND (r.solved_at IS NULL OR r.solved_at > %(now)s::timestamptz)"

FACTS = (
    Fact("contact.present", FactType.BOOLEAN, "", "c.erased_at IS NULL AND c.merged_at IS NULL", is_certain=True),
    Fact(
        "contact.created_at",
        FactType.DATETIME,
        _("Known since"),
        "c.created_at",
        is_certain=True,
        changed_by=_CREATED,
        past_sql="c.created_at",
        group=Group.PERSON,
    ),
    Fact(
        "contact.confirmed",
        FactType.BOOLEAN,
        _("Confirmed the address"),
        "c.confirmed_at IS NOT NULL",
        is_certain=True,
        changed_by=_VERIFIED,
        past_sql="c.confirmed_at IS NOT NULL AND c.confirmed_at <= %(now)s::timestamptz",
        group=Group.PERSON,
    ),
    Fact(
        "contact.confirmed_at",
        FactType.DATETIME,
        _("Confirmed at"),
        "c.confirmed_at",
        changed_by=_VERIFIED,
        past_sql="CASE WHEN c.confirmed_at <= %(now)s::timestamptz THEN c.confirmed_at END",
        group=Group.PERSON,
    ),
    Fact(
        "contact.language",
        FactType.TEXT,
        _("Language"),
        "nullif(c.language, '')",
        changed_by=_CHANGED,
        group=Group.PERSON,
        choices="languages",
    ),
    Fact(
        "contact.family_name",
        FactType.TEXT,
        _("Family name"),
        "nullif(c.family_name, '')",
        changed_by=_CHANGED,
        group=Group.PERSON,
    ),
    Fact(
        "contact.given_name",
        FactType.TEXT,
        _("Given name"),
        "nullif(c.given_name, '')",
        changed_by=_CHANGED,
        group=Group.PERSON,
    ),
    Fact(
        "contact.has_email",
        FactType.BOOLEAN,
        _("Has a mail address"),
        rows=Rows("contacts_identity r", "r.kind = 'email'"),
        changed_by=frozenset({"identity.attached"}),
        group=Group.PERSON,
    ),
    Fact(
        "contact.attribute",
        attribute_type,
        _("Attribute"),
        _ATTRIBUTE,
        arguments=(Argument("key", _("attribute"), choices="attributes"),),
        changed_by=_CHANGED,
        group=Group.PERSON,
        phrase="%(key)s",
    ),
    Fact(
        "contact.source",
        FactType.TEXT,
        _("Came from"),
        "nullif(c.source ->> %(key)s::text, '')",
        arguments=(Argument("key", _("what of it"), choices="sources"),),
        changed_by=_CREATED,
        past_sql="nullif(c.source ->> %(key)s::text, '')",
        group=Group.SOURCE,
        phrase="%(key)s",
    ),
    Fact(
        "contact.problems",
        FactType.SET,
        _("Open problems"),
        rows=Rows("contacts_problem r", "r.solved_at IS NULL", column="r.text::text", has_member=_MEMBER),
        changed_by=_PROBLEM,
        past_rows=lambda _given: Rows("contacts_problem r", _OPEN_THEN, column="r.text::text"),
        group=Group.WANTS,
        choices="problems",
    ),
    Fact(
        "contact.open_problem_count",
        FactType.NUMBER,
        _("Number of open problems"),
        rows=Rows("contacts_problem r", "r.solved_at IS NULL"),
        default=0,
        changed_by=_PROBLEM,
        past_rows=lambda _given: Rows("contacts_problem r", _OPEN_THEN),
        group=Group.WANTS,
    ),
    Fact(
        "contact.solved_problems",
        FactType.SET,
        _("Solved problems"),
        rows=Rows("contacts_problem r", "r.solved_at IS NOT NULL", column="r.text::text", has_member=_MEMBER),
        changed_by=_PROBLEM,
        past_rows=lambda _given: Rows(
            "contacts_problem r", "r.solved_at <= %(now)s::timestamptz", column="r.text::text"
        ),
        group=Group.WANTS,
        choices="problems",
    ),
    Fact(
        "contact.tags",
        FactType.SET,
        _("Tags"),
        rows=Rows("contacts_tag r", column="r.text::text", has_member=_MEMBER),
        changed_by=frozenset({"tag.added", "tag.removed"}),
        group=Group.WANTS,
        choices="tags",
    ),
    Fact(
        "consent",
        FactType.BOOLEAN,
        _("Allows"),
        arguments=(_CHANNEL, Argument("topic", _("topic"), choices="topics")),
        rows=Rows("contacts_consent r", "r.is_granted AND r.channel = %(channel)s::text AND r.topic = %(topic)s::text"),
        changed_by=_CONSENT,
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
        arguments=(Argument("channel", _("channel"), is_required=False, choices="channels", empty=_("all channels")),),
        rows=Rows(
            "contacts_suppression r",
            f"r.lifted_at IS NULL AND r.channel IN ('', coalesce(%(channel)s::text, '')) AND NOT {_IN_PEACE}",
        ),
        changed_by=_SUPPRESSION,
        past_rows=lambda _given: Rows(
            "contacts_suppression r",
            "r.at <= %(now)s::timestamptz AND (r.lifted_at IS NULL OR r.lifted_at > %(now)s::timestamptz)"
            f" AND r.channel IN ('', coalesce(%(channel)s::text, '')) AND NOT {_IN_PEACE}",
        ),
        group=Group.CONSENT,
    ),
    Fact(
        "left_in_peace",
        FactType.BOOLEAN,
        _("Is left in peace (gets no promotion)"),
        rows=Rows("contacts_suppression r", f"r.lifted_at IS NULL AND {_IN_PEACE}"),
        changed_by=frozenset({"contact.left_in_peace", "contact.came_back"}),
        past_rows=lambda _given: Rows(
            "contacts_suppression r",
            "r.at <= %(now)s::timestamptz AND (r.lifted_at IS NULL OR r.lifted_at > %(now)s::timestamptz)"
            f" AND {_IN_PEACE}",
        ),
        group=Group.CONSENT,
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
    event_facts.register()
