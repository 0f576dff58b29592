"""What the mechanisms refuse."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadRules(UserError):
    """A figure of the rules cannot be kept. ``field`` names it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class BadNote(UserError):
    """What was written about a task is too long, or says neither done nor not needed."""


class AlreadyDone(UserError):
    """Somebody else was faster."""
