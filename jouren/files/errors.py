"""What can be wrong with files.

UserError
├── BadFiles           files that cannot be read as they stand; ``problems`` says all that is wrong, each with its line
└── ChangedMeanwhile   what was shown is not what would happen any more
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jouren.core.errors import UserError


class Problem(NamedTuple):
    """One thing to mend. ``line`` counts from 1; 0: the file as a whole."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


class BadFiles(UserError):
    """Files cannot be imported, or not be written. Nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


class ChangedMeanwhile(UserError):
    """What was shown before is not what would be done now. Nothing was changed."""
