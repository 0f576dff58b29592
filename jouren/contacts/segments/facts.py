"""Being in a segment, as a condition asks for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jouren.conditions.choices import Choice, register_choices
from jouren.conditions.registry import Argument, Fact, FactType, Group, Rows, register_fact
from jouren.contacts.segments.definitions import FACT
from jouren.contacts.segments.queries import segment_choices

# A change of one segment has those that ask for it be asked too (keeping.py): no event does so by itself.
SEGMENT = Fact(
    FACT,
    FactType.BOOLEAN,
    _("Is in a segment"),
    arguments=(Argument("segment", _("segment"), FactType.NUMBER, most=2**31 - 1, choices="segments"),),
    rows=Rows("contacts_segment_standing r", "r.segment_id = %(segment)s::bigint AND r.is_member"),
    group=Group.SEGMENTS,
    phrase=_("In “%(segment)s”"),
)


def register() -> None:
    """Make the fact known, and the list of segments."""
    register_fact(SEGMENT)
    register_choices("segments", lambda: list[Choice](segment_choices()))
