"""Settings from the environment, read once and checked at start.

Each setting may also come from a file: ``JOUREN_SECRET_KEY_FILE=/run/secrets/key``.
``docs/settings.md`` is the table of all of them; a test keeps it equal to :data:`SETTINGS`.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from difflib import get_close_matches
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

from jouren.core.errors import ConfigError

_SHORTEST_SECRET = 32
# What ``createowner`` reads, and what the benchmarks and the supervisor do: they have no form by file.
_OF_COMMANDS = ("JOUREN_OWNER_EMAIL", "JOUREN_OWNER_PASSWORD", "JOUREN_BENCH_HOME", "JOUREN_LIFELINE")
_HOST = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:.]+$")
_TIME = re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
_ADDRESS = re.compile(r"^[^@\s<>]+@[A-Za-z0-9.-]+\.?[A-Za-z0-9-]+$")


@dataclass(frozen=True)
class Setting:
    """One setting as its users see it: ``form`` says what a value looks like, ``example`` is one."""

    name: str
    form: str
    example: str
    default: str
    meaning: str


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        Setting(
            "JOUREN_HOME",
            "a folder that can be written",
            "/var/lib/jouren",
            "`.jouren` in the working folder",
            "Data folder: embedded database, media, mail sink, secret key",
        ),
        Setting(
            "DATABASE_URL",
            "postgresql://user:password@host:port/name",
            "postgresql://jouren:secret@db.example.jp:5432/jouren",
            "the embedded PostgreSQL",
            "A PostgreSQL server of your own, version 15 or later",
        ),
        Setting(
            "JOUREN_BASE_URL",
            "https://host",
            "https://mail.example.jp",
            "`http://127.0.0.1:8000`",
            "Where visitors and mail readers reach this installation; links in mail start with it",
        ),
        Setting(
            "JOUREN_EMAIL_URL",
            "smtp://user:password@host:port (smtp+tls:// for STARTTLS, smtps:// for TLS from the start)",
            "smtp+tls://shop:secret@mail.example.jp:587",
            "the local mail sink",
            "The relay that mail is handed to; unset, mail stays in the local sink and leaves nothing",
        ),
        Setting(
            "JOUREN_REPLIES_URL",
            "imaps://user:password@host:port/folder (imap+tls:// for STARTTLS, imap:// without encryption)",
            "imaps://shop%40example.jp:secret@imap.example.jp/INBOX",
            "replies are not counted",
            "The mailbox that replies come to. It is only looked at: no mail in it is changed or marked as read",
        ),
        Setting(
            "JOUREN_MAIL_FROM",
            "Name <address>, or an address",
            "山田商店 <shop@example.jp>",
            "`Jouren <noreply@…>` at the base URL's host",
            "The sender of mail, where a message names no other",
        ),
        Setting(
            "JOUREN_SECRET_KEY",
            f"at least {_SHORTEST_SECRET} characters",
            "the output of: openssl rand -base64 48",
            "made once and kept in the data folder",
            "Signs links, sessions, tokens and webhooks. Changing it ends all of them",
        ),
        Setting(
            "JOUREN_SANDBOX",
            "1 or 0",
            "1",
            "`0`",
            "A place to try things: the clock can be moved forward. Never for a real shop",
        ),
        Setting(
            "JOUREN_DEBUG", "1 or 0", "1", "`0`", "Error pages with details, for developers. Never for a real shop"
        ),
        Setting(
            "JOUREN_WEB_PROCESSES",
            "a whole number from 1 to 64",
            "2",
            "one a core, at most 2",
            "Processes of the web server",
        ),
        Setting(
            "JOUREN_WORKER_PROCESSES",
            "a whole number from 1 to 64",
            "3",
            "`3`",
            "Worker processes that `jouren up` starts: one for what people wait for, the others for broadcasts",
        ),
        Setting(
            "JOUREN_BACKUP_DIR",
            "an absolute path of a folder",
            "/var/backups/jouren",
            "no backups by itself",
            "Where a worker writes a backup every day. A disk of another machine is best",
        ),
        Setting(
            "JOUREN_BACKUP_AT",
            "HH:MM",
            "03:30",
            "`03:30`",
            "When the day's backup is made, by the time of Japan",
        ),
        Setting(
            "JOUREN_BACKUP_KEEP_DAYS",
            "a whole number from 1 to 366",
            "7",
            "`7`",
            "Of so many days the last backup is kept",
        ),
        Setting(
            "JOUREN_BACKUP_KEEP_WEEKS",
            "a whole number from 0 to 366",
            "4",
            "`4`",
            "Of so many weeks the last backup is kept, besides those of the days",
        ),
    )
}


@dataclass(frozen=True)
class SmtpAddress:
    """Where mail is handed over. ``security`` is ``"none"``, ``"starttls"`` or ``"tls"``."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "none"


