"""The product as its users start it: ``jouren up --demo`` in processes of its own, with a data folder of its own.

The first start makes a database, collects the static files and loads the demo shop. That is done once for all processes
of a test run, and so is a shop without anything in it; every module that asks for an installation gets a copy. Without
``DATABASE_URL`` each has an embedded PostgreSQL of its own, with it a database of its own on that server.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from jouren.core.database import EmbeddedDatabase, is_last
from jouren.core.loops import wait_until

ROOT = Path(__file__).parents[1]
JOUREN = Path(sys.executable).with_name("jouren")
SERVER = os.environ.get("DATABASE_URL", "")
PATIENCE = 300.0
OWNER = "demo@example.jp"
_OURS = ("JOUREN_", "DATABASE_", "DJANGO_", "LC_", "LANG")
# Runs pieces of code, a line of JSON each, one after the other, and answers each with what it printed or why it failed.
_INSIDE = """
import contextlib, io, json, os, sys, traceback
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "jouren.settings"
django.setup()
from django.db import connections
for line in sys.stdin:
    code, *sys.argv[1:] = json.loads(line)
    said, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(said):
            exec(code, {"__name__": "inside"})
    except BaseException:
        error = traceback.format_exc()
    connections.close_all()
    print(json.dumps([said.getvalue(), error]), flush=True)
"""
_ADVANCE = """
import sys
from jouren.core import clock
from jouren.core.durations import parse_duration
from jouren.core.hops import is_busy
from jouren.core.loops import wait_until
clock.advance(parse_duration(sys.argv[1]))
assert wait_until(lambda: clock.target() is None and not is_busy(), 300)
clock.forget()
"""


class Installation:
    """One data folder, and what runs in it. ``settings`` are ``JOUREN_…`` variables without that beginning."""

    def __init__(self, home: Path, database_url: str, **settings: object) -> None:
        self.home = home
        self.database_url = database_url
        self.port = _free_port()
        self.log = home.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        self._inside: subprocess.Popen[str] | None = None
        self.is_demo = True
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        self.env = {
            **kept,
            "JOUREN_HOME": str(home),
            "JOUREN_SANDBOX": "1",
            "JOUREN_WEB_PROCESSES": "1",
            "JOUREN_WORKER_PROCESSES": "1",
            "LC_ALL": "C.UTF-8",
            **({"DATABASE_URL": database_url} if SERVER else {}),
            **{f"JOUREN_{name.upper()}": str(value) for name, value in settings.items()},
        }

    @property
    def url(self) -> str:
        """Where it is reached, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """The owner's, as ``jouren up --demo`` printed it."""
        found = re.search(rf"{re.escape(OWNER)} with the password (\S+)", self.said())
        assert found is not None, self.said()
        return found[1]

    def up(self) -> None:
        """Start it, and wait until it says that it is ready."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(JOUREN), "up", *(["--demo", "--small"] if self.is_demo else []), "--port", str(self.port)],
                env=self.env,
                cwd=self.home.parent,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        process = self.process
        wait_until(lambda: "Ctrl-C stops it" in self.said() or process.poll() is not None, PATIENCE)
        assert "Ctrl-C stops it" in self.said(), self.said()
        # The web server may answer first, and a worker that still starts cannot sign off.
        wait_until(lambda: re.search(r"Worker \d+ runs\.", self.said()) is not None, PATIENCE)

    def down(self) -> None:
        """Stop it as Ctrl-C does, after which no worker may have to be killed."""
        if self._inside is not None:
            self._inside.communicate()
            self._inside = None
        if self.process is not None:
            workers = self.processes("jouren worker")
            self.process.send_signal(signal.SIGINT)
            assert self.process.wait(60) == 0, self.said()
            self.process = None
            for worker in workers:
                assert f"Worker {worker} has ended." in self.said(), self.said()

    def run(self, *arguments: str) -> str:
        """What a ``jouren`` command answers; it has to succeed."""
        done = subprocess.run(
            [str(JOUREN), *arguments], env=self.env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run_inside(self, code: str, *arguments: str) -> str:
        """What a piece of Python prints that runs with this installation's rooms loaded; it finds them in sys.argv.

        The rooms are loaded by the first one: until ``down`` they all run in one process.
        """
        if self._inside is None:
            command = [sys.executable, "-c", _INSIDE]
            pipe = subprocess.PIPE
            self._inside = subprocess.Popen(command, env=self.env, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        assert self._inside.stdin is not None
        assert self._inside.stdout is not None
        print(json.dumps([code, *arguments]), file=self._inside.stdin, flush=True)
        printed, error = json.loads(self._inside.stdout.readline())
        assert not error, error
        return str(printed)

    def advance(self, duration: str) -> None:
        """Move the clock, and let everything that is due on the way be done: ``jouren clock advance``, quicker."""
        self.run_inside(_ADVANCE, duration)

    def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        """The rows of a query in its database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement, parameters).fetchall()  # type: ignore[call-overload, no-any-return]

    def said(self) -> str:
        """Everything that its processes wrote to the terminal."""
        return self.log.read_text("utf-8")

    def processes(self, command: str) -> set[int]:
        """The ids of its processes whose command line holds ``command``."""
        found = set()
        for entry in Path("/proc").iterdir():
            try:
                environment = (entry / "environ").read_bytes()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if f"JOUREN_HOME={self.home}\0".encode() in environment and command in line:
                found.add(int(entry.name))
        return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Templates:
    """What other installations are copies of: stopped, and to be left so. ``new``: migrated only, with nobody in it."""

    new: Installation
    demo: Installation


