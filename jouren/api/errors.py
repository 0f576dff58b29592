"""What can be wrong with a request.

UserError
└── BadRequest    its body cannot be used; the message says which event, and why
"""

from __future__ import annotations

from jouren.core.errors import UserError


class BadRequest(UserError):
    """The request's body cannot be used; the message says which event, and why."""
