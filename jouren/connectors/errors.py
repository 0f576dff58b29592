"""What connectors refuse.

UserError
├── BadSignature         a request is not from whom it says, or not of now
├── TooLarge             a request is larger than its sender's documents allow
├── Unusable             a genuine request says something that cannot be kept
└── ConnectionProblem    a connection cannot be made or changed as asked
"""

from __future__ import annotations

from jouren.core.errors import UserError


class BadSignature(UserError):
    """A request is not signed with a secret that is valid now, or is too old."""


class TooLarge(UserError):
    """A request is larger than its sender's documents allow."""


class Unusable(UserError):
    """A genuine request says something that cannot be kept; the message says what."""


class ConnectionProblem(UserError):
    """A connection cannot be made or changed as asked; the message says why."""
