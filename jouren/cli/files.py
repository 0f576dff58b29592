"""Journeys as files: out, in, and what such files may hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from jouren.cli.base import database, start_django
from jouren.core.errors import UserError

if TYPE_CHECKING:
    from jouren.files.importing import Imported

_FOLDER = click.Path(path_type=Path, file_okay=False)
_INSIDE = ("move", "finish", "move_all")


@click.group("export")
def export_group() -> None:
    """Write what you have made to files."""


@export_group.command("journeys")
@click.argument("folder", type=_FOLDER)
@click.option("--journey", "names", multiple=True, help="Only the journey of this name, with what it names.")
def export_command(folder: Path, names: tuple[str, ...]) -> None:
    """Write journeys, as their drafts stand, and what they send and ask to FOLDER: one YAML file each."""
    config = start_django()
    from jouren.files.exporting import export_journeys
    from jouren.files.folders import write_folder

    with database(config):
        files = export_journeys(_ids(names) if names else None)
    left = write_folder(files, folder)
    text = ngettext("Wrote %(count)s file to %(folder)s.", "Wrote %(count)s files to %(folder)s.", len(files))
    click.echo(text % {"count": len(files), "folder": folder})
    for name in left if not names else ():
        click.echo(_("%(file)s is of nothing that is here, or in use, any more.") % {"file": name})


def _ids(names: tuple[str, ...]) -> list[int]:
    from jouren.journeys.models import Journey

    ids: list[int] = []
    for name in names:
        found = list(Journey.objects.filter(name=name).values_list("pk", flat=True))
        if not found:
            raise UserError(_("There is no journey “%(name)s”.") % {"name": name})
        ids += found
    return ids


@click.group("import")
def import_group() -> None:
    """Take what stands in files."""


@import_group.command("journeys")
@click.argument("folder", type=_FOLDER)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@click.option("--publish", is_flag=True, help="Publish what is new or changed; else it becomes drafts.")
@click.option(
    "--inside",
    type=click.Choice(_INSIDE),
    default="move",
    show_default=True,
    help="With --publish: what becomes of the people inside.",
)
def import_command(folder: Path, yes: bool, dry_run: bool, publish: bool, inside: str) -> None:
    """Show what the files of FOLDER would change, and change it after a yes: all of it or nothing."""
    config = start_django()
    from jouren.backoffice.files.telling import tell_people
    from jouren.files.folders import read_folder
    from jouren.files.importing import import_files
    from jouren.journeys.models import Inside

    files = read_folder(folder)
    with database(config):
        chosen = Inside(inside)
        shown = import_files(files, act=False, publish=publish, inside=chosen, tell=tell_people)
        _show(shown)
        if dry_run or shown.is_idle:
            return
        if not yes:
            click.confirm(_("Do this?"), abort=True)
        import_files(
            files, act=True, publish=publish, inside=chosen, tell=tell_people, seen="" if yes else shown.digest
        )
    click.echo(pgettext("of a command", "Done."))


def _show(shown: Imported) -> None:
    from jouren.backoffice.files.telling import notes_of, state_label
    from jouren.files.importing import State

    for each in shown.documents:
        click.echo(f"{each.file}: {each.name}: {state_label(each.state)}")
        if each.state == State.CHANGED:
            click.echo("\n".join(f"  {line}" for line in each.diff))
    for note in notes_of(shown):
        click.echo(note, err=True)
    for published in shown.publishing:
        click.echo(_("%(file)s: is published") % {"file": published.file})
        for line in published.lines:
            click.echo(f"  {line}")
    if shown.is_idle:
        click.echo(_("Nothing changes."))


@click.command("schema")
@click.argument("folder", type=click.Choice(["journeys", "messages", "segments", "series"]))
def schema(folder: str) -> None:
    """Print the JSON Schema of the files of a folder, for editors that check and complete them."""
    start_django()
    from jouren.files.schemas import schema_text

    click.echo(schema_text(folder), nl=False)
