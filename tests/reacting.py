"""Lets what was recorded have its consequences."""

from __future__ import annotations

from jouren.events import reactor


def react_to_all() -> None:
    """Let all reactions run until nothing waits."""
    while reactor.tick():
        pass
