"""What this room offers to conditions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.conditions.choices import register_choices
from jouren.conditions.registry import Fact, FactType, Group, Question, register_fact
from jouren.pyramid.stages import Stage

_JOIN = "LEFT JOIN pyramid_position pyramid ON pyramid.contact_id = c.id"

_ENTERED = frozenset({"stage.entered"})

_THEN = (
    "SELECT %s FROM pyramid_change p WHERE p.contact_id = c.id AND p.at <= %%(now)s::timestamptz"
    " ORDER BY p.at DESC, p.id DESC LIMIT 1"
)

FACTS = (
    Fact(
        "pyramid.stage",
        FactType.NUMBER,
        _("Stage"),
        "pyramid.stage",
        _JOIN,
        default=1,
        changed_by=_ENTERED,
        past_sql=_THEN % "p.to_stage",
        group=Group.STAGE,
        choices="stages",
        questions=(
            Question("eq", _("is")),
            Question("gte", _("is at least")),
            Question("lte", _("is at most")),
            Question("ne", _("is not")),
        ),
    ),
    Fact(
        "pyramid.stage_since",
        FactType.DATETIME,
        _("On this stage since"),
        "coalesce(pyramid.since, c.created_at)",
        _JOIN,
        is_certain=True,
        changed_by=_ENTERED,
        past_sql=f"coalesce(({_THEN % 'p.at'}), c.created_at)",
        group=Group.STAGE,
    ),
)


def register() -> None:
    """Make this room's facts known, and the list of stages."""
    for fact in FACTS:
        register_fact(fact)
    register_choices("stages", lambda: list(Stage.choices))
