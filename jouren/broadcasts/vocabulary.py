"""The closed lists of this room."""

from __future__ import annotations

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class BroadcastState(TextChoices):
    """How a broadcast stands. Whether it is paused is said by ``held_at``."""

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", pgettext_lazy("state of a broadcast", "Scheduled")
    SENDING = "sending", pgettext_lazy("state of a broadcast", "Sending")
    SENT = "sent", pgettext_lazy("state of a broadcast", "Sent")
    CANCELLED = "cancelled", pgettext_lazy("state of a broadcast", "Cancelled")


class Timing(TextChoices):
    """When a broadcast goes."""

    NOW = "now", _("At once")
    ONCE = "once", _("Once, at a time")
    REPEAT = "repeat", _("Again and again")


class Metric(TextChoices):
    """By what a test is decided."""

    CLICK = "click", _("Clicks by people")
    OPEN = "open", _("Opens by people")


class Fallback(TextChoices):
    """What the rest gets when a test has no winner."""

    FIRST = "first", _("Send version A")
    ASK = "ask", _("Ask me")
    SPLIT = "split", _("Send all versions, in equal shares")


class Stage(IntegerChoices):
    """How far an issue has come. Each stage ends when all of its people are planned, or its waiting is over."""

    FIRST = 0, _("Sending")
    TESTING = 1, _("Waiting for the test")
    ASKING = 2, _("Waiting for your choice")
    REST = 3, _("Sending to the rest")
    PAUSE = 4, _("Waiting to send again")
    AGAIN = 5, _("Sending again")
    ENDING = 6, _("Sending the last ones")
    DONE = 7, _("Sent")
    CANCELLED = 8, _("Cancelled")


class Phase(IntegerChoices):
    """To which sending of an issue a person belongs."""

    FIRST = 0
    REST = 1
    AGAIN = 2


class Decision(TextChoices):
    """How it came about what the rest of a test got."""

    WINNER = "winner", _("The better one by the figures")
    FIRST = "first", _("Not enough data: version A, as you had chosen")
    SPLIT = "split", _("Not enough data: all versions in equal shares, as you had chosen")
    CHOSEN = "chosen", _("You chose it")
