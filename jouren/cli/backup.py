"""Backups: made, restored, and what a restored installation held, released."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from jouren.cli.base import database, only_one, start_django, upgrade_database, use_running_demo
from jouren.core.config import Config
from jouren.core.database import MAJOR, EmbeddedDatabase
from jouren.core.errors import UserError

_FILE = click.Path(path_type=Path, dir_okay=False)
_WORD = "replace"
_NICENESS = 10


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--force", is_flag=True, help="Replace a file of that name.")
@click.option("--run", type=int, hidden=True)
def backup(file: Path | None, force: bool, run: int | None) -> None:
    """Write all of it to FILE: database, media, keys. It may be running meanwhile.

    The file holds people's data and the secret key: keep it as safe as the shop itself.
    """
    if (file is None) == (run is None):
        raise click.UsageError("Name the file.")
    if run is None:
        use_running_demo()
    config = start_django()
    from jouren.core.backup.making import make_backup
    from jouren.core.backup.runs import carry_out

    if run is not None:
        os.nice(_NICENESS)
        with database(config):
            carry_out(run, config)
        return
    assert file is not None
    with database(config), _progress() as say:
        made = make_backup(config, file, force=force, say=say)
    text = _("%(file)s: %(size)s MB, %(people)s people, as of %(moment)s. Its media folder was copied after that.")
    told = {
        "file": made.path,
        "size": _megabytes(made.size),
        "people": made.manifest.people,
        "moment": _local(made.manifest.taken_at),
    }
    click.echo(text % told)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--force", is_flag=True, help="Put an installation that is here aside, after you typed a word.")
def restore(file: Path, force: bool) -> None:
    """Restore FILE into an empty installation, and hold all sends until 'jouren release-sends'."""
    config = start_django()
    from jouren.core.backup.restoring import is_empty

    with _for_us_alone(config):
        if force and not is_empty(config):
            _ask_for_the_word(config)
        _restore(config, file, force=force)


@click.command("upgrade-database")
@click.option("--from", "file", type=_FILE, required=True, help="A backup that was made before the update.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
def upgrade_major(file: Path, yes: bool) -> None:
    """Take the embedded database to this Jouren's PostgreSQL, by way of a backup. The old folder is kept."""
    config = start_django()
    from jouren.core.backup.restoring import examine_backup

    if not config.uses_embedded_database:
        raise UserError(_("DATABASE_URL names a server of your own: upgrade it as its makers say."))
    embedded = EmbeddedDatabase(config.home)
    version = embedded.version()
    if version in {"", str(MAJOR)}:
        raise UserError(_("The database is of PostgreSQL %(version)s already.") % {"version": MAJOR})
    with _for_us_alone(config):
        manifest = examine_backup(file)
        used = datetime.fromtimestamp((embedded.data / "global" / "pg_control").stat().st_mtime, UTC)
        text = _("The backup is of %(backup)s; the database was last used at %(used)s. What came between is not in it.")
        click.echo(text % {"backup": _local(manifest.taken_at), "used": _local(used)})
        if not yes:
            click.confirm(_("Go on with this backup?"), abort=True)
        _restore(config, file, force=True)


@click.command("release-sends")
@click.option(
    "--overdue",
    type=click.Choice(["careful", "send", "withhold"]),
    default="careful",
    show_default=True,
    help="What was due before the restore: withhold marketing of it; send it; withhold all that is due by now.",
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
def release_sends_command(overdue: str, yes: bool) -> None:
    """Let messages and webhooks go again after a restore."""
    use_running_demo()
    config = start_django()
    from jouren.core.holding import release_sends
    from jouren.core.models import Overdue
    from jouren.messaging.releasing import count_held
    from jouren.webhooks.releasing import count_held_calls

    with database(config):
        held, calls = count_held(), count_held_calls()
        if held is None:
            raise UserError(_("Nothing is held: there is nothing to release."))
        click.echo(_("Marketing that was due before the restore: %(marketing)s") % {"marketing": held.marketing})
        click.echo(_("Confirmations and the like from before it: %(count)s") % {"count": held.transactional})
        click.echo(_("Due since the restore: %(count)s") % {"count": held.later})
        click.echo(_("Webhook calls from before it: %(count)s") % {"count": calls})
        if not yes:
            click.confirm(str(Overdue(overdue).label) + "?", abort=True)
        release_sends(Overdue(overdue))
        click.echo(_("Released. What may go, goes as soon as a worker runs."))


@click.command(hidden=True)
def settle() -> None:
    """Bring a restored database up to date, and work through what fell due since its backup."""
    config = start_django()
    from jouren.core.backup.settling import settle as live_again

    shown = [0.0]

    def say(moment: datetime) -> None:
        if sys.stderr.isatty() and moment.timestamp() - shown[0] > 3600:
            shown[0] = moment.timestamp()
            click.echo(f"\r{_local(moment)}  ", nl=False, err=True)

    with database(config):
        upgrade_database()
        live_again(say)


def _restore(config: Config, file: Path, *, force: bool) -> None:
    from jouren.core.backup.restoring import restore_backup, settle_in_process_of_its_own

    with _progress() as say:
        done = restore_backup(config, file, settle_in_process_of_its_own, force=force, say=say)
    text = ngettext(
        "Restored: %(count)s person, as of %(moment)s.",
        "Restored: %(count)s people, as of %(moment)s.",
        done.manifest.people,
    )
    click.echo(text % {"count": done.manifest.people, "moment": _local(done.manifest.taken_at)})
    if done.aside:
        click.echo(_("What was here before is kept in %(place)s.") % {"place": done.aside})
    click.echo(_("All sends are held. Start Jouren, look at it, and release them there, or by: jouren release-sends"))


@contextmanager
def _for_us_alone(config: Config) -> Iterator[None]:
    """Nothing of this installation runs. Raises UserError, AlreadyUp."""
    with only_one(config):
        if config.uses_embedded_database and EmbeddedDatabase(config.home).is_running():
            raise UserError(_("Something uses the database in %(home)s. Stop it first.") % {"home": config.home})
        yield


def _ask_for_the_word(config: Config) -> None:
    click.echo(
        _("There is an installation in %(home)s. It is put aside, and the backup takes its place.")
        % {"home": config.home}
    )
    if click.prompt(_("Type “%(word)s” to go on") % {"word": _WORD}) != _WORD:
        raise UserError(_("That was another word. Nothing was changed."))


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """A line that tells what is under way, where somebody looks on."""
    watched = sys.stderr.isatty()
    last = [0]

    def say(name: str, done: int) -> None:
        if watched and abs(done - last[0]) > 8 * 2**20:
            last[0] = done
            click.echo(f"\r{name[:60]:60} {_megabytes(done):>8} MB", nl=False, err=True)

    try:
        yield say
    finally:
        if watched and last[0]:
            click.echo(err=True)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f}"


def _local(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
