"""Worker processes of the product, on the tests' own database: started, told to end, killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from jouren.core.loops import wait_until
from jouren.core.worker import count_alive
from jouren.messaging.vocabulary import Lane
from tests.faults.crowd import query
from tests.faults.scale import SCALE
from tests.installation import ROOT
from tests.smtp_server import ScriptedServer

# How far work has come: people in the journey, letters planned, letters arrived.
WALKS, PLANNED, ARRIVED = "walks", "planned", "arrived"
COUNTS = {WALKS: "SELECT count(*) FROM journeys_enrolment", PLANNED: "SELECT count(*) FROM messaging_delivery"}


class Nursery:
    """Where they come from: see :mod:`tests.faults.nursery`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, command: str, number: int) -> int:
        """Say a line, and give back the number that is answered."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(command, number, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def nursery() -> Iterator[Nursery]:
    """One that runs."""
    environment = os.environ | {"DATABASE_URL": _database_url(), "DJANGO_SETTINGS_MODULE": "jouren.settings"}
    command = [sys.executable, "-m", "tests.faults.nursery"]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Nursery(process)


class Workers:
    """What ``jouren worker`` does, in as many processes as wanted: each reacts, advances, sends and does jobs. So two
    are two schedulers."""

    def __init__(self, origin: Nursery, mail_port: int) -> None:
        self._origin, self._mail_port = origin, mail_port
        self._running: list[int] = []

    def start(self, count: int = 1) -> None:
        """So many more."""
        self._running += [self._origin.ask("worker", self._mail_port) for _ in range(count)]

    def start_sender(self, lane: Lane) -> None:
        """One that only sends, and only one lane."""
        self._running.append(self._origin.ask(lane.name, self._mail_port))

    def wait_until_they_work(self) -> None:
        """Wait for those that were started to have said that they live."""
        assert wait_until(lambda: count_alive() >= len(self._running), 60)

    def kill(self, count: int = 1) -> None:
        """``kill -9`` those that have lived longest."""
        self._send(signal.SIGKILL, count)

    def end(self, count: int = 1) -> None:
        """Ask those that have lived longest to end, as a service manager does, and wait for them."""
        assert self._send(signal.SIGTERM, count) == [0] * count

    def clear(self) -> None:
        """None is left."""
        self.kill(len(self._running))

    def _send(self, number: signal.Signals, count: int) -> list[int]:
        chosen, self._running = self._running[:count], self._running[count:]
        for pid in chosen:
            os.kill(pid, number)
        return [self._origin.ask("wait", pid) for pid in chosen]


class Killer:
    """Kills workers at moments drawn by lot, and starts others in their place."""

    def __init__(self, workers: Workers, server: ScriptedServer, lots: random.Random) -> None:
        self._workers, self._server, self._lots = workers, server, lots
        self.killed = 0

    def kill(self, times: int, measures: tuple[str, ...], before: int, after: int) -> None:
        """Kill ``times`` times, each when a measure comes to some point on its way from ``before`` to ``after``."""
        points = [(self._lots.randrange(len(measures)), self._lots.uniform(0.02, 0.98)) for _ in range(times)]
        for place, share in sorted(points):
            self._wait_for(measures[place], before + int(share * (after - before)))
            victims = self._lots.choice((1, 1, 2))
            self._workers.kill(victims)
            self._workers.start(victims)
            self.killed += victims

    def _wait_for(self, measure: str, count: int) -> None:
        assert wait_until(lambda: self._count(measure) >= count, SCALE.patience, 0.01)

    def _count(self, measure: str) -> int:
        return len(self._server.letters) if measure == ARRIVED else int(query(COUNTS[measure])[0][0])


def _database_url() -> str:
    at: dict[str, Any] = settings.DATABASES["default"]
    user = quote(at["USER"]) + (f":{quote(at['PASSWORD'])}" if at["PASSWORD"] else "")
    port = f"&port={at['PORT']}" if at["PORT"] else ""
    return f"postgresql://{user}@/{connection.settings_dict['NAME']}?host={quote(at['HOST'], safe='')}{port}"
