"""Making a backup, while everything runs or while nothing does."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import psycopg
from django.utils.translation import gettext as _

from jouren import __version__
from jouren.core.backup.archive import DUMP, KEY, MANIFEST, MEDIA, BackupWriter, Manifest, Say
from jouren.core.backup.postgres import Tools, database_url
from jouren.core.config import Config
from jouren.core.errors import UserError

PART = ".part"
# What shares the database with us, and what restores have put aside.
_FOREIGN = (
    "SELECT nspname FROM pg_namespace"
    " WHERE nspname <> 'public' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'"
)
Look = Callable[[psycopg.Connection[Any]], object]


class BackupFailed(UserError):
    """No backup was made; nothing half done is left."""


@dataclass(frozen=True)
class Made:
    """A backup that stands in its file."""

    path: Path
    size: int
    manifest: Manifest


def make_backup(
    config: Config,
    path: Path,
    *,
    force: bool = False,
    say: Say = lambda name, done: None,
    look: Look = lambda connection: None,
) -> Made:
    """Write all of an installation into ``path``: the database of one moment, and after it the media folder.

    Files of the media folder are only ever added, so whatever the database names is among them, but for what is deleted
    in these minutes. ``look`` gets the transaction that sees what the dump holds.

    Raises:
        BackupFailed: the file exists (without ``force``), cannot be written, the disk is full, the database is away.
        ToolTrouble: ``pg_dump`` is missing or failed.
    """
    path = path.absolute()
    if path.exists() and not force:
        raise BackupFailed(_("%(file)s exists. Name another file, or add --force.") % {"file": path})
    try:
        with _draft(path) as file:
            manifest = _write(config, BackupWriter(file), say, look)
    except OSError as error:
        raise BackupFailed(
            _("The backup %(file)s cannot be written: %(reason)s. Nothing of it is left.")
            % {"file": path, "reason": error.strerror or str(error)}
        ) from error
    except psycopg.Error as error:
        raise BackupFailed(
            _("The database cannot be read: %(reason)s") % {"reason": str(error).strip().split("\n")[0]}
        ) from error
    return Made(path, path.stat().st_size, manifest)


@contextmanager
def _draft(path: Path) -> Iterator[BinaryIO]:
    """A file beside ``path``, for its owner's eyes only, that takes its place once all is on the disk."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(config: Config, writer: BackupWriter, say: Say, look: Look) -> Manifest:
    conninfo = database_url(config)
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        snapshot, manifest = _describe(connection)
        look(connection)
        writer.add_bytes(MANIFEST, manifest.to_json())
        done = 0
        with writer.part(DUMP) as write:

            def take(chunk: bytes) -> None:
                nonlocal done
                write(chunk)
                done += len(chunk)
                say(DUMP, done)

            foreign = [name for (name,) in connection.execute(_FOREIGN).fetchall()]
            Tools(conninfo, manifest.postgres // 10_000).dump(snapshot, foreign, take)
    writer.add_bytes(KEY, config.secret_key.encode())
    for name, file in _media(config.home / "media"):
        # What is deleted while we walk is not missed: the database does not name it any more.
        with suppress(FileNotFoundError):
            writer.add_file(name, file)
            say(name, 0)
    writer.finish()
    return manifest


def _describe(connection: psycopg.Connection[Any]) -> tuple[str, Manifest]:
    """Take a snapshot that others can see by its name, and count what is in it."""
    row = connection.execute("SELECT pg_export_snapshot(), clock_timestamp()").fetchone()
    assert row is not None
    snapshot, taken_at = row
    if connection.execute("SELECT to_regclass('core_restore') IS NULL").fetchone() == (True,):
        raise BackupFailed(_("The database is empty, or of an older version. Run: jouren migrate"))
    names = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY id").fetchall()
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM contacts_contact WHERE erased_at IS NULL),"
        " (SELECT count(*) FROM journeys_enrolment WHERE state = 1)"
    ).fetchone()
    assert counts is not None
    taken: datetime = taken_at.astimezone(UTC)
    migrations = tuple(name for (name,) in names)
    return snapshot, Manifest(__version__, taken, connection.info.server_version, migrations, *counts)


def _media(folder: Path) -> Iterator[tuple[str, Path]]:
    """All files of the media folder, with their names in the backup. Links are left out: they lead elsewhere."""
    for root, _folders, files in os.walk(folder):
        for file in files:
            path = Path(root) / file
            if path.is_file() and not path.is_symlink():
                yield MEDIA + path.relative_to(folder).as_posix(), path
