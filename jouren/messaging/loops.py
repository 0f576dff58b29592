"""The sender's loops: one a lane, so that no lane waits for another."""

from __future__ import annotations

from jouren.core.hops import register_busy, register_due
from jouren.core.loops import Loop, register_loop
from jouren.messaging.queries import is_sending, next_due
from jouren.messaging.sender import make_tick
from jouren.messaging.vocabulary import Lane


def register() -> None:
    """Called when the room starts."""
    for lane in Lane:
        tick, close = make_tick(lane)
        register_loop(Loop(f"send-{lane.name.lower()}", "jouren_send", tick, close=close))
    register_due(next_due)
    register_busy(is_sending)
