"""What the pyramid refuses."""

from __future__ import annotations

from jouren.core.errors import UserError


class UnknownStage(UserError):
    """There is no such stage."""
