"""The backups that make themselves: a loop of the worker that has a folder for them, and what became of each.

The backup itself is made by a process of its own: it takes long, must hold up no other work, and ends with the worker.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override
from wagtail.log_actions import log

from jouren.core.backup.archive import read_manifest
from jouren.core.backup.making import PART, make_backup
from jouren.core.backup.schedule import LATE, last_time, moment_of, name_at, outdated
from jouren.core.config import Backups, Config
from jouren.core.errors import JourenError, UserError
from jouren.core.loops import Loop
from jouren.core.models import BackupRun

CHANNEL = "jouren_backup"
ASKED = "core.ask_backup"
_LOCK = 7_205_759_003
# Held by whoever makes one, for as long as they live.
_AT_WORK = 7_205_759_004
_KEPT_ROWS = 200
_AGAIN_AFTER = timedelta(minutes=30)
_START = timedelta(minutes=2)
"""So long the process that makes a backup may take to start."""


class CannotAsk(UserError):
    """No backup can be asked for now."""


def ask_for_backup(*, by: AbstractBaseUser | None = None) -> BackupRun:
    """Have a worker make a backup soon.

    Raises:
        CannotAsk: no folder is set, or one is asked for or being made already.
    """
    if settings.JOUREN.backups is None:
        raise CannotAsk(_("No folder for backups is set: JOUREN_BACKUP_DIR."))
    with transaction.atomic():
        _alone()
        if BackupRun.objects.filter(ended_at=None).exists():
            raise CannotAsk(_("A backup is being made already."))
        run = BackupRun.objects.create(asked_at=datetime.now(UTC), is_asked=True)
        log(instance=run, action=ASKED, user=by)
    return run


def claim(now: datetime, backups: Backups) -> int | None:
    """The id of the backup that is to be made now, by us alone; None when none is."""
    with transaction.atomic():
        _alone()
        running = BackupRun.objects.filter(ended_at=None).first()
        if running is not None and running.begun_at is None:
            BackupRun.objects.filter(pk=running.pk).update(begun_at=now)
            return running.pk
        if running is not None:
            if running.begun_at is not None and running.begun_at < now - _START and not _is_at_work():
                end(running.pk, error=_("It did not come to an end."))
            return None
        since = last_time(now, backups.at)
        tries = BackupRun.objects.filter(asked_at__gte=since, is_asked=False)
        if tries.filter(error="").exists() or tries.filter(asked_at__gte=now - _AGAIN_AFTER).exists():
            return None
        return BackupRun.objects.create(asked_at=now, begun_at=now).pk


def end(run_id: int, *, file: str = "", size: int = 0, error: str = "") -> None:
    """Write down what became of a backup, and forget those of long ago."""
    BackupRun.objects.filter(pk=run_id, ended_at=None).update(
        file=file, size=size, error=error.replace("\x00", "")[:500], ended_at=datetime.now(UTC)
    )
    newest = BackupRun.objects.order_by("-asked_at").values_list("pk", flat=True)[:_KEPT_ROWS]
    BackupRun.objects.exclude(pk__in=list(newest)).delete()


def carry_out(run_id: int, config: Config) -> None:
    """Make a claimed backup, look at it, and delete those that are not kept any longer."""
    # What goes wrong is read in the back office, later.
    with override(settings.LANGUAGE_CODE):
        _carry_out(run_id, config)


def _carry_out(run_id: int, config: Config) -> None:
    backups = config.backups
    if backups is None:
        end(run_id, error=_("No folder for backups is set: JOUREN_BACKUP_DIR."))
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_AT_WORK])
    try:
        # A disk that is not there must not be filled in its place: the folder is not made.
        if not backups.folder.is_dir():
            raise CannotAsk(_("The folder %(folder)s is not there.") % {"folder": backups.folder})
        clear_up(backups.folder)
        made = make_backup(config, backups.folder / name_at(datetime.now(UTC)))
        read_manifest(made.path)
    except (JourenError, OSError) as error:
        end(run_id, error=str(error))
        raise
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_AT_WORK])
    end(run_id, file=made.path.name, size=made.size)
    for name in outdated((path.name for path in backups.folder.iterdir()), backups.days, backups.weeks):
        with suppress(OSError):
            (backups.folder / name).unlink()


def clear_up(folder: Path) -> None:
    """Delete what a backup that was cut off left behind."""
    for path in folder.glob(f"jouren-*.backup.*{PART}"):
        if moment_of(path.name.split(".backup.")[0] + ".backup") is not None:
            with suppress(OSError):
                path.unlink()


def _is_at_work() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_AT_WORK])
        return not cursor.fetchone()[0]


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@dataclass(frozen=True)
class Standing:
    """How backups stand. ``last``: the newest that was made; ``trouble``: the newest try's error, where it failed."""

    is_set: bool
    last: BackupRun | None
    trouble: str
    is_late: bool


def standing(backups: Backups | None) -> Standing:
    """Whether backups are made as they should be."""
    now = datetime.now(UTC)
    ended = BackupRun.objects.exclude(ended_at=None).exclude(error="restored").order_by("-asked_at")
    newest = ended.first()
    last = ended.filter(error="").first()
    late = False
    if backups is not None:
        due = last_time(now - LATE, backups.at)
        late = not (last and last.asked_at >= due) and BackupRun.objects.filter(asked_at__lt=due).exists()
    return Standing(backups is not None, last, newest.error if newest else "", late)


class BackupLoop:
    """Starts the process that makes a backup when one is due, and looks after it. Belongs to one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._run_id = 0

    def tick(self) -> bool:
        """One look. There is never more to do at once."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return False
            self._process = None
            if code:
                # It says itself why it failed, unless it was killed.
                end(self._run_id, error=_("It was cut off (code %(code)s).") % {"code": code})
        backups = settings.JOUREN.backups
        if backups is None:
            return False
        run_id = claim(datetime.now(UTC), backups)
        if run_id is not None:
            self._run_id = run_id
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jouren", "backup", "--run", str(run_id)], stdin=subprocess.DEVNULL
            )
        return False

    def close(self) -> None:
        """End what is being made: the next worker makes another one."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            end(self._run_id, error=_("It was cut off, because Jouren was stopped."))
            self._process = None


def make_loop() -> Loop:
    """The loop that every worker runs."""
    loop = BackupLoop()
    return Loop("backups", CHANNEL, loop.tick, poll_seconds=5.0, close=loop.close)
