"""The five stages of the customer pyramid. Pure."""

from __future__ import annotations

from django.db.models import IntegerChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Stage(IntegerChoices):
    """From having heard of the shop to coming back again and again. Higher is nearer."""

    AWARE = 1, _("Aware")
    PROSPECT = 2, _("Prospect")
    TRIAL = 3, pgettext_lazy("stage of the pyramid", "Trial")
    EXISTING = 4, _("Existing")
    REGULAR = 5, _("Regular")

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
