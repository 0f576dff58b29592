from __future__ import annotations

import sys

import click

from jouren import __version__
from jouren.cli.backup import backup, release_sends_command, restore, settle, upgrade_major
from jouren.cli.base import end_on_signals, use_demo
from jouren.cli.clock import clock
from jouren.cli.doctor import doctor
from jouren.cli.files import export_group, import_group, schema
from jouren.cli.mail import mail
from jouren.cli.owner import createowner
from jouren.cli.processes import migrate, sink, web, worker
from jouren.cli.recompute import recompute_stages
from jouren.cli.up import up
from jouren.cli.why import why
from jouren.core.errors import ConfigError, JourenError

_BAD_SETTING = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jouren")
@click.option("--demo", is_flag=True, help="Use the demo shop's data folder.")
def cli(demo: bool) -> None:
    """Jouren turns strangers into regulars. Settings come from the environment: see docs/settings.md."""
    if demo:
        use_demo()


for command in (
    up,
    web,
    worker,
    migrate,
    createowner,
    doctor,
    clock,
    mail,
    sink,
    export_group,
    import_group,
    schema,
    why,
    recompute_stages,
    backup,
    restore,
    release_sends_command,
    upgrade_major,
    settle,
):
    cli.add_command(command)


def main() -> None:
    """Run the command; an error made on purpose is a message, not a traceback."""
    end_on_signals()
    try:
        cli()
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(_BAD_SETTING)
    except JourenError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
