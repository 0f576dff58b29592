"""What conditions refuse."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from jouren.core.errors import UserError


class ConditionError(UserError):
    """A condition cannot be understood. ``path`` leads to the bad node: ``all[1].not``."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.message = message
        self.path = path

    @property
    def in_words(self) -> str:
        """The message for whoever sees the condition in an editor, where its parts are numbered."""
        numbers = "-".join(str(int(index) + 1) for index in re.findall(r"\[(\d+)\]", self.path))
        if not numbers:
            return self.message
        return _("Condition %(number)s: %(message)s") % {"number": numbers, "message": self.message}


class TooManyToCount(Exception):
    """A question to everybody took longer than somebody waits."""
