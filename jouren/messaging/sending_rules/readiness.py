"""信頼が先: help first, ask later. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jouren.messaging.vocabulary import Kind

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


def asks_too_early(kinds: Iterable[str], needed: int = DEFAULT_NEEDED, reached: int = 0) -> list[int]:
    """Where along a path somebody is asked before they were helped enough.

    ``kinds`` are those of the messages in the order in which one person would get them, ``reached`` how many that help
    they had before. Returns the places of the asks that come before ``needed``, counted from 0.
    """
    early = []
    for place, kind in enumerate(kinds):
        if kind == Kind.ASK and reached < needed:
            early.append(place)
        reached += kind == Kind.HELP
    return early