@contextmanager
def first_start(test_run: str) -> Iterator[Templates]:
    """Both templates. All processes of a test run share them: the first makes them, the last takes them away."""
    # Not among pytest's own folders: a second run at the same time closes those to the embedded database's system user.
    with shared_folder(f"jouren-template-{test_run}", _take_away) as shared:
        with alone(shared):
            templates = _made(shared)
        yield templates


@contextmanager
def shared_folder(name: str, take_away: Callable[[Path], None]) -> Iterator[Path]:
    """A folder that processes share. The last one to leave calls ``take_away``, and the folder is gone."""
    shared = Path(tempfile.gettempdir()) / name
    shared.mkdir(mode=0o755, exist_ok=True)
    with (shared / "users").open("a") as users:
        with alone(shared):
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield shared
        finally:
            with alone(shared):
                if is_last(users):
                    take_away(shared)
                    shutil.rmtree(shared)


@contextmanager
def alone(shared: Path) -> Iterator[None]:
    """Let no other process of the run in."""
    with (shared / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made(shared: Path) -> Templates:
    new, demo = (_template(shared, name) for name in ("new", "demo"))
    new.is_demo = False
    done = shared / "done"
    if not done.exists():
        if SERVER:
            _administer("CREATE DATABASE {}", new.database_url)
        new.run("migrate")
        subprocess.run(["cp", "-a", str(new.home), str(demo.home)], check=True)
        if SERVER:
            _administer("CREATE DATABASE {} TEMPLATE {}", demo.database_url, new.database_url)
        try:
            demo.up()
        finally:
            demo.down()
        done.touch()
    return Templates(new, demo)


def _template(shared: Path, name: str) -> Installation:
    home, note = shared / name, shared / f"{name}_url"
    if not note.exists():
        note.write_text(_new_database_url() if SERVER else EmbeddedDatabase(home).url, "utf-8")
    return Installation(home, note.read_text("utf-8"))


def _take_away(shared: Path) -> None:
    if SERVER:
        for note in shared.glob("*_url"):
            _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", note.read_text("utf-8"))


@contextmanager
def copy_of(template: Installation, within: Path | None = None, **settings: object) -> Iterator[Installation]:
    """A running shop of one's own, taken down at the end. ``within``: the folder in which it has its own."""
    with _place(within) as (home, database_url):
        # With owners and modes: the embedded database belongs to a system user.
        subprocess.run(["cp", "-a", str(template.home), str(home)], check=True)
        if SERVER:
            _administer("CREATE DATABASE {} TEMPLATE {}", database_url, template.database_url)
        shop = Installation(home, database_url, **settings)
        shop.is_demo = template.is_demo
        try:
            shop.up()
            yield shop
        finally:
            shop.down()


@contextmanager
def _place(within: Path | None = None) -> Iterator[tuple[Path, str]]:
    """A data folder that is still to be made, and the URL of its database."""
    with tempfile.TemporaryDirectory(prefix="jouren-shop-", dir=within) as folder:
        # The embedded database's system user has to get there.
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        if not SERVER:
            yield home, EmbeddedDatabase(home).url
            return
        database_url = _new_database_url()
        try:
            yield home, database_url
        finally:
            _administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", database_url)


def _new_database_url() -> str:
    return urlsplit(SERVER)._replace(path=f"/jouren_shop_{uuid.uuid4().hex[:12]}").geturl()


def _administer(statement: str, *urls: str) -> None:
    names = [sql.Identifier(urlsplit(url).path.lstrip("/")) for url in urls]
    with psycopg.connect(make_conninfo(SERVER, dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*names))  # type: ignore[arg-type]
