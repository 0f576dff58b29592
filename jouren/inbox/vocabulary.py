"""The closed lists of surveys and of the inbox."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Question(TextChoices):
    """What a survey can ask, in the order in which it does."""

    EXPECTATION = "expectation", _("What do you expect of it?")
    SATISFACTION = "satisfaction", _("How is it, compared with what you expected?")
    STILL_USING = "still_using", _("Are you still using it?")
    WORTH_PRICE = "worth_price", _("Is it worth its price?")
    TROUBLE = "trouble", _("What troubles you next?")


class Satisfaction(TextChoices):
    """How something was, compared with what was expected (事前期待)."""

    ABOVE = "above", _("Better than expected")
    AS_EXPECTED = "as_expected", _("As expected")
    BELOW = "below", _("Worse than expected")

    @property
    def is_satisfied(self) -> bool:
        """Whether whoever says so may be made an offer at the regular price."""
        return self is not Satisfaction.BELOW


class InquiryKind(TextChoices):
    """Why somebody is in the inbox."""

    DISSATISFIED = "dissatisfied", _("Not satisfied")
