"""What surveys and the inbox refuse."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadSurvey(UserError):
    """A detail of a survey cannot be kept. ``field`` names it; empty where it is none in particular."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class BadAnswer(UserError):
    """An answer that nobody can give to this survey."""


class BadNote(UserError):
    """A note on an inquiry is missing or too long."""


class AlreadyHandled(UserError):
    """Somebody else was faster."""
