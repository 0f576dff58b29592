"""What ``jouren doctor`` looks at. Every finding that is not well says how to mend it."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.db import DatabaseError, connection
from django.db.utils import InterfaceError
from django.utils.translation import gettext as _

from jouren.core import imap
from jouren.core.backup.runs import standing
from jouren.core.config import Config, unknown_settings
from jouren.core.health import pending_migrations
from jouren.core.holding import is_held
from jouren.core.mailbox import sink_listens
from jouren.core.relay import CONNECT_ERRORS, connect, describe, trouble_of
from jouren.core.worker import count_alive

_LEAST_FREE_BYTES = 2**30
_OLDEST_SERVER = 150_000
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``level`` is ``"ok"``, ``"warning"`` or ``"error"``; ``mend`` is empty when it is well."""

    level: str
    text: str
    mend: str = ""


def examine(config: Config) -> Iterator[Finding]:
    """Look at everything, one finding after the other; what builds on a broken thing is left out."""
    yield from _strangers()
    yield _data_folder(config)
    yield _disk(config)
    database = _database()
    yield database
    if database.level == "ok":
        yield _migrations()
        if not pending_migrations():
            yield _workers()
            yield from _hold()
            yield from _backups(config)
    yield from _mail(config)
    yield from _replies(config)
    yield from _exposure(config)


def _strangers() -> Iterator[Finding]:
    for name, meant in unknown_settings().items():
        mend = (
            _("Did you mean %(setting)s?") % {"setting": meant} if meant else _("All are listed in docs/settings.md.")
        )
        yield Finding("warning", _("%(name)s is set, but Jouren has no such setting.") % {"name": name}, mend)


def _data_folder(config: Config) -> Finding:
    probe = config.home / ".doctor"
    try:
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding(
            "error",
            _("The data folder %(home)s cannot be written: %(reason)s.")
            % {"home": config.home, "reason": error.strerror},
            _("Give this user the right to write there, or name another folder in JOUREN_HOME."),
        )
    return Finding("ok", _("The data folder is %(home)s.") % {"home": config.home})


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.home).free
    text = _("%(free)s GB are free on its disk.") % {"free": round(free / 2**30, 1)}
    if free >= _LEAST_FREE_BYTES:
        return Finding("ok", text)
    return Finding("warning", text, _("Make room: without space the database stops."))


