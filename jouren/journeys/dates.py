"""Dates of a person's that a journey can go by: an attribute, the first purchase, the day they came."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from jouren.conditions.errors import ConditionError
from jouren.conditions.registry import FactType, FactUse, fact, facts

_DATED = frozenset({FactType.DATE, FactType.DATETIME})


def dated_facts() -> list[tuple[str, Any]]:
    """Every fact that can be a date, by name."""
    return [
        (known.name, known.label)
        for known in facts()
        if known.group is not None and (callable(known.type) or known.type in _DATED)
    ]


def dated_fact(name: str, argument: str | None = "") -> FactUse:
    """The fact, told which. Raises ConditionError when it is unknown or no date."""
    known = fact(name)
    names = [declared.name for declared in known.arguments]
    given = (argument or "").strip()
    use = known.use({names[0]: given} if names and given else {})
    if use.type not in _DATED:
        raise ConditionError(_("“%(name)s” is not a date.") % {"name": given or known.label})
    return use
