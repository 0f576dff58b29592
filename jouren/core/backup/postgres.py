"""PostgreSQL's own tools, as backups use them: ``pg_dump``, ``pg_restore``, ``psql``.

The embedded PostgreSQL's are used, where the server is no newer than they are; else the system's. A password reaches
them by the environment, never by the command line, which others on the machine can read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from django.utils.translation import gettext as _
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from jouren.core.config import Config
from jouren.core.database import DatabaseError, EmbeddedDatabase, binaries
from jouren.core.errors import UserError

_CHUNK = 2**20
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
# Written by newer tools, and unknown to older servers: (the line, the first version that knows it).
_NEWER_SETTINGS = {b"SET transaction_timeout = 0;\n": 17}
_HEADER_LINES = 60
# What a server notes of a column for itself since the releases of November 2026, and older tools take for its option.
_OWN_NOTE = re.compile(rb"ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \(pg_attver=\d+\);\n")
_EXCLUDES_EXTENSIONS = 17


class ToolTrouble(UserError):
    """A tool of PostgreSQL's is missing or failed."""


def database_url(config: Config) -> str:
    """Where an installation's database is, in the form that PostgreSQL's own tools understand."""
    parts = urlsplit(config.database_url or EmbeddedDatabase(config.home).url)
    # What only Jouren reads from the URL is unknown to them.
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "prepare_threshold"]
    return make_conninfo(parts._replace(query=urlencode(kept)).geturl())


class Tools:
    """The tools that fit a server of that major version."""

    def __init__(self, conninfo: str, server: int) -> None:
        self._conninfo, self._server = conninfo, server
        self._folder = _folder_for(server)

    def dump(self, snapshot: str, foreign: Iterable[str], write: Callable[[bytes], None]) -> None:
        """Give the database, as it stands in a snapshot that is open elsewhere, to ``write``, bit by bit.

        ``foreign`` are the names of schemas that are none of ours.
        """
        options = ["--format=custom", "--compress=3", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        options += [
            *(f'--exclude-schema="{name}"' for name in foreign),
            "--no-publications",
            "--no-subscriptions",
            "--no-comments",
        ]
        if _major(self._folder) >= _EXCLUDES_EXTENSIONS:
            options.append("--exclude-extension=*")
        with self._run("pg_dump", *options, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            while chunk := process.stdout.read(_CHUNK):
                write(chunk)

    def load(self, dump: Path, before: str, after: str) -> None:
        """Run ``before``, all of a dump, and ``after``, in one transaction: all of it is there, or nothing."""
        # A list of the dump's own parts is made first: what cannot be read changes nothing.
        with self._run("pg_restore", "--list", str(dump), stdout=subprocess.DEVNULL, connects=False):
            pass
        alone = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
        script = ["--no-owner", "--no-privileges", "--file=-", str(dump)]
        with (
            self._run("pg_restore", *script, stdout=subprocess.PIPE, connects=False) as source,
            # The inner one: when it fails, its reason is the one that is told.
            self._run("psql", *alone, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as psql,
        ):
            assert psql.stdin is not None
            assert source.stdout is not None
            with suppress(BrokenPipeError):
                # Not psql's own --single-transaction: it commits what it has when we die, and its input ends.
                psql.stdin.write(f"BEGIN;\n{before}\n".encode())
                for line in portable(source.stdout, self._server):
                    psql.stdin.write(line)
                if source.wait():
                    raise ToolTrouble(_("The backup's database cannot be read to its end."))
                psql.stdin.write(f"\n{after}\nCOMMIT;\n".encode())
                psql.stdin.close()

    @contextmanager
    def _run(
        self, program: str, *arguments: str, connects: bool = True, **streams: Any
    ) -> Iterator[subprocess.Popen[bytes]]:
        parts = conninfo_to_dict(self._conninfo)
        password = parts.pop("password", None)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        if password is not None:
            environment["PGPASSWORD"] = str(password)
        where = [f"--dbname={make_conninfo('', **parts)}"] if connects else []
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [str(self._folder / program), *where, *arguments],
                env=environment,
                stderr=errors,
                **{"stdin": subprocess.DEVNULL, **streams},
            )
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                for stream in (process.stdin, process.stdout):
                    _close(stream)
                code = process.wait()
            if code:
                errors.seek(0)
                told = errors.read(4_000).decode(errors="replace").strip() or f"code {code}"
                raise ToolTrouble(_("%(program)s failed: %(reason)s") % {"program": program, "reason": told})


def portable(script: Iterable[bytes], server: int) -> Iterator[bytes]:
    """The lines of a restoring script without what only the server it comes from, or a newer one, understands.

    ``server``: the major version that reads it. Rows stay as they are, whatever they look like.
    """
    in_rows = False
    for number, line in enumerate(script):
        if in_rows:
            in_rows = line != b"\\.\n"
        elif number < _HEADER_LINES and _NEWER_SETTINGS.get(line, 0) > server:
            continue
        elif line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            in_rows = True
        elif _OWN_NOTE.fullmatch(line):
            continue
        yield line


def _close(stream: IO[bytes] | None) -> None:
    if stream is not None and not stream.closed:
        with suppress(BrokenPipeError):
            stream.close()


def server_version(conninfo: str) -> int:
    """The server's version number, such as 180001. Raises psycopg.Error."""
    with psycopg.connect(conninfo) as connection:
        return connection.info.server_version


def _folder_for(server: int) -> Path:
    """The folder of tools that can read this server. Raises ToolTrouble."""
    folders = []
    with suppress(DatabaseError):
        folders.append(binaries())
    if (found := shutil.which("pg_dump")) is not None:
        folders.append(Path(found).parent)
    for folder in folders:
        if _major(folder) >= server and (folder / "psql").exists() and (folder / "pg_restore").exists():
            return folder
    raise ToolTrouble(
        _(
            "There is no pg_dump here for PostgreSQL %(version)s. Install that version's client programs "
            "(Debian: apt install postgresql-client-%(version)s)."
        )
        % {"version": server}
    )


def _major(folder: Path) -> int:
    try:
        told = subprocess.run(
            [str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = _VERSION.search(told)
    return int(found[1]) if found else 0
