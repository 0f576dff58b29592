"""What series refuse, each with a message fit to show.

UserError
├── SeriesFull          there is no room for more messages
├── UnfitMessage        a message that a series cannot hold
├── ForeignItem         a place that belongs to another series
├── SeriesProblem       cannot be published as it stands; ``problems`` says all that is wrong
├── SeriesInUse         people are in it, or a published journey sends it
└── UnreadableFile      nothing can be made of a file
"""

from __future__ import annotations

from collections.abc import Sequence

from jouren.core.errors import UserError


class SeriesFull(UserError):
    """There is no room for more messages."""


class UnfitMessage(UserError):
    """A message that a series cannot hold."""

    field = "messages"


class ForeignItem(UserError):
    """A place that belongs to another series."""

    field = "messages"


class SeriesProblem(UserError):
    """A series cannot be published as it stands."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = list(problems)


class SeriesInUse(UserError):
    """A series that cannot be deleted."""


class UnreadableFile(UserError):
    """Nothing can be made of a file."""
