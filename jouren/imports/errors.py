"""What imports refuse, each with a message fit to show.

UserError
├── BadFile          the file cannot be read as a table at all
├── BadRow           a row, or one of its cells, cannot be understood
├── BadMapping       the choice of columns does not do
└── NotNow           what is asked for does not fit how far the import is
"""

from __future__ import annotations

from jouren.core.errors import UserError


class BadFile(UserError):
    """It cannot be read as a table."""


class BadRow(UserError):
    """Something in a row cannot be understood. ``column``: the index of the cell, None for the row as a whole."""

    def __init__(self, message: str, column: int | None = None) -> None:
        super().__init__(message)
        self.column = column


class BadMapping(UserError):
    """The choice of columns does not do."""


class NotNow(UserError):
    """The import is not so far, or is over."""
