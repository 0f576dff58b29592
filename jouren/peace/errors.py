"""What the rule for leaving in peace refuses."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadRule(UserError):
    """A figure of the rule cannot be kept. ``field`` names it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field
