"""Settings from the environment, read once and checked at start.

Each setting may also come from a file: ``JOUREN_SECRET_KEY_FILE=/run/secrets/key``.
The table of all settings is in ``docs/settings.md``; a test keeps it equal to this module.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jouren.core.errors import ConfigError


@dataclass(frozen=True)
class SmtpAddress:
    """Where mail is handed over. ``security`` is ``"none"``, ``"starttls"`` or ``"tls"``."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = "none"


@dataclass(frozen=True)
class Config:
    """One installation's settings, checked."""

    home: Path
    database_url: str = field(repr=False)
    base_url: str
    secret_key: str = field(repr=False)
    email: SmtpAddress | None
    sandbox: bool
    debug: bool = False

    @property
    def uses_embedded_database(self) -> bool:
        """True when no ``DATABASE_URL`` names a server of the host's own."""
        return not self.database_url

    @property
    def mail_folder(self) -> Path:
        """Where the local mail sink keeps what it received."""
        return self.home / "mail"


def read_config(env: Mapping[str, str] = os.environ) -> Config:
    """Read and check all settings.

    Raises:
        ConfigError: a value cannot be used; the message names it, its form, and an example.
    """
    home = Path(_get(env, "JOUREN_HOME") or ".jouren").expanduser().resolve()
    return Config(
        home=home,
        database_url=_database_url(_get(env, "DATABASE_URL")),
        base_url=_base_url(_get(env, "JOUREN_BASE_URL") or "http://127.0.0.1:8000"),
        secret_key=_get(env, "JOUREN_SECRET_KEY") or _kept_secret(home),
        email=parse_email_url(_get(env, "JOUREN_EMAIL_URL")),
        sandbox=_flag(env, "JOUREN_SANDBOX"),
        debug=_flag(env, "JOUREN_DEBUG"),
    )


def _get(env: Mapping[str, str], name: str) -> str:
    path = env.get(f"{name}_FILE", "")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{name}_FILE: cannot read {path!r} ({error.strerror}).") from error
    return env.get(name, "").strip()


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = _get(env, name).lower()
    if value in {"", "0", "false", "no"}:
        return False
    if value in {"1", "true", "yes"}:
        return True
    raise ConfigError(f"{name} must be 1 or 0, for example {name}=1.")


def _database_url(value: str) -> str:
    if value and urlsplit(value).scheme not in {"postgres", "postgresql"}:
        raise ConfigError("DATABASE_URL must have the form postgresql://user:password@host:port/name.")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError("JOUREN_BASE_URL must have the form https://host, for example https://mail.example.jp.")
    return value.rstrip("/")


def parse_email_url(value: str) -> SmtpAddress | None:
    """Read ``smtp://user:pass@host:port``, ``smtp+tls://…`` (STARTTLS) or ``smtps://…`` (TLS from the start)."""
    if not value:
        return None
    schemes = {"smtp": ("none", 25), "smtp+tls": ("starttls", 587), "smtps": ("tls", 465)}
    try:
        parts = urlsplit(value)
        security, default_port = schemes[parts.scheme]
        host, port = parts.hostname, parts.port or default_port
        if not host or parts.path not in {"", "/"}:
            raise ValueError
    except (KeyError, ValueError):
        raise ConfigError(
            "JOUREN_EMAIL_URL must have the form smtp://user:password@host:port "
            "(smtp+tls:// for STARTTLS, smtps:// for TLS), for example smtp+tls://shop:secret@mail.example.jp:587."
        ) from None
    return SmtpAddress(host, port, unquote(parts.username or ""), unquote(parts.password or ""), security)


def _kept_secret(home: Path) -> str:
    path = home / "secret_key"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(48)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(key)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        return key
