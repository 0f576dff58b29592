"""A process that has Django loaded and forks workers and senders, to be killed: each is there at once, not in seconds.

``python -m tests.faults.nursery`` answers a line by a line: ``worker PORT`` and ``LANE PORT`` (a mail server's port) by
the new process's id, ``wait ID`` by how that one ended. The end of its input is the end of all of them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import NoReturn


def main() -> None:
    """Serve until the input ends."""
    import django

    django.setup()
    alive: set[int] = set()
    for line in sys.stdin:
        command, number = line.split()
        if command == "wait":
            alive.discard(int(number))
            _answer(os.waitstatus_to_exitcode(os.waitpid(int(number), 0)[1]))
        else:
            pid = os.fork() or _live(command, int(number))
            alive.add(pid)
            _answer(pid)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _live(command: str, port: int) -> NoReturn:
    from django.conf import settings

    from jouren.cli.base import leave, stop_on_signals
    from jouren.core.config import SmtpAddress
    from jouren.core.worker import run_worker

    sys.stdin.close()
    os.dup2(2, 1)
    settings.JOUREN = replace(settings.JOUREN, email=SmtpAddress("127.0.0.1", port))
    stop = stop_on_signals()
    if command == "worker":
        run_worker(stop, sink=False)
    else:
        _send(command, stop)
    leave()


def _send(lane: str, stop: threading.Event) -> None:
    from jouren.messaging.sender import LaneSender
    from jouren.messaging.vocabulary import Lane

    sender = LaneSender(Lane[lane])
    while not stop.is_set():
        if not sender.tick():
            time.sleep(0.02)
    sender.close()


if __name__ == "__main__":
    main()
