"""What can go wrong with broadcasts.

UserError
├── InvalidBroadcast   it cannot be sent as it stands; ``problems`` says all that is wrong, by step of the editor
└── WrongState         it is not in a state in which this can be done
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jouren.core.errors import UserError


class Problem(NamedTuple):
    """What is wrong, and how to mend it. ``step`` of the editor: ``what``, ``whom``, ``when`` or ``more``."""

    step: str
    text: str


class InvalidBroadcast(UserError):
    """A broadcast cannot be sent as it stands."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = list(problems)


class WrongState(UserError):
    """A broadcast is not in a state in which this can be done."""
