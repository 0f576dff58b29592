"""Reads the owner's story, for messages and pages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from jouren.story.interview import FIELDS, MAIN, SHOWN, VARIABLES, WHAT_CUSTOMERS_ASK, lines_of, question_of
from jouren.story.models import OwnerStory

OWNER_PLACES = frozenset({"owner.questions", "owner.lines", *(f"owner.lines.{key}" for key in SHOWN)})
"""What the blocks of mails go through, besides the variables that authors write."""


def load_story() -> OwnerStory:
    """What was answered; an empty story where nothing was."""
    return OwnerStory.objects.filter(pk=1).first() or OwnerStory(pk=1)


def owner_variables(story: OwnerStory | None = None) -> dict[str, Any]:
    """What ``{{ owner.… }}`` shows: each answer as a text, and for blocks ``lines`` of them and ``questions``."""
    story = story or load_story()
    answers = {key: str(getattr(story, key)) for key in FIELDS}
    return {
        **{key: answers[key] for key in VARIABLES},
        "lines": {key: lines_of(answers[key]) for key in SHOWN},
        "questions": [{"question": question, "lines": lines_of(answer)} for question, answer in story.questions],
    }


def unanswered(variables: Collection[str]) -> list[str]:
    """The questions whose answers these variables (``owner.…``) would show, and that nobody has answered."""
    asked = {name.rpartition(".")[2] for name in variables if name.startswith("owner.")}
    if not asked:
        return []
    story = load_story()
    empty = [question_of(key) for key in FIELDS if key in asked and not getattr(story, key)]
    return [*empty, *([str(WHAT_CUSTOMERS_ASK)] if "questions" in asked and not story.questions else [])]


def sample_owner() -> dict[str, Any]:
    """Something in every place, to try templates with."""
    return {
        **dict.fromkeys(VARIABLES, "…"),
        "lines": {key: ["…"] for key in SHOWN},
        "questions": [{"question": "…", "lines": ["…"]}],
    }


def is_told() -> bool:
    """Whether the main questions are answered."""
    story = load_story()
    return all(getattr(story, key) for key in MAIN)
