"""The questions of the interview, and what templates may show of the answers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

LONGEST = 2_000
LONGEST_NAME = 100
LONGEST_PROBLEM = 200
LIMITS = {"name": LONGEST_NAME, "problem": LONGEST_PROBLEM}
LONGEST_QUESTION = 200
MOST_QUESTIONS = 5


@dataclass(frozen=True)
class Asked:
    """A question of the interview. ``key``: the field of the story, and the name in ``{{ owner.… }}``."""

    key: str
    question: Any
    hint: Any
    rows: int = 4


INTERVIEW: Sequence[Asked] = (
    Asked(
        "name",
        _("Which name stands under your mails?"),
        _("The name of a person, not of the shop: people trust people."),
        1,
    ),
    Asked(
        "why",
        _("Why do you run this shop?"),
        _("What happened to you, or what could you not bear to see any longer? Tell it as you would tell a friend."),
        5,
    ),
    Asked(
        "for_whom",
        _("For whom is it?"),
        _("Picture one person you were able to help. How old, what kind of day, what had they tried?"),
    ),
    Asked(
        "problem",
        _("Which problem of theirs do you solve?"),
        _("Few words, as they say it themselves. It stands between quotation marks: “I lie awake at night”."),
        1,
    ),
    Asked(
        "belief",
        _("What do you believe in your trade?"),
        _("What would you insist on even if nobody noticed? What do others do that you find wrong?"),
    ),
    Asked(
        "never",
        _("What would you never do?"),
        _("A promise that can be checked: what you do not sell, do not say, do not put in."),
        3,
    ),
    Asked(
        "first_step",
        _("What can they do today, without buying anything?"),
        _("One small thing that helps. Giving it away is what makes your first mail worth reading."),
        3,
    ),
)

FIELDS = tuple(asked.key for asked in INTERVIEW)
MAIN = ("why", "for_whom", "belief", "never")
"""Without these it is no story."""
VARIABLES = FIELDS
"""What templates may ask for: ``{{ owner.why }}`` …"""
SHOWN = ("why", "for_whom", "belief", "never", "first_step")
"""What a block of a page or a mail can show as it stands."""


WHAT_CUSTOMERS_ASK = _("What do customers ask you, and what do you answer?")


def block_choices() -> list[tuple[str, str]]:
    """What a block of a page or a mail can show: the answers as they stand, and what customers ask."""
    return [*((key, question_of(key)) for key in SHOWN), ("questions", str(WHAT_CUSTOMERS_ASK))]


def question_of(key: str) -> str:
    """The question whose answer a variable shows."""
    return next(str(asked.question) for asked in INTERVIEW if asked.key == key)


def lines_of(text: str) -> list[str]:
    """An answer line by line, without empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
