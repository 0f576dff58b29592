"""Processes that play a dry run beside each other: one processor plays a hundred thousand people for a minute.

A helper is started by the job, is told its dry run on its standard input, then a batch of people a line, and answers
each with what it has counted. It ends with its input, so it never outlives whoever started it by more than a batch.
Its work is no more urgent than broadcasts are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from datetime import datetime
from queue import SimpleQueue
from typing import IO, Any

from jouren.journeys.replay.counts import Counts

ENOUGH = 20_000
"""So many people are worth the seconds that helpers need to start."""
MOST = 2
_NICENESS = 5
_CONNECTION = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


class HelperLost(Exception):
    """A helper has ended before its work was done."""


class Helper:
    """One helper process, at work on the dry run ``run_id``."""

    def __init__(self, run_id: int, now: datetime) -> None:
        from django.conf import settings
        from django.db import connection

        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        database = {name: connection.settings_dict[name] for name in _CONNECTION}
        self._say({"run": run_id, "now": now.isoformat(), "database": database})

    def play(self, contact_ids: Sequence[int]) -> Counts:
        """Have these people played, and wait for it. Raises HelperLost."""
        self._say(list(contact_ids))
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise HelperLost(f"exit code {self.process.wait()}")
        return Counts.read(json.loads(answer))

    def end(self) -> None:
        """Let it end, and wait for that."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _say(self, message: Any) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise HelperLost(f"exit code {self.process.wait()}") from error


def play_beside(run_id: int, now: datetime, batches: Sequence[Sequence[int]]) -> Iterator[tuple[int, Counts]]:
    """Have helpers play all batches: (how many people, what is counted), in the order in which they are done.

    Raises:
        HelperLost: one of them broke off; what it was at is logged by it.
    """
    with _helpers(run_id, now) as free, ThreadPoolExecutor(MOST, "dry-run") as threads:

        def play(batch: Sequence[int]) -> tuple[int, Counts]:
            helper = free.get()
            try:
                return len(batch), helper.play(batch)
            finally:
                free.put(helper)

        played = [threads.submit(play, batch) for batch in batches]
        try:
            for each in as_completed(played):
                yield each.result()
        finally:
            for each in played:
                each.cancel()


@contextmanager
def _helpers(run_id: int, now: datetime) -> Iterator[SimpleQueue[Helper]]:
    started: list[Helper] = []
    free: SimpleQueue[Helper] = SimpleQueue()
    try:
        for _number in range(MOST):
            helper = Helper(run_id, now)
            started.append(helper)
            free.put(helper)
        yield free
    finally:
        for helper in started:
            helper.end()


def _help(told: IO[bytes], answers: IO[bytes]) -> None:
    """A helper's life."""
    import django

    django.setup()
    from django.db import connection

    from jouren.core.interpreter import tune_for_loops
    from jouren.journeys.models import DryRun
    from jouren.journeys.replay.player import Player

    tune_for_loops()
    task = json.loads(told.readline())
    connection.settings_dict.update(task["database"])
    run = DryRun.objects.select_related("journey").get(pk=task["run"])
    player = Player(run, datetime.fromisoformat(task["now"]))
    for line in told:
        answers.write(json.dumps(player.play(json.loads(line)).write()).encode() + b"\n")
        answers.flush()
    connection.close()


def main() -> None:
    """Be a helper."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it decides
    os.nice(_NICENESS)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but answers goes there
    _help(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