@dataclass(frozen=True)
class ImapAddress:
    """A mailbox's folder. ``security`` is ``"none"``, ``"starttls"`` or ``"tls"``."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: str = "tls"
    folder: str = "INBOX"


@dataclass(frozen=True)
class Backups:
    """Where and when backups are made by themselves, and of how many days and weeks one is kept."""

    folder: Path
    at: time
    days: int
    weeks: int


@dataclass(frozen=True)
class Config:
    """One installation's settings, checked. Its ``repr`` shows no secret."""

    home: Path
    database_url: str = field(repr=False)
    base_url: str
    secret_key: str = field(repr=False)
    email: SmtpAddress | None
    sandbox: bool
    debug: bool = False
    mail_from: str = "Jouren <noreply@localhost>"
    replies: ImapAddress | None = None
    web_processes: int = 1
    worker_processes: int = 3
    backups: Backups | None = None

    @property
    def uses_embedded_database(self) -> bool:
        """True when no ``DATABASE_URL`` names a server of the host's own."""
        return not self.database_url

    @property
    def mail_folder(self) -> Path:
        """Where the local mail sink keeps what it received."""
        return self.home / "mail"


def read_config(env: Mapping[str, str] = os.environ) -> Config:
    """Read and check all settings. Makes the data folder, and a secret key in it when none is set.

    Raises:
        ConfigError: a value cannot be used; the message names it, its form, and an example.
    """
    database_url = _database_url(_get(env, "DATABASE_URL"))
    base_url = _base_url(_get(env, "JOUREN_BASE_URL") or "http://127.0.0.1:8000")
    email = parse_email_url(_get(env, "JOUREN_EMAIL_URL"))
    replies = parse_replies_url(_get(env, "JOUREN_REPLIES_URL"))
    mail_from = _sender(_get(env, "JOUREN_MAIL_FROM"), base_url)
    sandbox, debug = _flag(env, "JOUREN_SANDBOX"), _flag(env, "JOUREN_DEBUG")
    web_processes = _count(env, "JOUREN_WEB_PROCESSES", min(os.cpu_count() or 1, 2))
    worker_processes = _count(env, "JOUREN_WORKER_PROCESSES", 3)
    backups = _backups(env)
    given_key = _secret(_get(env, "JOUREN_SECRET_KEY"))
    home = _home(_get(env, "JOUREN_HOME") or ".jouren")
    return Config(
        home=home,
        database_url=database_url,
        base_url=base_url,
        secret_key=given_key or _kept_secret(home),
        email=email,
        sandbox=sandbox,
        debug=debug,
        mail_from=mail_from,
        replies=replies,
        web_processes=web_processes,
        worker_processes=worker_processes,
        backups=backups,
    )


