"""Pure rules of surveys: what an answer is made of, what it says of somebody, what answers amount to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from jouren.core.comparison import Interval, rate_interval
from jouren.inbox.vocabulary import Question, Satisfaction

ANSWER_WITHIN = timedelta(days=180)
"""So long after a message was sent its buttons can be answered."""
FEWEST_ANSWERS = 10
"""Below so many answers no share is told."""


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody answered; what they did not is empty or None."""

    satisfaction: str = ""
    still_using: bool | None = None
    worth_price: bool | None = None
    trouble: str = ""
    expectation: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered."""
        return self == Given()

    def only(self, questions: Collection[str]) -> Given:
        """Without what was not asked."""
        unasked: dict[str, Any] = {field.name: field.default for field in fields(self) if field.name not in questions}
        return replace(self, **unasked)

    def after(self, before: Given) -> Given:
        """With what was answered before, where nothing is answered anew."""
        kept: dict[str, Any] = {
            field.name: getattr(before, field.name) for field in fields(self) if getattr(self, field.name) in ("", None)
        }
        return replace(self, **kept)


def is_satisfied(satisfaction: str) -> bool | None:
    """What an answer says: satisfied or not; None where it says nothing of it."""
    return Satisfaction(satisfaction).is_satisfied if satisfaction in Satisfaction.values else None


def first_questions(questions: Collection[str]) -> list[Question]:
    """What is asked on the page that a mail's button opens."""
    if Question.SATISFACTION in questions:
        return [Question.SATISFACTION]
    return further_questions(questions)


def further_questions(questions: Collection[str]) -> list[Question]:
    """What is asked after that."""
    return [each for each in Question if each in questions and each is not Question.SATISFACTION]


@dataclass(frozen=True, slots=True)
class Share:
    """Of ``people`` who answered, so many ``said`` it. ``interval`` (95 %) is None while there are too few."""

    said: int
    people: int

    @property
    def rate(self) -> float | None:
        """The share (0 to 1), None while there are too few to tell."""
        return self.said / self.people if self.people >= FEWEST_ANSWERS else None

    @property
    def interval(self) -> Interval | None:
        """Where the share may lie."""
        return rate_interval(self.said, self.people) if self.people >= FEWEST_ANSWERS else None
