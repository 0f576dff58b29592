"""What this room offers to conditions."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.conditions.registry import Fact, FactType, register_fact

_JOIN = "LEFT JOIN pyramid_position pyramid ON pyramid.contact_id = c.id"

FACTS = (
    Fact("pyramid.stage", FactType.NUMBER, _("Stage"), "pyramid.stage", _JOIN, default=1),
    Fact(
        "pyramid.stage_since",
        FactType.DATETIME,
        _("On this stage since"),
        "coalesce(pyramid.since, c.created_at)",
        _JOIN,
        is_certain=True,
    ),
)


def register() -> None:
    """Make this room's facts known."""
    for fact in FACTS:
        register_fact(fact)