def unknown_settings(env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that begin as Jouren's do and are none of its: each with the setting it may stand for, or ""."""
    known = {*SETTINGS, *(f"{name}_FILE" for name in SETTINGS), *_OF_COMMANDS}
    unknown = sorted(name for name in env if name.startswith("JOUREN_") and name not in known)
    return {name: next(iter(get_close_matches(name, SETTINGS, 1)), "") for name in unknown}


def _refuse(name: str, why: str = "") -> NoReturn:
    """Name, form and example; never the value, which may hold a password."""
    setting = SETTINGS[name]
    reason = f" {why}" if why else ""
    raise ConfigError(f"{name} cannot be used.{reason}\nIt must be: {setting.form}\nFor example: {setting.example}")


def _get(env: Mapping[str, str], name: str) -> str:
    path = env.get(f"{name}_FILE", "")
    if not path:
        return env.get(name, "").strip()
    if env.get(name, "").strip():
        raise ConfigError(f"{name} and {name}_FILE are both set. Keep one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"{name}_FILE: {path!r} cannot be read ({reason}).\n"
            f"It must be: the path of a file that holds {name}\nFor example: /run/secrets/{name.lower()}"
        ) from None


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = _get(env, name)
    if value not in {"", "0", "1"}:
        _refuse(name)
    return value == "1"


def _count(env: Mapping[str, str], name: str, default: int, least: int = 1, most: int = 64) -> int:
    value = _get(env, name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 5 and least <= int(value) <= most):
        _refuse(name)
    return int(value)


def _backups(env: Mapping[str, str]) -> Backups | None:
    """The folder is not looked at here: that a disk of backups is away is no reason not to start."""
    folder, at = _get(env, "JOUREN_BACKUP_DIR"), _get(env, "JOUREN_BACKUP_AT") or "03:30"
    if not _TIME.match(at):
        _refuse("JOUREN_BACKUP_AT")
    days = _count(env, "JOUREN_BACKUP_KEEP_DAYS", 7, most=366)
    weeks = _count(env, "JOUREN_BACKUP_KEEP_WEEKS", 4, least=0, most=366)
    if folder and not Path(folder).is_absolute():
        _refuse("JOUREN_BACKUP_DIR")
    return Backups(Path(folder), time.fromisoformat(at), days, weeks) if folder else None


def _home(value: str) -> Path:
    home = Path(value).expanduser().resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _refuse("JOUREN_HOME", f"{home}: {error.strerror}.")
    if not os.access(home, os.W_OK | os.X_OK):
        _refuse("JOUREN_HOME", f"{home} may not be written.")
    return home


def _secret(value: str) -> str:
    if value and len(value) < _SHORTEST_SECRET:
        _refuse("JOUREN_SECRET_KEY", "It is too short.")
    return value


def _database_url(value: str) -> str:
    if not value:
        return value
    try:
        parts = urlsplit(value)
        named = parts.scheme in {"postgres", "postgresql"} and len(parts.path) > 1
        _ = parts.port
    except ValueError:
        named = False
    if not named:
        _refuse("DATABASE_URL")
    return value


def _base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        _refuse("JOUREN_BASE_URL")
    plain = not (parts.query or parts.fragment or parts.username or parts.path.strip("/"))
    if parts.scheme not in {"http", "https"} or not _HOST.match(host) or not plain:
        _refuse("JOUREN_BASE_URL")
    return f"{parts.scheme}://{parts.netloc}"


def parse_email_url(value: str) -> SmtpAddress | None:
    """Read ``smtp://user:pass@host:port``, ``smtp+tls://…`` (STARTTLS) or ``smtps://…`` (TLS from the start)."""
    if not value:
        return None
    server = _server(
        "JOUREN_EMAIL_URL", value, {"smtp": ("none", 25), "smtp+tls": ("starttls", 587), "smtps": ("tls", 465)}
    )
    if not server.is_plain or server.path:
        _refuse("JOUREN_EMAIL_URL")
    return SmtpAddress(server.host, server.port, server.user, server.password, server.security)


def parse_replies_url(value: str) -> ImapAddress | None:
    """Read ``imaps://user:pass@host:port/folder``, ``imap+tls://…`` (STARTTLS) or ``imap://…``; the folder is INBOX."""
    if not value:
        return None
    name = "JOUREN_REPLIES_URL"
    server = _server(name, value, {"imap": ("none", 143), "imap+tls": ("starttls", 143), "imaps": ("tls", 993)})
    if not server.is_plain:
        _refuse(name, "In user, password and folder, write @ : / ? # and % as %40 %3A %2F %3F %23 %25.")
    if not (server.user and server.password):
        _refuse(name, "It needs a user and a password.")
    # A line of the protocol ends at a line break: what follows it would be another command.
    if not (server.user + server.password + server.path).isprintable():
        _refuse(name, "It holds a character that cannot be written.")
    return ImapAddress(server.host, server.port, server.user, server.password, server.security, server.path or "INBOX")


class _Server(NamedTuple):
    """What a URL says of a server; ``is_plain`` where its host is one and nothing follows the path."""

    host: str
    port: int
    user: str
    password: str
    security: str
    path: str
    is_plain: bool


def _server(name: str, value: str, ways: Mapping[str, tuple[str, int]]) -> _Server:
    """Read a URL by its scheme's ``ways``: the security and the usual port. Refuses the setting where it cannot."""
    try:
        parts = urlsplit(value)
        security, usual_port = ways[parts.scheme]
        host, port = parts.hostname or "", parts.port or usual_port
    except (KeyError, ValueError):
        _refuse(name)
    user, password, path = (unquote(part or "") for part in (parts.username, parts.password, parts.path[1:]))
    is_plain = bool(_HOST.match(host)) and not (parts.query or parts.fragment)
    return _Server(host, port, user, password, security, path, is_plain)


def _sender(value: str, base_url: str) -> str:
    if not value:
        host = urlsplit(base_url).hostname or "localhost"
        domain = "localhost" if ":" in host or host.replace(".", "").isdigit() else host
        return str(Address("Jouren", "noreply", domain))
    name, address = parseaddr(value)
    if not _ADDRESS.match(address) or any(mark in value for mark in "\r\n,;"):
        _refuse("JOUREN_MAIL_FROM")
    return f"{name} <{address}>" if name else address


def _kept_secret(home: Path) -> str:
    path = home / "secret_key"
    try:
        key = path.read_text(encoding="ascii").strip()
        if not key:
            raise ConfigError(f"{path} is empty. Delete it to have a new key made, or restore it from a backup.")
        return key
    except FileNotFoundError:
        return _make_secret(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}). It holds the secret key.") from None


def _make_secret(path: Path) -> str:
    # Written whole under another name, then linked: two processes at once agree on one key, and none is half a key.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
