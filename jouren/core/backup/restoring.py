"""Restoring a backup: all of it or nothing, with all sends held from the first moment.

An embedded database is restored into a fresh cluster in a folder beside the old one, is brought up to this version and
settled there, and takes its place by renaming. On a server of the host's own everything, the hold too, comes in one
transaction. What was there before is put aside, never deleted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _
from psycopg import sql

from jouren import __version__
from jouren.core.backup.archive import DUMP, KEY, BadBackup, Manifest, Say, check_backup, unpack
from jouren.core.backup.postgres import Tools, database_url, server_version
from jouren.core.config import Config
from jouren.core.database import EmbeddedDatabase
from jouren.core.errors import UserError
from jouren.core.worker import ALIVE_SECONDS

_MEDIA = "media"
Settle = Callable[[Config], None]


class CannotRestore(UserError):
    """Nothing was restored, and nothing that was there is changed."""


class NotEmpty(CannotRestore):
    """There is an installation already."""


@dataclass(frozen=True)
class Restored:
    """What was restored. ``aside``: where that lies which was there before; None when nothing was."""

    manifest: Manifest
    aside: str | None


def examine_backup(path: Path, say: Say = lambda name, done: None) -> Manifest:
    """Read all of a backup, and see that this Jouren can use it. Raises BadBackup."""
    manifest = check_backup(path, say)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    known |= {f"{app}.{name}" for each in loader.disk_migrations.values() for app, name in each.replaces}
    unknown = [name for name in manifest.migrations if name not in known]
    if unknown or _numbers(manifest.jouren) > _numbers(__version__):
        raise BadBackup(
            _("This backup was made by a newer Jouren (%(version)s; this is %(own)s). Install that version first.")
            % {"version": manifest.jouren, "own": __version__}
        )
    return manifest


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isascii() and part.isdigit()]


def is_empty(config: Config) -> bool:
    """Whether there is nothing here that a restore would put aside."""
    if any((config.home / _MEDIA).rglob("*")):
        return False
    if config.uses_embedded_database:
        return not EmbeddedDatabase(config.home).version()
    with psycopg.connect(database_url(config)) as connection:
        found = connection.execute("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')").fetchone()
    return found == (False,)


def restore_backup(
    config: Config, path: Path, settle: Settle, *, force: bool = False, say: Say = lambda name, done: None
) -> Restored:
    """Put a backup in the place of what is here.

    ``settle`` brings a database up to date and works through what fell due since.
    Nothing of the product may be running here; the caller sees to that.

    Raises:
        BadBackup: the file is no whole backup, or of a newer version.
        CannotRestore: there is something here already (without ``force``), or the keys do not fit.
        ToolTrouble, OSError: PostgreSQL's tools or the disk failed.
    """
    if not force and not is_empty(config):
        raise NotEmpty(
            _("There is an installation here already (%(home)s). Restore into an empty one, or add --force.")
            % {"home": config.home}
        )
    media = config.home / _MEDIA
    if media.is_symlink() or media.is_mount():
        raise CannotRestore(
            _("%(folder)s leads to another disk. Take it away for the restore, and copy the restored files there.")
            % {"folder": media}
        )
    manifest = examine_backup(path, say)
    stamp = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    with _staging(config.home, stamp) as staging:
        unpack(path, staging, say)
        key = (staging / KEY).read_text("ascii")
        given = os.environ.get("JOUREN_SECRET_KEY") or os.environ.get("JOUREN_SECRET_KEY_FILE")
        if given and config.secret_key != key:
            raise CannotRestore(
                _(
                    "JOUREN_SECRET_KEY is another one than the backup's: links in sent mail would not work, nor "
                    "webhooks. Unset it (the backup holds the key), or set the one of the old installation."
                )
            )
        restored = replace(config, secret_key=key)
        if config.uses_embedded_database:
            _restore_embedded(replace(restored, home=staging), manifest, settle)
            aside = _swap(config.home, staging, stamp, ("postgres", _MEDIA, KEY))
        else:
            schema = _restore_on_server(config, staging, manifest, stamp)
            aside = _swap(config.home, staging, stamp, (_MEDIA, KEY)) or schema
            settle(restored)
    return Restored(manifest, aside)


@contextmanager
def _staging(home: Path, stamp: str) -> Iterator[Path]:
    """A folder in the data folder, so that its parts can be renamed into their places; gone at the end."""
    folder = home / f"restoring-{stamp}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _restore_embedded(staged: Config, manifest: Manifest, settle: Settle) -> None:
    database = EmbeddedDatabase(staged.home)
    with database.running():
        _load(staged, staged.home / DUMP, manifest)
        settle(staged)
    shutil.rmtree(database.socket_folder, ignore_errors=True)


def _restore_on_server(config: Config, staging: Path, manifest: Manifest, stamp: str) -> str | None:
    with psycopg.connect(database_url(config)) as connection:
        has_tables = connection.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL").fetchone()
        has_workers = connection.execute("SELECT to_regclass('public.core_worker') IS NOT NULL").fetchone()
        if has_workers == (True,):
            alive = connection.execute(
                "SELECT count(*) FROM core_worker WHERE seen_at > clock_timestamp() - make_interval(secs => %s)",
                [ALIVE_SECONDS],
            ).fetchone()
            if alive and alive[0]:
                raise CannotRestore(_("Workers run on this database. Stop all of Jouren, on all machines, first."))
    schema = f"before_restore_{stamp}" if has_tables == (True,) else None
    before = f"ALTER SCHEMA public RENAME TO {schema}; CREATE SCHEMA public;" if schema else ""
    _load(config, staging / DUMP, manifest, before)
    return schema


def _load(config: Config, dump: Path, manifest: Manifest, before: str = "") -> None:
    conninfo = database_url(config)
    version = server_version(conninfo)
    if version // 10_000 < manifest.postgres // 10_000 and not config.uses_embedded_database:
        raise CannotRestore(
            _("The backup is of PostgreSQL %(of)s, and this server is PostgreSQL %(here)s. Use %(of)s or later.")
            % {"of": manifest.postgres // 10_000, "here": version // 10_000}
        )
    Tools(conninfo, version // 10_000).load(dump, before, _hold(manifest, is_sandbox=config.sandbox))
    dump.unlink()


def _hold(manifest: Manifest, *, is_sandbox: bool) -> str:
    """What holds all sends, in the transaction that brings the data: nothing can start without seeing it."""
    ahead = sql.SQL("make_interval(secs => coalesce((SELECT offset_seconds FROM public.core_clock), 0))")
    statement = sql.SQL(
        "UPDATE public.core_restore SET released_at = clock_timestamp() WHERE released_at IS NULL;\n"
        "INSERT INTO public.core_restore (taken_at, restored_at)\n"
        "SELECT {taken_at}::timestamptz + ahead, clock_timestamp() + ahead FROM (SELECT {ahead}) AS clock (ahead);\n"
        "DELETE FROM public.core_worker;\n"
        "UPDATE public.core_backup_run SET ended_at = clock_timestamp(), error = 'restored' WHERE ended_at IS NULL;\n"
    )
    filled = statement.format(
        taken_at=sql.Literal(manifest.taken_at.isoformat()), ahead=ahead if is_sandbox else sql.SQL("interval '0'")
    )
    return filled.as_string(None)


def _swap(home: Path, staging: Path, stamp: str, names: tuple[str, ...]) -> str | None:
    """Put what was restored in its place, and what was there aside. Returns the folder of the latter."""
    aside = home / f"before-restore-{stamp}"
    for name in names:
        place, new = home / name, staging / name
        if place.exists():
            aside.mkdir(mode=0o700, exist_ok=True)
            place.rename(aside / name)
        if new.exists():
            new.rename(place)
    return str(aside) if aside.exists() else None


def settle_in_process_of_its_own(config: Config) -> None:
    """Migrate and settle a database by another process: this one has the settings of another place.

    Raises:
        CannotRestore: it failed.
    """
    environment: dict[str, Any] = {
        name: value for name, value in os.environ.items() if name not in {"JOUREN_HOME_FILE", "JOUREN_LIFELINE"}
    }
    environment |= {"JOUREN_HOME": str(config.home)}
    done = subprocess.run(
        [sys.executable, "-m", "jouren", "settle"], env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise CannotRestore(
            _("What fell due since the backup could not be worked through: %(reason)s")
            % {"reason": done.stderr[-2_000:]}
        )
