"""What contacts refuses, each with a message fit to show.

UserError
├── BadAddress           not an address that mail can be sent to
├── BadName              a name part is too long
├── BadAttribute         unknown attribute, or a value of another type
├── BadValue             an empty, over-long or unknown value elsewhere
├── BadSegment           a segment's name is taken, or it would depend on itself
├── SegmentInUse         something still asks for the segment
├── IdentityTaken        the address or number belongs to somebody else
├── IdentityErased       its person asked to be erased
└── ContactNotFound      nobody has this id
"""

from __future__ import annotations

from collections.abc import Sequence

from jouren.core.errors import UserError


class BadAddress(UserError):
    """Not an address that mail can be sent to."""


class BadName(UserError):
    """A part of a name cannot be kept."""


class BadAttribute(UserError):
    """An attribute is not defined, or the value has another type."""


class BadValue(UserError):
    """A value is empty, too long or unknown."""


class BadSegment(UserError):
    """A segment cannot be saved like that. ``field``: ``name`` or ``condition``."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class SegmentInUse(UserError):
    """Something still asks for the segment; ``uses`` says what."""

    def __init__(self, message: str, uses: Sequence[object]) -> None:
        super().__init__(message)
        self.uses = uses


class IdentityTaken(UserError):
    """The identity belongs to somebody else."""

    def __init__(self, message: str, contact_id: int) -> None:
        super().__init__(message)
        self.contact_id = contact_id


class IdentityErased(UserError):
    """The identity's person was erased and may not be brought back."""


class ContactNotFound(UserError):
    """Nobody has this id."""
