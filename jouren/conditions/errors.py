"""What conditions refuse."""

from __future__ import annotations

from jouren.core.errors import UserError


class ConditionError(UserError):
    """A condition cannot be understood. ``path`` leads to the bad node: ``all[1].not``."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path
