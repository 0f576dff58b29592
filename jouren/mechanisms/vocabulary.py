"""The closed lists of the mechanisms."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class MarkKind(TextChoices):
    """What holds of somebody beside their stage."""

    LIKELY_REGULAR = "likely_regular", _("Likely to become a regular")
    LAPSED = "lapsed", pgettext_lazy("mark", "Lapsed")


class Bar(TextChoices):
    """What the last answer to a survey has to be."""

    AS_EXPECTED = "as_expected", _("As expected, or better")
    ABOVE = "above", _("Better than expected")


class Occasion(TextChoices):
    """When a task for people comes up."""

    LIKELY_REGULAR = "likely_regular", _("when somebody becomes likely to be a regular")
    REGULAR = "regular", _("when somebody becomes a regular")


class TaskState(TextChoices):
    """What became of a task."""

    OPEN = "open", pgettext_lazy("task", "To do")
    DONE = "done", pgettext_lazy("task", "Done")
    NOT_NEEDED = "not_needed", pgettext_lazy("task", "Not needed")


class Unlikely(TextChoices):
    """Why somebody is no likely regular any more."""

    RULE = "rule", _("the rule is another or off")
    PURCHASES = "purchases", _("fewer purchases at the regular price")
    LONG_AGO = "long_ago", _("the last purchase is long ago")
    SATISFACTION = "satisfaction", _("their last answer is not good enough")


class LapseReason(TextChoices):
    """By which measure somebody lapsed."""

    DAYS = "days", _("the days of the rule")
    PRODUCT = "product", _("what they bought is long used up")
