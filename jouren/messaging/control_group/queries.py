"""Reads of the control group."""

from __future__ import annotations

from jouren.core.lots import is_drawn
from jouren.messaging.control_group.models import ControlGroup

_SUBJECT = "control group"  # as sql/control_group.sql names it


def stored_group() -> ControlGroup:
    """The control group as it is, or as it would be before anybody has chosen one."""
    return ControlGroup.objects.filter(pk=1).first() or ControlGroup()


def smallest_effect() -> float:
    """The smallest relative difference that the shop wants to find: 0.2 is a fifth."""
    return stored_group().smallest_effect / 100


def is_in_control_group(contact_id: int) -> bool:
    """Whether a person gets no marketing now, to compare."""
    return is_drawn_for(contact_id, stored_group().share)


def is_drawn_for(contact_id: int, share: int) -> bool:
    """Whether a person belongs to a control group of so many in a hundred."""
    return is_drawn(_SUBJECT, contact_id, share)
