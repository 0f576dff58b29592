"""The five stages of the customer pyramid."""

from __future__ import annotations

from django.db.models import IntegerChoices
from django.utils.functional import lazy

from jouren.pyramid.naming import stage_name

_name = lazy(stage_name, str)


class Stage(IntegerChoices):
    """From having heard of the shop to coming back again and again. Higher is nearer."""

    AWARE = 1, _name(1)
    PROSPECT = 2, _name(2)
    TRIAL = 3, _name(3)
    EXISTING = 4, _name(4)
    REGULAR = 5, _name(5)

    @property
    def key(self) -> str:
        """The stage's name in events: ``aware``, ``prospect``, ``trial``, ``existing``, ``regular``."""
        return self.name.lower()


def stage_of(key: str) -> Stage:
    """The stage of that name in events. Raises ValueError for an unknown one."""
    try:
        return Stage[key.upper()]
    except KeyError:
        raise ValueError(f"Unknown stage {key!r}; known are {[stage.key for stage in Stage]}.") from None
