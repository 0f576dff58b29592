"""The processes an installation is made of, one command each, and ``migrate``."""

from __future__ import annotations

import logging
import os
from typing import Any

import click
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from jouren.cli.base import database, leave, start_django, stop_on_signals
from jouren.core.config import read_config
from jouren.core.mailbox import serve_sink
from jouren.core.static import collect_static
from jouren.core.supervisor import hold_lifeline
from jouren.core.upgrade import migrate_database
from jouren.core.worker import Share, run_worker


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def web(host: str, port: int) -> None:
    """Serve pages and the back office."""
    if hold_lifeline():
        # 'jouren up' has seen to the database and the static files. This process only keeps those that serve, and does
        # without Django.
        _serve(host, port, read_config().web_processes)
        return
    config = start_django()
    with database(config):
        collect_static()
        _serve(host, port, config.web_processes)
    leave()


def _serve(host: str, port: int, processes: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "jouren.settings"
    options: dict[str, Any] = {
        "interface": Interfaces.WSGI,
        "workers": processes,
        # Each thread keeps a database connection.
        "blocking_threads": 8,
        "websockets": False,
        "respawn_failed_workers": True,
        "workers_kill_timeout": 15,
        "log_access": False,
        "log_level": LogLevels.error,
    }
    Server("jouren.wsgi:application", address=host, port=port, **options).serve()


@click.command()
@click.option(
    "--share",
    type=click.Choice([share.value for share in Share]),
    default=Share.ALL.value,
    show_default=True,
    help="Which part of the work: broadcasts (bulk), everything else (urgent), or all of it.",
)
def worker(share: str) -> None:
    """Work in the background: reactions, journeys, sending, jobs."""
    config = start_django()
    stop = stop_on_signals()
    # Under 'jouren up' the sink is a process of its own: a killed worker takes no mail with it.
    supervised = hold_lifeline()
    with database(config):
        run_worker(stop, share=Share(share), sink=not supervised)
    leave()


@click.command(hidden=True)
def sink() -> None:
    """Keep the mail that Jouren sends, instead of a relay."""
    # It needs no rooms and no database: without Django it is there at once, and small.
    config = read_config()
    logging.basicConfig(level=logging.INFO, format="{asctime} {levelname} {name}: {message}", style="{")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    stop = stop_on_signals()
    hold_lifeline()

    serve_sink(config, stop)
    leave()


@click.command()
def migrate() -> None:
    """Bring the database up to date."""
    config = start_django()
    with database(config):
        for name in migrate_database():
            click.echo(name)
