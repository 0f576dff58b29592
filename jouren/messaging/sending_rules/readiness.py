"""信頼が先: help first, ask later. Pure."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_NEEDED = 3


@dataclass(frozen=True, slots=True)
class HelpAndAsk:
    """How many messages that help, and how many that ask, reached somebody, or were sent by a journey."""

    help: int = 0
    ask: int = 0

    @property
    def helps_an_ask(self) -> float | None:
        """Messages that help for one that asks; None before anything was asked."""
        return self.help / self.ask if self.ask else None
