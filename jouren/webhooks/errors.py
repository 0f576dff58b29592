"""What webhooks refuse."""

from __future__ import annotations

from jouren.core.errors import UserError


class WebhookProblem(UserError):
    """A webhook cannot be used or changed as asked; the message says why."""
