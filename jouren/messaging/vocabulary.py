"""The closed lists of this room: what a message is for, how a delivery stands."""

from __future__ import annotations

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(TextChoices):
    """What a message does for the person who gets it."""

    HELP = "help", _("Help")
    ASK = "ask", pgettext_lazy("kind of message", "Ask")
    CARE = "care", _("Thanks and care")
    TRANSACTIONAL = "transactional", _("Transactional")


class Wall(TextChoices):
    """The walls of resistance (抵抗心理の壁) after a purchase."""

    COMPANY_TRUST = "company_trust", _("Trust in the company")
    PRODUCT_TRUST = "product_trust", _("Trust in the product")
    TRUST = "trust", _("Trust")
    SAFETY = "safety", _("Safety (visible)")
    PEACE = "peace", _("Peace of mind (invisible)")
    OPPORTUNITY = "opportunity", _("Opportunity")
    EFFECT = "effect", _("Effect")


class Doubt(TextChoices):
    """What makes a lead hesitate."""

    FRAUD = "fraud", _("Is it a fraud?")
    SHADY = "shady", _("Is it a shady company?")
    OTHER_PRODUCT = "other_product", _("Would another product be better?")
    PRICE = "price", _("Is it too expensive?")
    SUPPORT = "support", _("Is there support afterwards?")
    OTHER_WAY = "other_way", _("Could I solve it another way?")
    WHY_NOW = "why_now", _("Must I buy now?")


class Lane(IntegerChoices):
    """Deliveries of a lower number never wait for those of a higher one."""

    TRANSACTIONAL = 0, _("Transactional")
    TRIGGERED = 1, _("Triggered")
    BROADCAST = 2, _("Broadcast")


class State(IntegerChoices):
    """Where a delivery stands. ``SENT`` and above are final, but for a transactional ``UNKNOWN``, tried once more."""

    PLANNED = 0, _("Planned")
    ATTEMPTING = 1, _("Being sent")
    SENT = 2, _("Sent")
    FAILED = 3, _("Failed")
    UNKNOWN = 4, _("Unknown")
    SUPPRESSED = 5, _("Withheld")


class RunKind(TextChoices):
    """What a delivery belongs to."""

    JOURNEY = "journey", _("Journey")
    BROADCAST = "broadcast", _("Broadcast")
    TRANSACTIONAL = "transactional", _("Transactional")
    TEST = "test", _("Test")
