"""A backup made during sends, restored on an empty machine: everybody is where they were, and nobody is written twice.

The installation that was backed up goes on sending after its backup, and dies. What it sent is counted at the mail
server, and so is what the restored one sends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from jouren.core.backup.making import make_backup
from jouren.core.backup.postgres import database_url
from jouren.core.backup.restoring import restore_backup, settle_in_process_of_its_own
from jouren.core.config import Config
from jouren.core.database import EmbeddedDatabase
from jouren.core.loops import wait_until
from jouren.messaging.vocabulary import State
from tests.faults.crowd import Crowd
from tests.faults.judging import settle
from tests.faults.scale import SCALE, tell
from tests.faults.workers import Workers
from tests.installation import ROOT
from tests.integration import test_cli_commands
from tests.integration.test_backup import SAME
from tests.smtp_server import ScriptedServer

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = min(SCALE.people, 2_000)
_JOUREN = (sys.executable, "-m", "jouren")
_LETTERS = (
    "SELECT identity.value, version.name, delivery.state FROM messaging_delivery AS delivery"
    " JOIN messaging_messageversion AS version ON version.id = delivery.message_version_id"
    " JOIN contacts_identity AS identity ON identity.contact_id = delivery.contact_id AND identity.kind = 'email'"
)


class Restored:
    """The installation on the empty machine: an embedded database of its own, and workers that use the mail server."""

    def __init__(self, home: Path, mail_port: int) -> None:
        self.database = EmbeddedDatabase(home)
        ours = ("JOUREN_", "DATABASE_", "DJANGO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        relay = f"smtp://127.0.0.1:{mail_port}"
        sandbox = {"JOUREN_SANDBOX": "1", "LC_ALL": "C.UTF-8"}
        self.env = kept | sandbox | {"JOUREN_HOME": str(home), "JOUREN_EMAIL_URL": relay}

    @contextmanager
    def worker(self) -> Iterator[None]:
        """One that works for the length of a ``with``."""
        with subprocess.Popen([*_JOUREN, "worker"], env=self.env, cwd=ROOT) as process:
            try:
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)

    def run(self, *arguments: str) -> str:
        """What a command says; it has to succeed."""
        done = subprocess.run(
            [*_JOUREN, *arguments], env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.database.url) as connection:
            return connection.execute(statement, parameters or None).fetchall()  # type: ignore[call-overload, no-any-return]


def subjects(server: ScriptedServer) -> Counter[tuple[str, str]]:
    """How often each letter arrived, by address and subject."""
    with server.lock:
        letters = list(server.letters)
    return Counter(
        (address, data.partition(b"\r\nSubject: ")[2].partition(b"\r\n")[0].decode()) for address, data in letters
    )


def test_what_is_restored_during_sends_is_the_same_and_writes_to_nobody_twice(
    server: ScriptedServer, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    crowd = Crowd(PEOPLE)
    shop = replace(settings.JOUREN, home=tmp_path / "old", database_url=test_cli_commands.database_url())
    workers.start()
    crowd.buy(1, crowd.numbers)
    assert wait_until(lambda: len(server.letters) >= PEOPLE // 10, SCALE.patience, 0.01)

    seen: list[list[tuple[Any, ...]]] = []
    at_snapshot = 0

    def look(snapshot: psycopg.Connection[Any]) -> None:
        nonlocal at_snapshot
        at_snapshot = len(server.letters)
        seen.extend(snapshot.execute(each).fetchall() for each in SAME)
        # The old installation is at it all the while.
        assert wait_until(lambda: len(server.letters) >= at_snapshot + PEOPLE // 10, SCALE.patience, 0.01)

    make_backup(shop, tmp_path / "backup", look=look)
    workers.kill()
    by_the_old = subjects(server)
    tell(f"{at_snapshot} letters before the backup, {by_the_old.total() - at_snapshot} after it")
    assert at_snapshot < PEOPLE

    def compare_and_settle(staged: Config) -> None:
        with psycopg.connect(database_url(staged)) as connection:
            assert [connection.execute(each).fetchall() for each in SAME] == seen  # type: ignore[call-overload]
        settle_in_process_of_its_own(staged)

    (tmp_path / "new").mkdir()
    empty = replace(settings.JOUREN, home=tmp_path / "new", database_url="")
    restore_backup(empty, tmp_path / "backup", compare_and_settle)
    assert sorted(path.name for path in empty.home.iterdir()) == ["postgres", "secret_key"]

    restored = Restored(empty.home, server.port)
    with restored.database.running(), restored.worker():
        assert wait_until(lambda: restored.query("SELECT count(*) FROM core_worker") == [(1,)], 120)
        time.sleep(2)
        assert subjects(server) == by_the_old
        restored.run("release-sends", "--yes")
        settle(restored.query)
        # Not one more of the first letters: what was due before the restore may have been sent.
        assert subjects(server) == by_the_old
        restored.run("clock", "advance", "25h")
        settle(restored.query)
        letters = restored.query(_LETTERS)
    got = subjects(server)
    assert [pair for pair, count in got.items() if count > 1] == []
    expected = {(address, "once") for address, _name in crowd.first_letters}
    assert {pair for pair in got if pair[1] != "first"} == expected
    firsts = {address: state for address, name, state in letters if name == "first"}
    assert len(firsts) == PEOPLE
    # Each first letter was sent by the old one, or is told to be withheld, or of unknown fate: nobody is forgotten.
    assert set(firsts.values()) <= {State.SENT, State.SUPPRESSED, State.UNKNOWN}
    assert {address for address, state in firsts.items() if state == State.SENT} <= {pair[0] for pair in by_the_old}
