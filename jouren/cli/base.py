"""What every command needs before it can do its work: settings, Django, the database, signals."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

import click
import django
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext as _

from jouren.core.config import Config, read_config
from jouren.core.database import EmbeddedDatabase
from jouren.core.errors import JourenError
from jouren.core.interpreter import collect_rarely
from jouren.core.upgrade import migrate_database

DEMO_HOME = Path(".jouren/demo")


class AlreadyUp(JourenError):
    """Another ``jouren up`` uses the data folder."""


def use_demo() -> None:
    """Take the demo's data folder, unless another is named, and let its clock be moved."""
    if not (os.environ.get("JOUREN_HOME") or os.environ.get("JOUREN_HOME_FILE")):
        os.environ["JOUREN_HOME"] = str(DEMO_HOME)
    os.environ["JOUREN_SANDBOX"] = "1"


def use_running_demo() -> None:
    """Where no installation is named and a demo runs here, a sandbox's command means that one."""
    named = any(os.environ.get(name) for name in ("JOUREN_HOME", "JOUREN_HOME_FILE", "JOUREN_SANDBOX", "DATABASE_URL"))
    if not named and _is_held(DEMO_HOME / "up.lock"):
        click.echo(f"({DEMO_HOME})", err=True)
        use_demo()


def start_django() -> Config:
    """Read the settings, load the rooms, speak the terminal's language.

    Raises:
        ConfigError: a setting has a value that cannot be used.
    """
    config = read_config()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jouren.settings")
    collect_rarely()
    django.setup()
    terminal = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    translation.activate("ja" if terminal.startswith("ja") else "en")
    return config


@contextmanager
def database(config: Config) -> Iterator[None]:
    """The database is up for the length of a ``with``: the embedded one is started if need be."""
    with EmbeddedDatabase(config.home).running() if config.uses_embedded_database else nullcontext():
        try:
            yield
        finally:
            connections.close_all()


def database_kept_up(config: Config, say: Callable[[str], None]) -> AbstractContextManager[None]:
    """The embedded database is started again when it ends by itself; a server of its own is for others to look after.

    ``say(why)`` is told of each end (with "") and of each start that failed.
    """
    return EmbeddedDatabase(config.home).kept_up(say) if config.uses_embedded_database else nullcontext()


@contextmanager
def only_one(config: Config) -> Iterator[None]:
    """Hold the data folder's ``up`` lock, which tells others the address. Raises :class:`AlreadyUp` when another
    process does.
    """
    with (config.home / "up.lock").open("a") as lock:
        if not _take(lock):
            raise AlreadyUp(f"Jouren already runs with the data folder {config.home}.")
        lock.truncate(0)
        lock.write(config.base_url)
        lock.flush()
        yield


def as_it_runs(config: Config) -> Config:
    """The settings with the address that a running ``jouren up`` chose, where the environment names none."""
    lock = config.home / "up.lock"
    if os.environ.get("JOUREN_BASE_URL") or os.environ.get("JOUREN_BASE_URL_FILE") or not _is_held(lock):
        return config
    return replace(config, base_url=lock.read_text("utf-8") or config.base_url)


def upgrade_database() -> list[str]:
    """Apply pending migrations, and tell so before: on a new database they take seconds. Returns their names."""
    return migrate_database(lambda: click.echo(_("The database is being set up for this version. One moment, please.")))


def leave() -> NoReturn:
    """End this process now. Everything is closed; to take apart what was loaded costs seconds on a busy machine."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def printable(text: str) -> str:
    """Without control characters: what others wrote may not drive the terminal it is read in."""
    return "".join(mark for mark in text if mark in "\n\t" or unicodedata.category(mark) != "Cc")


def end_on_signals() -> None:
    """SIGTERM and a closed terminal end the command by an exception: what was begun is undone on the way out, so that
    no database is left running. Ctrl-C does so by itself.
    """
    _on((signal.SIGTERM, signal.SIGHUP), _end)


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C, SIGTERM and a closed terminal set."""
    stop = threading.Event()
    _on((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), lambda _number, _frame: stop.set())
    return stop


def _on(signals: Iterable[signal.Signals], do: Callable[[int, FrameType | None], object]) -> None:
    for number in signals:
        # Who starts a command by nohup wants it to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, do)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def _take(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_held(path: Path) -> bool:
    try:
        with path.open("r") as lock:
            return not _take(lock)
    except OSError:
        return False
