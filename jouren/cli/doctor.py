from __future__ import annotations

import sys

import click

from jouren.cli.base import as_it_runs, start_django

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "error": ("✗", "red")}


@click.command()
def doctor() -> None:
    """Say what is wrong, and how to mend it. The exit code is 1 when something is broken."""
    config = as_it_runs(start_django())
    from jouren.core.checkup import examine

    broken = False
    for finding in examine(config):
        mark, colour = _MARKS[finding.level]
        click.echo(f"{click.style(mark, fg=colour)} {finding.text}")
        if finding.mend:
            click.echo(f"    → {finding.mend}")
        broken = broken or finding.level == "error"
    sys.exit(1 if broken else 0)
