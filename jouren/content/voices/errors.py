"""What voices refuse."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadVoice(UserError):
    """Words, or a name, that cannot be kept. ``field`` names it; empty where it is none in particular."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotApproved(UserError):
    """A voice that cannot be shown as it is."""


class ChangedMeanwhile(UserError):
    """Its person, or a colleague, has changed it since it was looked at."""


class AskedBefore(UserError):
    """They said no, or have given their words already."""
