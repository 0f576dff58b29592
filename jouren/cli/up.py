"""``jouren up``: everything one installation needs, in one terminal."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from jouren.cli.base import (
    database,
    database_kept_up,
    leave,
    only_one,
    start_django,
    stop_on_signals,
    upgrade_database,
    use_demo,
)
from jouren.core.config import Config
from jouren.core.errors import JourenError
from jouren.core.owners import create_owner
from jouren.core.static import collect_static
from jouren.core.supervisor import Child, Supervisor
from jouren.core.worker import Share

DEMO_OWNER = "demo@example.jp"
_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to


class PortTaken(JourenError):
    """Something else listens where the web server should."""


@click.command()
@click.option("--demo", is_flag=True, help="With a small demo shop, in a sandbox and a data folder of its own.")
@click.option("--small", is_flag=True, help="The demo shop with two dozen people, without its year of 300.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def up(demo: bool, small: bool, host: str, port: int) -> None:
    """Run everything: database, web server, workers. One Ctrl-C stops all of it."""
    if demo or click.get_current_context().find_root().params.get("demo"):
        demo = True
        use_demo()
    local = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    if not os.environ.get("JOUREN_BASE_URL_FILE"):
        os.environ["JOUREN_BASE_URL"] = os.environ.get("JOUREN_BASE_URL") or f"http://{local}:{port}"
    config = start_django()
    with only_one(config):
        _refuse_taken(host, port)
        with database(config):
            _prepare(config)
            password = _load_demo(config, small=small) if demo else None
            stop = stop_on_signals()
            _announce_when_ready(config, f"http://{local}:{port}", password, stop)
            with database_kept_up(config, _database_teller()):
                Supervisor(_children(config, host, port), _say_crash).run(stop)
        click.echo(_("Jouren has stopped."))
    leave()


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(f"Cannot listen on {host}:{port} ({error.strerror}). Choose another: --port") from None


def _prepare(config: Config) -> None:
    applied = upgrade_database()
    if applied:
        click.echo(_("The database is up to date."))
    if collect_static():
        click.echo(_("The static files are collected."))
    config.mail_folder.mkdir(exist_ok=True)


def _load_demo(config: Config, *, small: bool) -> str:
    """The demo shop, and its owner with a password that is kept, so that every start prints the same."""
    # Not at the top: it imports models, which need Django to be set up.
    from jouren.backoffice.demo import load_demo

    kept = config.home / "demo_password"
    if not kept.exists():
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    password = kept.read_text(encoding="ascii")
    create_owner(DEMO_OWNER, password, replace_password=True)
    load_demo(small=small)
    return password


def _children(config: Config, host: str, port: int) -> list[Child]:
    """All that runs. What the others send to ends after them."""
    jouren = [sys.executable, "-m", "jouren"]
    shares = (
        [Share.URGENT] + [Share.BULK] * (config.worker_processes - 1) if config.worker_processes > 1 else [Share.ALL]
    )
    workers = [
        Child(f"worker {number}", [*jouren, "worker", "--share", share.value])
        for number, share in enumerate(shares, start=1)
    ]
    sink = [Child("sink", [*jouren, "sink"], ends_last=True)] if config.email is None else []
    return [Child("web", [*jouren, "web", "--host", host, "--port", str(port)]), *workers, *sink]


def _own_name() -> str:
    """How this command was called, to call it again."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return "python -m jouren"
    return min(os.path.relpath(called), str(called.absolute()), key=len)


def _say_crash(name: str, code: int, pause: float) -> None:
    click.echo(
        _("The process %(name)s ended by itself (code %(code)s). It is started again in %(pause)s s.")
        % {"name": name, "code": code, "pause": pause},
        err=True,
    )


def _database_teller() -> Callable[[str], None]:
    # A new thread speaks the default language until told otherwise.
    language = translation.get_language() or "en"

    def tell(failure: str) -> None:
        with translation.override(language):
            ended, failed = (
                _("The database ended. It is started again."),
                _("The database could not be started: %(reason)s"),
            )
        click.echo(failed % {"reason": failure} if failure else ended, err=True)

    return tell


def _announce_when_ready(config: Config, local_url: str, password: str | None, stop: threading.Event) -> None:
    # A new thread speaks the default language until told otherwise.
    language = translation.get_language() or "en"

    def announce() -> None:
        while not stop.is_set():
            if _answers(f"{local_url}/healthz"):
                with translation.override(language):
                    click.echo(_welcome(config, password))
                return
            time.sleep(0.1)

    threading.Thread(target=announce, name="announce", daemon=True).start()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _welcome(config: Config, password: str | None) -> str:
    url = f"{config.base_url}/admin/"
    try:
        first_url = _first_url(config)
    finally:
        connection.close()
    if password is not None:
        login = _("Log in as %(user)s with the password %(password)s") % {"user": DEMO_OWNER, "password": password}
    elif not first_url:
        login = _("Log in with your account.")
    else:
        login = "\n".join(
            [
                _("There is no account yet. Make the owner's account in the browser, with this address:"),
                first_url,
                _("It works once, and only until Jouren is started again. Or, in another terminal: %(command)s")
                % {"command": f"{_own_name()} createowner"},
            ]
        )
    return "\n".join(["", _("Jouren is ready: %(url)s") % {"url": url}, login, _("Ctrl-C stops it."), ""])


def _first_url(config: Config) -> str:
    """Where the first account is made, with a new key; empty when there is an owner."""
    # Not at the top: it imports models, which need Django to be set up.
    from jouren.core.first_key import forget_first_key, has_owner, make_first_key

    if has_owner():
        forget_first_key()
        return ""
    return f"{config.base_url}/admin/first/?key={make_first_key()}"
