"""What the catalogue refuses."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadProduct(UserError):
    """A detail of a product cannot be kept. ``field`` names it; empty where it is none in particular."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class BadCode(UserError):
    """A code cannot be one of an order's."""


class CodeTaken(BadCode):
    """The code means another product already."""
