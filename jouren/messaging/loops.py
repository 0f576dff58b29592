"""The sender's loops: one a lane, so that no lane waits for another."""

from __future__ import annotations

from jouren.core import clock
from jouren.core.hops import register_busy, register_due
from jouren.core.loops import Loop, register_loop
from jouren.messaging.actions import CHANNEL
from jouren.messaging.queries import is_sending, next_due
from jouren.messaging.replies import PAUSE_SECONDS
from jouren.messaging.replies import make_tick as make_tick_of_replies
from jouren.messaging.sender import make_tick
from jouren.messaging.vocabulary import Lane


def register() -> None:
    """Called when the room starts."""
    for lane in Lane:
        tick, close = make_tick(lane)
        is_bulk = lane == Lane.BROADCAST
        register_loop(Loop(f"send-{lane.name.lower()}", CHANNEL, tick, close=close, is_bulk=is_bulk))
    # Nobody wakes it but a change of the clock, which is harmless.
    register_loop(Loop("replies", clock.CHANNEL, make_tick_of_replies(), poll_seconds=PAUSE_SECONDS))
    register_due(next_due)
    register_busy(is_sending)
