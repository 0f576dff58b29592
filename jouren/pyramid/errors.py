"""What the pyramid refuses."""

from __future__ import annotations

from jouren.core.errors import UserError


class UnknownStage(UserError):
    """There is no such stage."""


class UnknownPreset(UserError):
    """There is no such way of naming the stages."""
