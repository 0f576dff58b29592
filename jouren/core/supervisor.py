"""Keeps child processes running, and ends all of them in order.

Each child leads a process group of its own: a Ctrl-C in the terminal reaches only the supervisor, and what a dead
child leaves behind can be ended with it. Each also holds the end of a pipe, its lifeline: when the supervisor itself
is killed the pipe closes, and the child ends too (:func:`hold_lifeline`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_LIFELINE = "JOUREN_LIFELINE"
_LOOK_SECONDS = 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
# Who lived this long was well: its next crash is a first one again.
_WELL_SECONDS = 30.0
_GRACE_SECONDS = 20.0


@dataclass
class Child:
    """One process to keep running: a name for people, and its command. ``ends_last``: the others need it to the end."""

    name: str
    command: Sequence[str]
    ends_last: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    restart_at: float = field(default=0.0, init=False)
    pause: float = field(default=_FIRST_PAUSE, init=False)


class Supervisor:
    """Runs children until told to stop. ``say(text)`` tells the person at the terminal what happens to them."""

    def __init__(self, children: Sequence[Child], say: Callable[[str, int, float], None]) -> None:
        self.children = list(children)
        self._say = say
        self._lifeline, self._our_end = os.pipe()

    def run(self, stop: threading.Event) -> None:
        """Start the children, last first; restart those that crash; on ``stop`` end them all at once, and then those
        that end last.

        ``say(name, exit code, pause in seconds)`` is called for each crash.
        """
        try:
            for child in reversed(self.children):
                self._start(child)
            while not stop.wait(_LOOK_SECONDS):
                for child in self.children:
                    self._look_after(child)
        finally:
            for last in (False, True):
                _end([child for child in self.children if child.ends_last is last])
            os.close(self._our_end)
            os.close(self._lifeline)

    def _start(self, child: Child) -> None:
        child.process = subprocess.Popen(
            child.command,
            env={**os.environ, _LIFELINE: str(self._lifeline)},
            stdin=subprocess.DEVNULL,
            pass_fds=(self._lifeline,),
            start_new_session=True,
        )
        child.started_at = time.monotonic()

    def _look_after(self, child: Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.restart_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        _kill_group(child.process.pid)
        if time.monotonic() - child.started_at > _WELL_SECONDS:
            child.pause = _FIRST_PAUSE
        self._say(child.name, code, child.pause)
        child.restart_at = time.monotonic() + child.pause
        child.pause = min(child.pause * 2, _LONGEST_PAUSE)
        child.process = None


def _end(children: Sequence[Child]) -> None:
    """Ask all of them to end, and kill who has not after a while."""
    for child in children:
        if child.process is not None:
            child.process.terminate()
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        if child.process is None:
            continue
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(max(0.0, deadline - time.monotonic()))
        _kill_group(child.process.pid)
        child.process.wait()
        child.process = None


def _kill_group(pid: int) -> None:
    """End whatever is left of a child's process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def hold_lifeline() -> bool:
    """In a child: ask this process to end (SIGTERM) as soon as its supervisor is gone.

    Returns True in a child, False (and does nothing) in a process that has no supervisor.
    """
    number = os.environ.pop(_LIFELINE, "")
    if not number:
        return False
    lifeline = int(number)
    os.set_inheritable(lifeline, False)

    def watch() -> None:
        with contextlib.suppress(OSError):
            os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
    return True
