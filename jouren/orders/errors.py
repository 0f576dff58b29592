"""What orders refuse."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadOrder(UserError):
    """An order's details cannot be kept; the message says which."""
