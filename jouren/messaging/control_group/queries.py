"""Reads of the control group."""

from __future__ import annotations

from jouren.messaging.control_group.models import ControlGroup


def stored_group() -> ControlGroup:
    """The control group as it is, or as it would be before anybody has chosen one."""
    return ControlGroup.objects.filter(pk=1).first() or ControlGroup()


def smallest_effect() -> float:
    """The smallest relative difference that the shop wants to find: 0.2 is a fifth."""
    return stored_group().smallest_effect / 100