def _database() -> Finding:
    try:
        connection.ensure_connection()
    except (DatabaseError, InterfaceError) as error:
        return Finding(
            "error",
            _("The database cannot be reached: %(reason)s") % {"reason": _first_line(error)},
            _("Start Jouren with 'jouren up'; or, with DATABASE_URL, see that the server runs and the URL is right."),
        )
    version = connection.cursor().connection.info.server_version
    if version < _OLDEST_SERVER:
        return Finding(
            "error",
            _("PostgreSQL %(version)s is too old.") % {"version": version // 10_000},
            _("Use PostgreSQL 15 or later, or unset DATABASE_URL for the embedded one."),
        )
    return Finding("ok", _("PostgreSQL %(version)s answers.") % {"version": version // 10_000})


def _migrations() -> Finding:
    pending = pending_migrations()
    if pending:
        return Finding(
            "error",
            _("The database lacks %(count)s migrations.") % {"count": len(pending)},
            _("Run: jouren migrate"),
        )
    return Finding("ok", _("All migrations are applied."))


def _workers() -> Finding:
    alive = count_alive()
    if not alive:
        return Finding(
            "error",
            _("No worker runs: nothing is sent, no journey moves."),
            _("Run: jouren up (or jouren worker)"),
        )
    return Finding("ok", _("%(count)s worker processes run.") % {"count": alive})


def _hold() -> Iterator[Finding]:
    if is_held():
        yield Finding(
            "warning",
            _("This installation was restored: all sends are held."),
            _("Release them on the first screen, or by: jouren release-sends"),
        )


def _backups(config: Config) -> Iterator[Finding]:
    how = standing(config.backups)
    if not how.is_set:
        if not config.sandbox:
            yield Finding(
                "warning",
                _("No backups are made by themselves."),
                _("Name a folder in JOUREN_BACKUP_DIR: see docs/how-to/backups.md."),
            )
        return
    if how.trouble:
        yield Finding(
            "error",
            _("The last backup was not made: %(reason)s") % {"reason": how.trouble},
            _("Mend that, and make one under Settings, Backups."),
        )
    if how.last is None or how.last.ended_at is None:
        if not how.trouble:
            yield Finding("warning", _("No backup was made yet."), _("Run: jouren up (or jouren worker)"))
        return
    hours = (datetime.now(UTC) - how.last.ended_at) // timedelta(hours=1)
    text = _("The last backup, %(file)s, is %(hours)s hours old.") % {"file": how.last.file, "hours": hours}
    if how.is_late:
        yield Finding("error", text, _("Run a worker where the folder JOUREN_BACKUP_DIR is."))
    else:
        yield Finding("ok", text)


def _mail(config: Config) -> Iterator[Finding]:
    address = config.email
    if address is None:
        if sink_listens(config):
            yield Finding("ok", _("Mail stays in the local sink: JOUREN_EMAIL_URL is not set."))
        else:
            yield Finding("error", _("The local mail sink does not run."), _("Run: jouren up (or jouren worker)"))
        return
    place = {"host": address.host, "port": address.port}
    try:
        with connect(address, urlsplit(config.base_url).hostname or "localhost", 10) as relay:
            relay.noop()
    except CONNECT_ERRORS as error:
        trouble = trouble_of(error, address)
        why, mend = describe(trouble.kind)
        yield Finding(
            "error",
            _("The mail relay %(host)s:%(port)s cannot be used: %(reason)s")
            % {**place, "reason": f"{why} ({trouble.detail})"},
            mend,
        )
    else:
        yield Finding("ok", _("The mail relay %(host)s:%(port)s answers.") % place)
    if address.password and address.security == "none" and address.host not in _HERE:
        yield Finding(
            "warning",
            _("The password for %(host)s travels unencrypted.") % place,
            _("Use smtp+tls:// or smtps:// in JOUREN_EMAIL_URL."),
        )


def _replies(config: Config) -> Iterator[Finding]:
    address = config.replies
    if address is None:
        return
    place = {"host": address.host, "port": address.port, "folder": address.folder}
    try:
        with imap.open_folder(address, 10):
            pass
    except imap.IMAP_ERRORS as error:
        trouble = imap.trouble_of(error, address)
        why, mend = imap.describe(trouble.kind)
        yield Finding(
            "error",
            _("Replies cannot be read from %(host)s:%(port)s: %(reason)s")
            % {**place, "reason": f"{why} ({trouble.detail})"},
            mend,
        )
    else:
        yield Finding("ok", _("Replies are read from the folder %(folder)s of %(host)s:%(port)s.") % place)
    if address.security == "none" and address.host not in _HERE:
        yield Finding(
            "warning",
            _("The password for %(host)s travels unencrypted.") % place,
            _("Use imaps:// or imap+tls:// in JOUREN_REPLIES_URL."),
        )


def _exposure(config: Config) -> Iterator[Finding]:
    parts = urlsplit(config.base_url)
    local = parts.hostname in _HERE
    if parts.scheme == "https":
        yield Finding("ok", _("Links start with %(url)s.") % {"url": config.base_url})
    elif local:
        yield Finding(
            "ok" if config.sandbox else "warning",
            _("Links start with %(url)s: only this machine can follow them.") % {"url": config.base_url},
            "" if config.sandbox else _("For a real shop, set JOUREN_BASE_URL to its https address."),
        )
    else:
        yield Finding(
            "warning",
            _("%(url)s is not https.") % {"url": config.base_url},
            _("Set JOUREN_BASE_URL to an https address: mail services ask for it in one-click unsubscribe."),
        )
    if config.debug and not local:
        yield Finding("error", _("JOUREN_DEBUG shows visitors the inside of the shop."), _("Unset JOUREN_DEBUG."))
    if config.sandbox and config.email is not None:
        yield Finding(
            "warning",
            _("This sandbox sends real mail."),
            _("Unset JOUREN_SANDBOX for a real shop, or JOUREN_EMAIL_URL for a sandbox."),
        )
    key = config.home / "secret_key"
    if key.exists() and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("warning", _("Others may read %(path)s.") % {"path": key}, f"chmod 600 {key}")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
