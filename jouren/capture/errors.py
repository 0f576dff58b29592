"""What capture refuses.

UserError
└── TooManyPosts     one connection sent more forms than people do
"""

from __future__ import annotations

from jouren.core.errors import UserError


class TooManyPosts(UserError):
    """One connection sent more forms within an hour than people do."""
